//! What the migration page's tables promise is in the programs below them, and those are compiled and run as doctests of
//! `threadbare-threads`.

const PAGE: &str = include_str!("../../../docs/migrating.md");

/// A table with its rows, and the programs in Rust up to the next such table.
struct Part<'a> {
    title: &'a str,
    rows: Vec<&'a str>,
    programs: Vec<String>,
}

/// The tables with exactly the columns "there" and "here".
fn parts() -> Vec<Part<'static>> {
    let mut parts = Vec::new();
    let (mut title, mut fence, mut in_names) = ("", None, false);
    for line in PAGE.lines() {
        match (fence, line.strip_prefix("```")) {
            (None, Some(language)) => {
                fence = Some(language);
                if let (Some(Part { programs, .. }), "rust") = (parts.last_mut(), language) {
                    programs.push(String::new());
                }
            }
            (Some(_), Some(_)) => fence = None,
            (Some("rust"), None) => {
                if let Some(program) = parts.last_mut().and_then(|Part { programs, .. }| programs.last_mut()) {
                    program.push_str(line.trim());
                    program.push('\n');
                }
            }
            (Some(_), None) => {}
            (None, None) if line.starts_with('#') => (title, in_names) = (line, false),
            (None, None) if line == "| there | here |" => {
                in_names = true;
                parts.push(Part { title, rows: Vec::new(), programs: Vec::new() });
            }
            (None, None) if in_names && line.starts_with('|') => {
                if let Some(part) = parts.last_mut() {
                    part.rows.push(line);
                }
            }
            (None, None) => in_names = false,
        }
    }
    parts
}

/// The columns of a row. A bar inside of code is written `\|`.
fn columns(row: &str) -> Vec<String> {
    let hidden = row.replace("\\|", "\u{0}");
    hidden.trim_matches('|').split('|').map(|column| column.replace('\u{0}', "|")).collect()
}

/// What stands between backticks.
fn code(column: &str) -> impl Iterator<Item = &str> {
    column.split('`').skip(1).step_by(2)
}

/// Does `text` have the pieces between the `…`s of `pattern`, one after the other?
fn occurs(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    pattern.split('…').all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

#[test]
fn what_the_tables_name_is_in_the_programs_below_them() {
    let parts = parts();
    assert_eq!(parts.len(), 6, "a table of names was lost, or its header is spelt in another way");
    let mut missing = Vec::new();
    for part in &parts {
        assert!(part.rows.len() > 2, "{} has no rows", part.title);
        for row in &part.rows[1..] {
            let columns = columns(row);
            assert_eq!(columns.len(), 2, "{}: {row}", part.title);
            let absent =
                code(&columns[1]).filter(|pattern| !part.programs.iter().any(|program| occurs(pattern, program)));
            missing.extend(absent.map(|pattern| format!("{}: {pattern}", part.title)));
        }
    }
    assert!(missing.is_empty(), "in a table but in no program below it:\n{}", missing.join("\n"));
}

#[test]
fn a_pattern_is_found_in_order_only() {
    assert!(occurs("run(&here, …)", "let a = run(&here, || 1);"));
    assert!(!occurs("run(&here, …)", "let a = run(&there, || 1);"));
    assert!(!occurs("b…a", "a b"));
    assert_eq!(columns("| `a \\| b` | `c` |"), [" `a | b` ", " `c` "]);
    assert_eq!(code("`a` or `b`").collect::<Vec<_>>(), ["a", "b"]);
}
