//! What is printed at the end.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use indicatif::HumanBytes;

use crate::frames::FrameSummary;
use crate::ledger::{Failure, Kind, Tally};
use crate::paths::plain;

/// The widest that a table becomes, in characters: long reasons are wrapped.
const WIDTH: u16 = 120;

/// The figures of a run.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was loaded.
    pub folder: PathBuf,
    /// How many workers there were, besides the main thread.
    pub threads: usize,
    /// By kind of asset.
    pub kinds: BTreeMap<Kind, Tally>,
    /// What went wrong.
    pub failures: Vec<Failure>,
    /// From asking for the first asset to finishing the last.
    pub wall: Duration,
    /// The same on one thread.
    pub one_thread: Duration,
    /// Did both make the same scene?
    pub same_scene: bool,
    /// What the frames cost.
    pub frames: FrameSummary,
    /// What is in the scene.
    pub scene: SceneSummary,
    /// The picture with a tile for every texture, and how many it shows; `None` without textures.
    pub sheet: Option<(PathBuf, usize)>,
    /// The trace, and how many slices of time are in it.
    pub trace: (PathBuf, usize),
}

/// The figures of a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SceneSummary {
    /// Textures, placeholders included.
    pub textures: usize,
    /// Of all textures with their mip levels.
    pub bytes: usize,
    /// Models, placeholders included.
    pub models: usize,
    /// Of all models.
    pub vertices: usize,
    /// Of all models.
    pub triangles: usize,
}

