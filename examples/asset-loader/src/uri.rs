//! What a glTF refers to: a file beside it, or data written into the reference itself.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use threadbare::{Error, Result};

/// Exporters disagree on whether to pad.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Where the bytes of a reference are.
#[derive(Debug, PartialEq, Eq)]
pub enum Reference {
    /// In a file.
    File(PathBuf),
    /// In the reference: here they are.
    Data(Vec<u8>),
}

/// Follows `uri`, as written in a file of `folder`.
///
/// # Errors
///
/// A `data:` URI that cannot be decoded, an absolute path, and anything to be fetched from elsewhere (`https:` and its
/// kin).
pub fn resolve(folder: &Path, uri: &str) -> Result<Reference> {
    match scheme(uri) {
        Some(scheme) if scheme.eq_ignore_ascii_case("data") => data(&uri[scheme.len() + 1..]).map(Reference::Data),
        Some(scheme) => Err(Error::msg(format!("references by {scheme}: are not followed"))),
        None => {
            let path = percent_decode_str(uri).decode_utf8()?;
            let path = Path::new(&*path);
            if path.as_os_str().is_empty() {
                return Err(Error::msg("an empty reference"));
            }
            if path.is_absolute() || path.has_root() {
                return Err(Error::msg(format!("{} is not relative to the model", path.display())));
            }
            Ok(Reference::File(folder.join(path)))
        }
    }
}

/// The scheme of `uri`. A single letter is none: that is a drive.
fn scheme(uri: &str) -> Option<&str> {
    let (scheme, _) = uri.split_once(':')?;
    let valid = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    valid.then_some(scheme)
}

/// The bytes behind `data:`.
fn data(rest: &str) -> Result<Vec<u8>> {
    let (header, body) = rest.split_once(',').ok_or_else(|| Error::msg("a data: reference without data"))?;
    let encoded = header.rsplit(';').next().is_some_and(|last| last.eq_ignore_ascii_case("base64"));
    if encoded { Ok(BASE64.decode(body)?) } else { Ok(percent_decode_str(body).collect()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(uri: &str) -> PathBuf {
        match resolve(Path::new("models"), uri).unwrap() {
            Reference::File(path) => path,
            Reference::Data(_) => panic!("{uri} is a file"),
        }
    }

    fn bytes(uri: &str) -> Vec<u8> {
        match resolve(Path::new("models"), uri).unwrap() {
            Reference::Data(bytes) => bytes,
            Reference::File(_) => panic!("{uri} is data"),
        }
    }

    #[test]
    fn files_are_relative_to_the_folder_and_percent_decoded() {
        assert_eq!(file("wood.png"), Path::new("models").join("wood.png"));
        assert_eq!(file("../shared/wood%20grain.png"), Path::new("models").join("../shared/wood grain.png"));
        assert_eq!(file("100%.png"), Path::new("models").join("100%.png"));
    }

    #[test]
    fn data_is_decoded_in_each_of_its_spellings() {
        assert_eq!(bytes("data:application/octet-stream;base64,AAEC/w=="), [0, 1, 2, 255]);
        assert_eq!(bytes("data:;base64,AAEC/w"), [0, 1, 2, 255]);
        assert_eq!(bytes("DATA:text/plain,a%20b"), b"a b");
    }

    #[test]
    fn what_cannot_be_followed_is_an_error() {
        for uri in [
            "https://example.org/wood.png",
            "file:///wood.png",
            "/wood.png",
            "",
            "data:;base64",
            "data:;base64,*",
            "%ff",
        ] {
            assert!(resolve(Path::new("models"), uri).is_err(), "{uri} must not resolve");
        }
    }
}
