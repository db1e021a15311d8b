//! What came of the mutants.

use crate::mutant::Mutant;

/// What the models made of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The models of this file fail.
    Killed(String),
    /// It does not build.
    Unbuildable,
    /// No model fails.
    Survived,
}

/// What came of the mutants, in their order.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<(Mutant, Fate)>);

impl Report {
    pub(crate) fn add(&mut self, mutant: Mutant, fate: Fate) {
        self.0.push((mutant, fate));
    }

    /// Those that no model tells, and no comment explains.
    pub(crate) fn unexplained(&self) -> usize {
        self.0.iter().filter(|(mutant, fate)| !matches!(fate, Fate::Killed(_)) && mutant.reason.is_none()).count()
    }

    /// One line, for the terminal.
    pub(crate) fn summary(&self) -> String {
        let killed = self.0.iter().filter(|(_, fate)| matches!(fate, Fate::Killed(_))).count();
        let unexplained = self.unexplained();
        let explained = self.0.len() - killed - unexplained;
        format!("{} weakened: {killed} killed, {explained} survived with a reason, {unexplained} without", self.0.len())
    }

    /// The table.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from("| ordering | weakened to | what told |\n|---|---|---|\n");
        for (mutant, fate) in &self.0 {
            let to = if mutant.to.is_empty() { "nothing" } else { &mutant.to };
            let told = match (fate, &mutant.reason) {
                (Fate::Killed(models), _) => format!("`{models}`"),
                (Fate::Unbuildable, _) => "**it does not build**".to_string(),
                (Fate::Survived, Some(reason)) => reason.clone(),
                (Fate::Survived, None) => "**nothing**".to_string(),
            };
            text += &format!("| `{}:{}` {} | {to} | {told} |\n", mutant.file, mutant.line, mutant.from);
        }
        text + &format!("\n{}.\n", self.summary())
    }
}
