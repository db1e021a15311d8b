//! The command line.

use std::path::PathBuf;

use lexopt::prelude::*;

/// What is asked for on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whose pictures to serve, instead of samples.
    pub folder: Option<PathBuf>,
    /// Where to listen; 0 is any port that is free.
    pub port: u16,
    /// A sample to serve with other colours than it should have.
    pub spoil: Option<String>,
}

impl Options {
    /// What `--help` prints.
    pub const HELP: &str = "\
Builds the page, and serves it with pictures on this machine.

Usage: web-server [OPTIONS] [FOLDER]

  FOLDER          serve the PNG files in there, instead of samples
  --port PORT     listen there, instead of on 8080; 0 is any port that is free
  --spoil SAMPLE  serve it with other colours: the page's check must notice
";

    /// The options of this process; `None` if it is asked for help.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub fn from_arguments() -> Result<Option<Self>, lexopt::Error> {
        Self::parse(lexopt::Parser::from_env())
    }

    fn parse(mut parser: lexopt::Parser) -> Result<Option<Self>, lexopt::Error> {
        let mut options = Self { folder: None, port: 8080, spoil: None };
        while let Some(argument) = parser.next()? {
            match argument {
                Long("help") | Short('h') => return Ok(None),
                Long("port") => options.port = parser.value()?.parse()?,
                Long("spoil") => options.spoil = Some(parser.value()?.string()?),
                Value(folder) if options.folder.is_none() => options.folder = Some(folder.into()),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_their_absence() {
        let parse = |arguments: &[&str]| Options::parse(lexopt::Parser::from_args(arguments));
        assert_eq!(parse(&[]).unwrap(), Some(Options { folder: None, port: 8080, spoil: None }));
        let options = parse(&["--port", "0", "pictures", "--spoil", "tiles.png"]).unwrap().unwrap();
        assert_eq!((options.port, options.spoil.as_deref()), (0, Some("tiles.png")));
        assert_eq!(options.folder, Some(PathBuf::from("pictures")));
        assert_eq!(parse(&["-h"]).unwrap(), None);
        for wrong in [&["--port", "seventy"][..], &["--colour"], &["one", "two"]] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
