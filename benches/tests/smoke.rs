//! Every workload once, in a tiny size. The workloads check their results themselves: sums over all that came back, the value
//! of fib, how much was dispatched.

use benches::harness::{self, Plan};
use benches::report::{Kind, Machine, Report, Row};
use benches::workloads;

/// What can be stated whatever the machine does, of ours in each row.
fn check(row: &Row) {
    for outcome in &row.outcomes {
        let median = outcome.median();
        assert!(median.is_finite() && median > 0.0, "{}: {outcome:?}", row.name);
        assert_eq!(outcome.samples, 1, "{}: {outcome:?}", row.name);
    }
    let mut names: Vec<&str> = row.outcomes.iter().map(|outcome| outcome.who.as_str()).collect();
    names.sort_unstable();
    assert!(names.is_sorted_by(|one, next| one < next), "{}: a name twice in {names:?}", row.name);
    if row.name == "floors" {
        return;
    }
    let ours = row.ours().unwrap_or_else(|| panic!("{} has none of ours", row.name));
    if cfg!(feature = "peers") {
        assert!(row.best(Kind::Peer).is_some(), "{} has no peer", row.name);
    }
    // Tiny rounds show a single allocation that a round of the full size would not; so only what is exact.
    let exact = match row.name {
        "continuation" => 1.01,
        "oneshot" | "size" | "main-queue" => 1.0,
        "main-idle" => 0.0,
        _ => return,
    };
    assert!((ours.allocations - exact).abs() < 1e-9, "{}: {} allocations", row.name, ours.allocations);
}

/// One test, since allocations are counted for the whole process.
#[test]
fn every_workload_runs_and_its_results_are_right() {
    let plan = Plan::tiny();
    let all = workloads::ALL.iter().map(|(_, make)| make(plan.scale)).collect();
    let rows = harness::run(all, &plan, |next| eprintln!("{next}"));
    assert!(rows.iter().map(|row| row.name).eq(workloads::ALL.iter().map(|(name, _)| *name)));
    rows.iter().for_each(check);
    let report = Report { machine: Machine::this(), command: "none".to_owned(), remark: None, rows };
    let (page, picture) = (report.markdown(), report.svg());
    for row in &report.rows {
        assert!(page.contains(&row.title), "{} is missing in the table", row.name);
        for outcome in &row.outcomes {
            assert!(page.contains(&outcome.who), "{} is missing in the table", outcome.who);
        }
        if row.ours().is_some() {
            assert!(picture.contains(&row.title), "{} is missing in the picture", row.name);
        }
    }
    assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
}
