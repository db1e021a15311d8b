//! Weakens orderings, one at a time, and asks the models.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use crate::mutant::{Mutant, mutants};
use crate::report::{Fate, Report};

/// Which models look at a file, the likeliest first: by the beginning of its path. The others are asked after those, unless
/// it has to be quick.
const COVERED: &[(&str, &[&str])] = &[
    ("core/src/task/state.rs", &["settle", "adopt", "awaiting", "combine", "deadlock"]),
    ("core/src/task/waiting.rs", &["awaiting"]),
    ("core/src/task/", &["combine", "adopt", "settle"]),
    ("core/src/inbox.rs", &["inbox", "main_thread", "pool"]),
    ("core/src/main_thread/", &["main_thread"]),
    ("core/src/time/", &["timers"]),
    ("backends/threads/src/clock.rs", &["std_clock"]),
    ("backends/threads/src/deque.rs", &["deque"]),
    ("backends/threads/src/sleep.rs", &["sleep", "pool", "stateful", "guests"]),
    ("backends/threads/src/", &["pool", "stateful", "guests"]),
    ("backends/single-thread/src/", &["single_thread", "timers"]),
];

/// What else is no source of the project's: the facades' own stand-ins for loom.
const STAND_INS: &[&str] = &["core/src/sync/", "backends/single-thread/src/sync.rs"];

/// Long enough for a model that hangs to be told from one that is slow.
const LIMIT: &str = "600";

#[derive(Debug, Default)]
pub(crate) struct Options {
    paths: Vec<String>,
    list: bool,
    changed: bool,
    quick: bool,
    out: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--list" => options.list = true,
                "--changed" => options.changed = true,
                "--quick" => options.quick = true,
                "--out" => options.out = Some(arguments.next().ok_or("--out needs a file")?.into()),
                flag if flag.starts_with('-') => return Err(format!("no such option: {flag}\n{}", crate::USAGE)),
                path => options.paths.push(path.trim_start_matches("./").to_string()),
            }
        }
        Ok(options)
    }
}

/// `true` if every ordering is needed, or says why nobody can tell.
pub(crate) fn weaken(options: Options) -> Result<bool, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("this crate stands in the workspace's root")?;
    let mutants = collect(root, &options)?;
    if options.list {
        for mutant in &mutants {
            let reason = mutant.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
            println!("{}:{}: {} -> {}{reason}", mutant.file, mutant.line, mutant.from, mutant.to);
        }
        return Ok(true);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let bench = Bench::set_up(root, &target.join("weaken")).map_err(|error| format!("copying the tree: {error}"))?;
    let models = bench.models().map_err(|error| format!("listing the models: {error}"))?;
    let asked = |mutant: &Mutant| order(mutant, &models, options.quick);
    for model in &models {
        if mutants.iter().any(|mutant| asked(mutant).contains(model)) && bench.run(model)? != Fate::Survived {
            return Err(format!("the models of {model} fail as they are: then nothing can be said of mutants"));
        }
    }
    let mut report = Report::default();
    let all = mutants.len();
    for (index, mutant) in mutants.into_iter().enumerate() {
        let fate = bench.judge(&mutant, &asked(&mutant))?;
        println!("[{}/{all}] {}:{} {} -> {}: {fate:?}", index + 1, mutant.file, mutant.line, mutant.from, mutant.to);
        report.add(mutant, fate);
    }
    if let Some(out) = options.out {
        fs::write(&out, report.markdown()).map_err(|error| format!("{}: {error}", out.display()))?;
    }
    println!("{}", report.summary());
    Ok(report.unexplained() == 0)
}

/// Which models a mutant is shown to, in which order.
fn order(mutant: &Mutant, models: &[String], quick: bool) -> Vec<String> {
    let likely = COVERED.iter().find(|(path, _)| mutant.file.starts_with(path)).map_or(&[][..], |(_, models)| models);
    let mut order: Vec<String> = likely.iter().map(ToString::to_string).filter(|name| models.contains(name)).collect();
    if order.is_empty() || !quick {
        order.extend(models.iter().filter(|name| !likely.contains(&name.as_str())).cloned());
    }
    order
}

