//! The table as a picture: each row with the figures, and where everybody stands on one logarithmic scale.
//!
//! Rectangles and text, written by hand: a plotting crate would bring a renderer and fonts, and has no tables. Colours come
//! from a style sheet with a dark half, and the picture brings its own background, so it can be read on either.

use std::fmt::Write as _;

use crate::report::{Digits, Kind, Outcome, Report, Row};

const WIDTH: f64 = 1200.0;
const HEAD: f64 = 112.0;
const ROW: f64 = 44.0;
const FOOT: f64 = 62.0;

/// Where columns end, or begin if they are on the left.
const TITLE: f64 = 24.0;
const OURS: f64 = 496.0;
const ALLOCATIONS: f64 = 566.0;
const PEER: f64 = 716.0;
const PEER_RATIO: f64 = 776.0;
const FLOOR_RATIO: f64 = 866.0;
const PLOT: (f64, f64) = (896.0, 1176.0);

const STYLE: &str = "
    .page { fill: #ffffff } .band { fill: #f4f5f7 } .grid { stroke: #d4d7dd } .same { stroke: #8a909c }
    text { fill: #1c2024; font: 13px system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; font-variant-numeric: tabular-nums }
    .end { text-anchor: end } .mid { text-anchor: middle } .title { font-size: 19px; font-weight: 600 }
    .small { font-size: 10.5px; fill: #5b6270 } .strong { font-weight: 600 }
    .ahead { fill: #1a7f37; font-weight: 600 } .behind { fill: #b42318; font-weight: 600 }
    .ours { fill: #1f6feb } .peer { fill: #8a5a00; fill-opacity: 0.75 }
    .aside { fill: none; stroke: #8a909c } .floor { stroke: #5b6270; stroke-width: 2.5 }
    @media (prefers-color-scheme: dark) {
        .page { fill: #16181d } .band { fill: #1e2128 } .grid { stroke: #343a46 } .same { stroke: #7d8594 }
        text { fill: #e8eaee } .small { fill: #a2a9b6 } .ahead { fill: #5fd07f } .behind { fill: #ff8d83 }
        .ours { fill: #6cabff } .peer { fill: #e0ac4b } .aside { stroke: #7d8594 } .floor { stroke: #a2a9b6 }
    }
";

pub(crate) fn picture(report: &Report) -> String {
    let rows: Vec<&Row> = report.rows.iter().filter(|row| row.ours().is_some()).collect();
    let height = HEAD + ROW * rows.len() as f64 + FOOT;
    let mut svg = Svg(String::new());
    svg.line(format_args!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Threadbare and its peers">"#
    ));
    svg.line(format_args!("<style>{STYLE}</style>"));
    svg.line(format_args!(r#"<rect class="page" width="{WIDTH}" height="{height}"/>"#));
    let scale = Scale::over(&rows);
    head(&mut svg, report, &scale, HEAD + ROW * rows.len() as f64);
    for (index, row) in rows.iter().enumerate() {
        draw_row(&mut svg, row, &scale, index);
    }
    foot(&mut svg, report, height);
    svg.line(format_args!("</svg>"));
    svg.0
}

/// The picture so far.
struct Svg(String);

impl Svg {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").unwrap_or_else(|error| unreachable!("a string takes everything: {error}"));
    }

    fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        self.line(format_args!(r#"<text class="{class}" x="{x:.1}" y="{y:.1}">{}</text>"#, escaped(text)));
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// From a factor of ours to a place: decades, so that all rows fit.
struct Scale {
    decades: (f64, f64),
}

impl Scale {
    fn over(rows: &[&Row]) -> Self {
        let decades = rows.iter().flat_map(|row| factors(row)).map(|(_, factor)| factor.log10());
        let (low, high) = decades.fold((-0.5_f64, 0.5_f64), |(low, high), decade| (low.min(decade), high.max(decade)));
        Self { decades: (low - 0.15, high + 0.15) }
    }

    fn place(&self, factor: f64) -> f64 {
        let (low, high) = self.decades;
        PLOT.0 + (PLOT.1 - PLOT.0) * (factor.log10() - low) / (high - low)
    }

    fn whole_decades(&self) -> impl Iterator<Item = i32> {
        self.decades.0.ceil() as i32..=self.decades.1.floor() as i32
    }
}

/// Everybody as a factor of ours: above 1 they take longer.
fn factors(row: &Row) -> impl Iterator<Item = (&Outcome, f64)> {
    let ours = row.ours().map_or(f64::NAN, Outcome::median);
    let factors = row.outcomes.iter().map(move |outcome| (outcome, outcome.median() / ours));
    factors.filter(|(_, factor)| factor.is_finite() && *factor > 0.0)
}

fn head(svg: &mut Svg, report: &Report, scale: &Scale, bottom: f64) {
    let machine = &report.machine;
    svg.text(TITLE, 34.0, "title", "Threadbare and its peers");
    let place = format!("{}, {} cores, {}; {}", machine.cpu, machine.cores, machine.kernel, machine.rustc);
    svg.text(TITLE, 54.0, "small", &place);
    svg.text(TITLE, 69.0, "small", &format!("{}   {}", report.command, report.remark.as_deref().unwrap_or_default()));
    let y = HEAD - 14.0;
    svg.text(TITLE, y, "strong", "work");
    let columns = [
        (OURS, "ours"),
        (ALLOCATIONS, "allocs"),
        (PEER, "best peer"),
        (PEER_RATIO, "ratio"),
        (FLOOR_RATIO, "to floor"),
    ];
    for (x, name) in columns {
        svg.text(x, y, "strong end", name);
    }
    svg.text((PLOT.0 + PLOT.1) / 2.0, y - 22.0, "small mid", "what others take, as a multiple of ours");
    for decade in scale.whole_decades() {
        let x = scale.place(10.0_f64.powi(decade));
        let name = match decade {
            0 => "1".to_owned(),
            1.. => 10_u64.pow(decade.unsigned_abs()).to_string(),
            _ => format!("1/{}", 10_u64.pow(decade.unsigned_abs())),
        };
        svg.text(x, y, "small mid", &name);
        let class = if decade == 0 { "same" } else { "grid" };
        svg.line(format_args!(r#"<line class="{class}" x1="{x:.1}" x2="{x:.1}" y1="{}" y2="{bottom}"/>"#, HEAD - 8.0));
    }
}

fn draw_row(svg: &mut Svg, row: &Row, scale: &Scale, index: usize) {
    let Some(ours) = row.ours() else { return };
    let top = HEAD + ROW * index as f64;
    let (first, second) = (top + 18.0, top + 34.0);
    if index.is_multiple_of(2) {
        // Under the grid's lines, which are drawn already: so it ends before the plot.
        svg.line(format_args!(r#"<rect class="band" x="12" y="{top}" width="{:.1}" height="{ROW}"/>"#, PLOT.0 - 24.0));
    }
    svg.text(TITLE, first, "", &row.title);
    let goal = crate::markdown::goal(row);
    svg.text(
        TITLE,
        second,
        "small",
        &if row.reached().is_some() { format!("goal {goal}") } else { "no goal".to_owned() },
    );
    svg.text(OURS, first, "strong end", &row.unit.show(ours.median()));
    let [low, _, high] = ours.quartiles.map(|figure| row.unit.show(figure));
    svg.text(OURS, second, "small end", &format!("{low} … {high}"));
    svg.text(ALLOCATIONS, first, "end", &format!("{}", Digits(ours.allocations)));
    if let Some(peer) = row.best(Kind::Peer) {
        svg.text(PEER, first, "end", &row.unit.show(peer.median()));
        svg.text(PEER, second, "small end", &peer.who);
    }
    if let Some(ratio) = row.ratio(Kind::Peer) {
        let (class, word) = if ratio < 1.0 { ("ahead", "ahead") } else { ("behind", "behind") };
        // What rounds to the same is the same.
        let (class, word) = if (ratio - 1.0).abs() < 0.005 { ("strong", "even") } else { (class, word) };
        svg.text(PEER_RATIO, first, &format!("{class} end"), &format!("{}", Digits(ratio)));
        svg.text(PEER_RATIO, second, "small end", word);
    }
    if let Some(floor) = row.best(Kind::Floor) {
        svg.text(FLOOR_RATIO, first, "end", &crate::markdown::ratio(row, Kind::Floor));
        svg.text(FLOOR_RATIO, second, "small end", &floor.who);
    }
    draw_marks(svg, row, scale, top + ROW / 2.0);
}

fn draw_marks(svg: &mut Svg, row: &Row, scale: &Scale, y: f64) {
    // Ours on top of the others.
    let order = [Kind::Floor, Kind::Aside, Kind::Peer, Kind::Ours];
    for kind in order {
        for (outcome, factor) in factors(row).filter(|(outcome, _)| outcome.kind == kind) {
            let x = scale.place(factor);
            let shape = match kind {
                Kind::Floor => {
                    format!(r#"line class="floor" x1="{x:.1}" x2="{x:.1}" y1="{:.1}" y2="{:.1}""#, y - 9.0, y + 9.0)
                }
                Kind::Aside => format!(r#"circle class="aside" cx="{x:.1}" cy="{y:.1}" r="3.5""#),
                Kind::Peer => format!(r#"circle class="peer" cx="{x:.1}" cy="{y:.1}" r="4.5""#),
                Kind::Ours => {
                    format!(r#"rect class="ours" x="{:.1}" y="{:.1}" width="9" height="9""#, x - 4.5, y - 4.5)
                }
            };
            let name = shape.split(' ').next().unwrap_or_default();
            let said = format!("{}: {}", outcome.who, row.unit.show(outcome.median()));
            svg.line(format_args!("<{shape}><title>{}</title></{name}>", escaped(&said)));
        }
    }
}

fn foot(svg: &mut Svg, report: &Report, height: f64) {
    let y = height - 34.0;
    let marks = [("ours", "ours"), ("peer", "a peer"), ("aside", "does something else"), ("floor", "floor")];
    for (index, (class, name)) in marks.into_iter().enumerate() {
        let x = TITLE + 160.0 * index as f64;
        let middle = y - 4.0;
        let shape = match class {
            "ours" => format!(r#"<rect class="ours" x="{x}" y="{}" width="9" height="9"/>"#, middle - 4.5),
            "floor" => {
                let x = x + 4.5;
                format!(r#"<line class="floor" x1="{x}" x2="{x}" y1="{}" y2="{}"/>"#, middle - 8.0, middle + 8.0)
            }
            _ => format!(r#"<circle class="{class}" cx="{}" cy="{middle}" r="4.5"/>"#, x + 4.5),
        };
        svg.line(format_args!("{shape}"));
        svg.text(x + 16.0, y, "small", name);
    }
    let peers = report.machine.peers.join(", ");
    svg.text(
        TITLE,
        height - 14.0,
        "small",
        &if peers.is_empty() { "Without peers".to_owned() } else { format!("Peers: {peers}") },
    );
}
