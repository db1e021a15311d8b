//! What the types forbid: the programs in `ui/` that must not compile do not, and their twins do.
//!
//! A program that must not compile says what the compiler has to say about it, in comments at its head:
//! `//~ ERROR: phrase`. Its twins, `<name>_ok.rs` and perhaps `<name>_ok_too.rs`, differ from it in a line or two, and
//! compile. So the failure is about the point, and not about a name that has changed since.

#![cfg(not(any(loom, miri)))]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The programs by name, with their text.
fn programs() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let entries = fs::read_dir(folder).expect("the programs are there");
    entries
        .map(|entry| {
            let path = entry.expect("the folder can be read").path();
            let name = path.file_stem().and_then(|stem| stem.to_str()).expect("names are ASCII");
            (name.to_owned(), fs::read_to_string(&path).expect("programs are text"))
        })
        .collect()
}

/// The program that this one is a twin of, if it is one.
fn twin_of(name: &str) -> Option<&str> {
    name.strip_suffix("_ok").or_else(|| name.strip_suffix("_ok_too"))
}

/// What the compiler has to say about the program.
fn phrases(text: &str) -> Vec<&str> {
    text.lines().map_while(|line| line.strip_prefix("//~ ERROR: ")).collect()
}

/// What one run of cargo says about each program: whether it compiles, and all messages.
struct Verdicts(String);

impl Verdicts {
    fn get() -> Self {
        // Its own folder, and not that of the cargo which runs this test and may hold the lock of it.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile-fail");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into());
        let output = Command::new(cargo)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(["check", "--offline", "--bins", "--features", "compile-fail", "--keep-going"])
            .args(["--message-format", "json", "--target-dir"])
            .arg(target)
            .output()
            .expect("cargo can be run");
        let verdicts = String::from_utf8(output.stdout).expect("cargo speaks UTF-8");
        let rest = String::from_utf8_lossy(&output.stderr);
        assert!(verdicts.contains(r#""reason":"build-finished""#), "cargo did not get to the programs:\n{rest}");
        Self(verdicts)
    }

    /// What is said about this program, a line of JSON for each message.
    fn of(&self, name: &str) -> impl Iterator<Item = &str> {
        let target = format!(r#""name":"{name}","src_path""#);
        self.0.lines().filter(move |line| line.contains(&target))
    }

    fn compiles(&self, name: &str) -> bool {
        self.of(name).any(|line| line.starts_with(r#"{"reason":"compiler-artifact""#))
    }

    fn errors(&self, name: &str) -> Vec<&str> {
        self.of(name).filter(|line| line.contains(r#""level":"error""#)).collect()
    }
}

/// The errors as the compiler would print them.
fn rendered(errors: &[&str]) -> String {
    let texts = errors.iter().filter_map(|line| line.split_once(r#""rendered":""#)?.1.split(r#"",""#).next());
    texts.map(|text| text.replace(r"\n", "\n").replace(r#"\""#, "\"")).collect()
}

#[test]
fn what_must_not_compile_does_not_and_its_twins_do() {
    let verdicts = Verdicts::get();
    let mut wrong = Vec::new();
    for (name, text) in programs() {
        let errors = verdicts.errors(&name);
        match (twin_of(&name), verdicts.compiles(&name)) {
            (Some(_), true) => {}
            (Some(_), false) => {
                wrong.push(format!("{name} must compile; is it in Cargo.toml?\n{}", rendered(&errors)));
            }
            (None, true) => wrong.push(format!("{name} must not compile")),
            (None, false) => {
                let is_said = |phrase: &str| errors.iter().any(|line| line.contains(phrase));
                let missing = phrases(&text).into_iter().filter(|phrase| !is_said(phrase));
                wrong.extend(missing.map(|phrase| format!("{name} must fail with `{phrase}`:\n{}", rendered(&errors))));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn each_program_that_must_not_compile_differs_from_its_twins_in_a_line_or_two() {
    let programs = programs();
    let mut pairs = 0;
    for (name, twin) in &programs {
        let Some(bad) = twin_of(name) else {
            let text = phrases(twin);
            assert!(programs.contains_key(&format!("{name}_ok")), "{name} has no twin");
            assert!(!text.is_empty(), "{name} does not say how it must fail");
            // The phrases are looked for in JSON, where these two look different.
            assert!(text.iter().all(|phrase| !phrase.contains(['"', '\\'])), "{name} has a phrase that is never found");
            continue;
        };
        let bad = programs.get(bad).unwrap_or_else(|| panic!("{name} is the twin of nothing"));
        let bad = bad.lines().skip(phrases(bad).len());
        assert_eq!(bad.clone().count(), twin.lines().count(), "{name} has as many lines as its twin");
        let differing = bad.zip(twin.lines()).filter(|(bad, good)| bad != good).count();
        assert!((1..=2).contains(&differing), "{name} differs from its twin in {differing} lines");
        pairs += 1;
    }
    assert!(pairs > 0, "there are programs");
}
