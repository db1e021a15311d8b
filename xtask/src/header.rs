//! The C header of the embedder's crate, made of its sources.

use std::path::PathBuf;

/// What to do about the header.
#[derive(Debug)]
pub(crate) struct Options {
    check: bool,
}

impl Options {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self { check: false };
        for argument in arguments {
            match argument.as_str() {
                "--check" => options.check = true,
                other => return Err(format!("unknown argument: {other}")),
            }
        }
        Ok(options)
    }
}

/// Writes the header, or says whether the one that is there is what would be written.
pub(crate) fn header(options: Options) -> Result<bool, String> {
    // Where cargo runs this from, and not where it was built: checkouts may share a target folder.
    let own = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("run this by `cargo xtask`")?;
    let folder = PathBuf::from(own).join("../backends/embedder");
    let path = folder.join("include/threadbare.h");
    let config = cbindgen::Config::from_file(folder.join("cbindgen.toml"))?;
    let bindings = cbindgen::Builder::new()
        .with_crate(&folder)
        .with_config(config)
        .generate()
        .map_err(|error| format!("the header cannot be made: {error}"))?;
    let mut made = Vec::new();
    bindings.write(&mut made);
    let made = String::from_utf8(made).map_err(|error| error.to_string())?;

    if !options.check {
        std::fs::write(&path, made).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("wrote {}", path.display());
        return Ok(true);
    }
    let found = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if found == made {
        return Ok(true);
    }
    println!("include/threadbare.h is not what `cargo xtask header` makes of the sources:");
    print_difference(&found, &made);
    Ok(false)
}

/// Prints the lines in which two texts differ, without those that they begin and end with alike.
fn print_difference(found: &str, made: &str) {
    let (found, made): (Vec<_>, Vec<_>) = (found.lines().collect(), made.lines().collect());
    let start = found.iter().zip(&made).take_while(|(found, made)| found == made).count();
    let rest = found[start..].iter().rev().zip(made[start..].iter().rev());
    let end = rest.take_while(|(found, made)| found == made).count();
    println!("@@ line {} @@", start + 1);
    found[start..found.len() - end].iter().for_each(|line| println!("-{line}"));
    made[start..made.len() - end].iter().for_each(|line| println!("+{line}"));
}
