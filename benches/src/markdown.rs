//! The tables as Markdown.

use std::fmt::Write as _;

use crate::machine::Machine;
use crate::report::{Digits, Kind, Outcome, Report, Row};

/// What stands where there is nothing to say.
const NONE: &str = "–";

pub(crate) fn page(report: &Report) -> String {
    let mut page = String::from("# Threadbare and its peers\n\n");
    head(&mut page, report)
        .and_then(|()| table(&mut page, report))
        .and_then(|()| details(&mut page, report))
        .unwrap_or_else(|error| unreachable!("a string takes everything: {error}"));
    page
}

fn head(page: &mut String, report: &Report) -> std::fmt::Result {
    let machine = &report.machine;
    let Machine { cpu, cores, kernel, rustc, allocator, .. } = machine;
    writeln!(page, "{cpu}, {cores} cores, {kernel}; {rustc}; {allocator}.  ")?;
    if !machine.peers.is_empty() {
        writeln!(page, "Peers: {}.  ", machine.peers.join(", "))?;
    }
    writeln!(page, "Made by `{}`.\n", report.command)?;
    if let Some(remark) = &report.remark {
        writeln!(page, "**{remark}**\n")?;
    }
    writeln!(
        page,
        "For one operation: the median of all samples. Ratios are ours to theirs, in the same run: below 1 is ahead. \
         Goals are for a quiet machine with two cores.\n"
    )
}

fn table(page: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(page, "| work | ours | allocations | best peer | ours / peer | floor | ours / floor | goal |")?;
    writeln!(page, "|---|--:|--:|---|--:|---|--:|---|")?;
    for row in &report.rows {
        let Some(ours) = row.ours() else { continue };
        let named = |kind| match row.best(kind) {
            Some(best) => format!("{}, {}", best.who, row.unit.show(best.median())),
            None => NONE.to_owned(),
        };
        writeln!(
            page,
            "| {} | **{}** | {} | {} | {} | {} | {} | {} |",
            row.title,
            row.unit.show(ours.median()),
            Digits(ours.allocations),
            named(Kind::Peer),
            ratio(row, Kind::Peer),
            named(Kind::Floor),
            ratio(row, Kind::Floor),
            goal(row),
        )?;
    }
    writeln!(page)
}

pub(crate) fn ratio(row: &Row, kind: Kind) -> String {
    row.ratio(kind).map_or_else(|| NONE.to_owned(), |ratio| format!("{}", Digits(ratio)))
}

pub(crate) fn goal(row: &Row) -> String {
    match (row.goal_text(), row.reached()) {
        (text, _) if text.is_empty() => NONE.to_owned(),
        (text, None) => text,
        (text, Some(true)) => format!("{text}: reached"),
        (text, Some(false)) => format!("{text}: missed"),
    }
}

fn details(page: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(page, "## Every contender\n")?;
    writeln!(
        page,
        "Sorted by the median. What is in brackets does something else, and is not compared with. Allocations are those of \
         all threads, for one operation.\n"
    )?;
    for row in &report.rows {
        writeln!(page, "### {} (`{}`)\n", row.title, row.name)?;
        writeln!(page, "| who | median | quartiles | samples | allocations | what it does differently |")?;
        writeln!(page, "|---|--:|--:|--:|--:|---|")?;
        let mut outcomes: Vec<&Outcome> = row.outcomes.iter().collect();
        outcomes.sort_by(|one, other| one.median().total_cmp(&other.median()));
        for outcome in outcomes {
            let who = match outcome.kind {
                Kind::Ours => format!("**{}**", outcome.who),
                Kind::Peer => outcome.who.clone(),
                Kind::Aside => format!("[{}]", outcome.who),
                Kind::Floor => format!("*floor: {}*", outcome.who),
            };
            let [low, median, high] = outcome.quartiles.map(|figure| row.unit.show(figure));
            let (samples, allocations) = (outcome.samples, Digits(outcome.allocations));
            writeln!(page, "| {who} | {median} | {low} … {high} | {samples} | {allocations} | {} |", outcome.note)?;
        }
        writeln!(page)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::report::{Goal, Machine, Unit};

    use super::*;

    #[test]
    fn a_row_shows_ours_the_best_peer_and_the_floor() {
        let outcome =
            |who: &str, kind, figure: f64| Outcome::new(who.to_owned(), kind, String::new(), vec![figure], 1.0);
        let row = Row {
            name: "work",
            title: "some work".to_owned(),
            unit: Unit::Nanos,
            goal: Goal { at_most: Some(25.0), ..Goal::default() },
            outcomes: vec![
                outcome("threadbare", Kind::Ours, 20.0),
                outcome("slow", Kind::Peer, 80.0),
                outcome("fast", Kind::Peer, 40.0),
                outcome("other", Kind::Aside, 1.0),
                outcome("heap", Kind::Floor, 5.0),
            ],
        };
        let report = Report { machine: Machine::this(), command: "make".to_owned(), remark: None, rows: vec![row] };
        let page = report.markdown();
        let expected =
            "| some work | **20.0 ns** | 1.00 | fast, 40.0 ns | 0.50 | heap, 5.00 ns | 4.00 | ≤ 25.0 ns: reached |";
        assert!(page.contains(expected), "{page}");
        let places = ["[other]", "*floor: heap*", "**threadbare**", "| fast |", "| slow |"].map(|who| page.rfind(who));
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "sorted by the median: {places:?}\n{page}");
    }
}