fn collect(root: &Path, options: &Options) -> Result<Vec<Mutant>, String> {
    let mut files = Vec::new();
    for folder in ["core/src", "backends"] {
        sources(root, Path::new(folder), &mut files).map_err(|error| format!("{folder}: {error}"))?;
    }
    files.sort();
    files.retain(|file| file.contains("/src/") && !STAND_INS.iter().any(|stand_in| file.starts_with(stand_in)));
    if options.changed {
        let changed = changed(root)?;
        files.retain(|file| changed.contains(file));
    }
    if let Some(path) = options.paths.iter().find(|path| !files.iter().any(|file| file.starts_with(*path))) {
        return Err(format!("{path}: no source of the core or a backend is there"));
    }
    if !options.paths.is_empty() {
        files.retain(|file| options.paths.iter().any(|path| file.starts_with(path)));
    }
    let mut found = Vec::new();
    for file in files {
        let text = fs::read_to_string(root.join(&file)).map_err(|error| format!("{file}: {error}"))?;
        found.extend(mutants(&file, &text));
    }
    Ok(found)
}

fn sources(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            sources(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}

/// The files of the last commit, and those that are not committed.
fn changed(root: &Path) -> Result<Vec<String>, String> {
    let said = Command::new("git").current_dir(root).args(["diff", "--name-only", "HEAD~1"]).output();
    let said = said.map_err(|error| format!("git: {error}"))?;
    if !said.status.success() {
        return Err(format!("git: {}", String::from_utf8_lossy(&said.stderr)));
    }
    Ok(String::from_utf8_lossy(&said.stdout).lines().map(String::from).collect())
}

/// A copy of the tree, to be changed and built.
struct Bench {
    root: PathBuf,
    tree: PathBuf,
    target: PathBuf,
}

impl Bench {
    fn set_up(root: &Path, place: &Path) -> io::Result<Self> {
        let tree = place.join("tree");
        if tree.exists() {
            fs::remove_dir_all(&tree)?;
        }
        fs::create_dir_all(&tree)?;
        for part in ["Cargo.toml", "Cargo.lock", "README.md", "core", "backends", "loom-tests"] {
            copy(&root.join(part), &tree.join(part))?;
        }
        // The other members are not needed, and would have to be there.
        let manifest = fs::read_to_string(tree.join("Cargo.toml"))?;
        let members: Vec<_> = manifest
            .lines()
            .map(|line| match line.starts_with("members") {
                true => r#"members = ["core", "backends/*", "loom-tests"]"#,
                false => line,
            })
            .collect();
        fs::write(tree.join("Cargo.toml"), members.join("\n"))?;
        Ok(Self { root: root.to_path_buf(), tree, target: place.join("target") })
    }

    /// The files of models, by name.
    fn models(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.tree.join("loom-tests/tests"))? {
            let path = entry?.path();
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
        // What is counted, and what checks loom itself, has nothing to say about orderings.
        names.retain(|name| !["canary", "budget", "completeness"].contains(&name.as_str()));
        names.sort();
        Ok(names)
    }

    /// Asks the models until one fails.
    fn judge(&self, mutant: &Mutant, models: &[String]) -> Result<Fate, String> {
        let place = self.tree.join(&mutant.file);
        let original = fs::read_to_string(self.root.join(&mutant.file)).map_err(|error| error.to_string())?;
        fs::write(&place, mutant.apply(&original)).map_err(|error| error.to_string())?;
        let fate = self.ask(models);
        fs::write(&place, original).map_err(|error| error.to_string())?;
        fate
    }

    fn ask(&self, models: &[String]) -> Result<Fate, String> {
        for model in models {
            let fate = self.run(model)?;
            if fate != Fate::Survived {
                return Ok(fate);
            }
        }
        Ok(Fate::Survived)
    }

    /// Builds and runs the models of one file.
    fn run(&self, model: &str) -> Result<Fate, String> {
        let cargo = |arguments: &[&str]| {
            let mut command = Command::new("timeout");
            command.arg(LIMIT).arg("cargo").args(["test", "--package", "loom-tests", "--profile", "loom", "--quiet"]);
            command.args(["--config", "build.rustflags=['--cfg=loom']", "--test", model]).args(arguments);
            command.current_dir(&self.tree).env("CARGO_TARGET_DIR", &self.target);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().map_err(|error| format!("timeout cargo: {error}"))
        };
        if !cargo(&["--no-run"])?.success() {
            return Ok(Fate::Unbuildable);
        }
        let passed = cargo(&["--", "--test-threads=2"])?.success();
        Ok(if passed { Fate::Survived } else { Fate::Killed(model.to_string()) })
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name() != "target" {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}