impl Report {
    /// How many times as fast as one thread. `None` where there is no time to divide by.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (!self.wall.is_zero()).then(|| self.one_thread.as_secs_f64() / self.wall.as_secs_f64())
    }

    fn assets(&self) -> Table {
        let mut table = table(&["Kind", "Asked for", "Loaded", "Placeholders", "Read"]);
        let mut sum = Tally::default();
        for (kind, tally) in &self.kinds {
            table.add_row(row(&kind.to_string(), tally));
            sum.asked += tally.asked;
            sum.loads += tally.loads;
            sum.placeholders += tally.placeholders;
            sum.bytes += tally.bytes;
        }
        table.add_row(row("all", &sum));
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    fn failure_table(&self) -> Table {
        let mut table = table(&["Asset", "Kind", "Reason"]);
        for failure in &self.failures {
            let kind = failure.kind.map_or_else(|| "–".to_owned(), |kind| kind.to_string());
            table.add_row([&failure.name, &kind, &failure.reason]);
        }
        table
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = format!("{} and the main thread", many(self.threads, "worker"));
        writeln!(f, "{}, on {threads}\n", plain(&self.folder.display().to_string()))?;
        writeln!(f, "Assets\n{}\n", self.assets())?;
        match self.failures.len() {
            0 => writeln!(f, "Failures: none\n")?,
            count => writeln!(f, "Failures: {count}\n{}\n", self.failure_table())?,
        }

        let scene = &self.scene;
        writeln!(
            f,
            "Scene    {} ({} with their mip levels), {} ({} vertices, {} triangles)",
            many(scene.textures, "texture"),
            HumanBytes(scene.bytes as u64),
            many(scene.models, "model"),
            scene.vertices,
            scene.triangles,
        )?;
        writeln!(f, "Time     {}, on {threads}", length(self.wall))?;
        let ratio = self.ratio().map_or_else(|| "too short to compare".into(), |r| format!("{r:.2} times as long"));
        writeln!(f, "         {} for the same work on one thread: {ratio}", length(self.one_thread))?;
        writeln!(
            f,
            "         (all files were read once before; the one thread came second, so it had the warmer memory)"
        )?;
        writeln!(f, "         the same scene both times: {}", if self.same_scene { "yes" } else { "NO" })?;

        let frames = &self.frames;
        let counted = many(frames.count, "frame");
        writeln!(f, "Frames   {counted} with work, {} beyond the budget of {}", frames.over, length(frames.budget))?;
        let [p50, p99, worst] = [frames.p50, frames.p99, frames.worst].map(length);
        writeln!(f, "         p50 {p50}, p99 {p99}, worst {worst}")?;
        match &self.sheet {
            Some((path, tiles)) => {
                writeln!(f, "Wrote    {} ({})", plain(&path.display().to_string()), many(*tiles, "texture"))?;
            }
            None => writeln!(f, "Wrote    no contact sheet, for want of textures")?,
        }
        writeln!(f, "         {} ({} slices)", plain(&self.trace.0.display().to_string()), self.trace.1)
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(header);
    table
}

fn row(name: &str, tally: &Tally) -> [String; 5] {
    let Tally { asked, loads, placeholders, bytes, .. } = tally;
    [name.to_owned(), asked.to_string(), loads.to_string(), placeholders.to_string(), HumanBytes(*bytes).to_string()]
}

fn many(count: usize, of: &str) -> String {
    format!("{count} {of}{}", if count == 1 { "" } else { "s" })
}

fn length(time: Duration) -> String {
    match time.as_secs_f64() * 1000.0 {
        millis if millis < 1.0 => format!("{:.0} µs", millis * 1000.0),
        millis if millis < 10.0 => format!("{millis:.2} ms"),
        millis => format!("{millis:.1} ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let png = Tally { asked: 5, loads: 3, settled: 3, placeholders: 1, bytes: 2048 };
        let gltf = Tally { asked: 1, loads: 1, settled: 1, placeholders: 0, bytes: 1024 };
        let reason = "unexpected end of file".to_owned();
        Report {
            folder: "assets".into(),
            threads: 2,
            kinds: BTreeMap::from([(Kind::Png, png), (Kind::Gltf, gltf)]),
            failures: vec![Failure { name: "broken.png".into(), kind: Some(Kind::Png), reason }],
            wall: Duration::from_millis(20),
            one_thread: Duration::from_millis(35),
            same_scene: true,
            frames: FrameSummary {
                budget: Duration::from_millis(4),
                count: 12,
                over: 1,
                p50: Duration::from_micros(150),
                p99: Duration::from_micros(4100),
                worst: Duration::from_micros(4200),
            },
            scene: SceneSummary { textures: 3, bytes: 4096, models: 1, vertices: 24, triangles: 12 },
            sheet: Some(("out/contact-sheet.png".into(), 3)),
            trace: ("out/trace.json".into(), 40),
        }
    }

    /// The cells of the line that begins with `first`.
    fn cells(text: &str, first: &str) -> Vec<String> {
        let cells = |line: &str| -> Vec<String> {
            line.split(['│', '┆']).map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
        };
        text.lines().map(cells).find(|cells| cells.first().is_some_and(|cell| cell == first)).unwrap()
    }

    #[test]
    fn every_figure_is_printed() {
        let text = report().to_string();
        assert_eq!(cells(&text, "PNG"), ["PNG", "5", "3", "1", "2.00 KiB"]);
        assert_eq!(cells(&text, "glTF"), ["glTF", "1", "1", "0", "1.00 KiB"]);
        assert_eq!(cells(&text, "all"), ["all", "6", "4", "1", "3.00 KiB"]);
        assert_eq!(cells(&text, "broken.png"), ["broken.png", "PNG", "unexpected end of file"]);
        for line in [
            "Failures: 1",
            "Time     20.0 ms, on 2 workers and the main thread",
            "35.0 ms for the same work on one thread: 1.75 times as long",
            "the same scene both times: yes",
            "12 frames with work, 1 beyond the budget of 4.00 ms",
            "p50 150 µs, p99 4.10 ms, worst 4.20 ms",
            "3 textures (4.00 KiB with their mip levels), 1 model (24 vertices, 12 triangles)",
            "out/contact-sheet.png (3 textures)",
            "out/trace.json (40 slices)",
        ] {
            assert!(text.contains(line), "{line:?} is not in\n{text}");
        }
    }

    #[test]
    fn what_is_not_there_is_said_to_be_missing() {
        let report = Report { failures: Vec::new(), sheet: None, same_scene: false, wall: Duration::ZERO, ..report() };
        let text = report.to_string();
        for line in ["Failures: none", "no contact sheet", "both times: NO", "too short to compare"] {
            assert!(text.contains(line), "{line:?} is not in\n{text}");
        }
    }

    #[test]
    fn a_name_cannot_write_to_the_terminal() {
        let text = Report { folder: "a\u{1b}[31m".into(), ..report() }.to_string();
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
