//! Orderings in a source file, and what each can be weakened to.

use std::ops::Range;

/// One ordering, weakened by one step.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    /// The file, from the workspace's root.
    pub(crate) file: String,
    pub(crate) line: usize,
    /// Where the ordering's name stands in the file, or the line of the fence that is to go.
    place: Range<usize>,
    pub(crate) from: String,
    /// What stands there instead: nothing, if it is a fence that is to go.
    pub(crate) to: String,
    /// What the comment says of models that cannot tell, if it does.
    pub(crate) reason: Option<String>,
}

const TOKEN: &str = "Ordering::";

/// By which words a comment says that no model fails when the ordering is weakened.
const EXCUSE: &str = "No model";

/// One step down. An ordering that only fences may have can only go altogether.
fn weaker(name: &str) -> &'static [&'static str] {
    match name {
        "SeqCst" => &["AcqRel"],
        "AcqRel" => &["Acquire", "Release"],
        "Acquire" | "Release" => &["Relaxed"],
        _ => &[],
    }
}

impl Mutant {
    /// The text of its file, with it.
    pub(crate) fn apply(&self, text: &str) -> String {
        let mut changed = text.to_string();
        changed.replace_range(self.place.clone(), &self.to);
        changed
    }
}

/// All mutants of a file, in order.
pub(crate) fn mutants(file: &str, text: &str) -> Vec<Mutant> {
    let mut found = Vec::new();
    let mut start = 0;
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for (index, line) in lines.iter().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (at, _) in code.match_indices(TOKEN) {
            let name_at = at + TOKEN.len();
            let name: String = code[name_at..].chars().take_while(char::is_ascii_alphanumeric).collect();
            let is_fence = code[..at].trim_end().ends_with("fence(");
            for to in weaker(&name) {
                let (place, to) = match (is_fence, *to) {
                    // There is no such fence: without it is one step weaker.
                    (true, "Relaxed") => (start..start + line.len(), ""),
                    (_, to) => (start + name_at..start + name_at + name.len(), to),
                };
                found.push(Mutant {
                    file: file.to_string(),
                    line: index + 1,
                    place,
                    from: if is_fence { format!("fence {name}") } else { name.clone() },
                    to: to.to_string(),
                    reason: reason(&lines[..index]),
                });
            }
        }
        start += line.len();
    }
    found
}

/// What the comment above says of models that cannot tell.
fn reason(above: &[&str]) -> Option<String> {
    let comment: Vec<&str> = above
        .iter()
        .rev()
        .skip_while(|line| !line.trim_start().starts_with("//"))
        .take_while(|line| line.trim_start().starts_with("//"))
        .map(|line| line.trim_start().trim_start_matches('/').trim())
        .collect();
    let comment: Vec<&str> = comment.into_iter().rev().collect();
    let comment = comment.join(" ");
    let at = comment.find(EXCUSE)?;
    Some(comment[at..].to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
// ORDERING: Release publishes; Acquire takes.
word.swap(1, Ordering::AcqRel);
word.load(Ordering::Relaxed); // not Ordering::SeqCst
// ORDERING: SeqCst. No model is small enough.
fence(Ordering::SeqCst);
fence(Ordering::Acquire);
match word.compare_exchange(a, b, Ordering::Acquire, Ordering::Relaxed) {}
";

    #[test]
    fn each_ordering_goes_one_step_down() {
        let found = mutants("a.rs", SOURCE);
        let steps: Vec<_> = found.iter().map(|m| (m.line, m.from.as_str(), m.to.as_str())).collect();
        let expected = [
            (2, "AcqRel", "Acquire"),
            (2, "AcqRel", "Release"),
            (5, "fence SeqCst", "AcqRel"),
            (6, "fence Acquire", ""),
            (7, "Acquire", "Relaxed"),
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn a_mutant_changes_its_ordering_and_nothing_else() {
        let found = mutants("a.rs", SOURCE);
        assert_eq!(found[1].apply(SOURCE), SOURCE.replacen("AcqRel", "Release", 1));
        assert_eq!(found[3].apply(SOURCE), SOURCE.replace("fence(Ordering::Acquire);\n", ""));
    }

    #[test]
    fn a_comment_may_say_that_no_model_can_tell() {
        let found = mutants("a.rs", SOURCE);
        assert_eq!(found[0].reason, None);
        assert_eq!(found[2].reason.as_deref(), Some("No model is small enough."));
    }
}
