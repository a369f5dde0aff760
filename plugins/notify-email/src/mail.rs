//! A notice as a mail of plain text.

use portcullis_sdk::delivery::{one_line, shortened};
use portcullis_sdk::notice::Approval;
use portcullis_sdk::{Notice, Occasion};

/// Characters of a subject: what is beyond is not shown by anybody.
const SUBJECT: usize = 120;

/// Characters of a command, and of a fact beside it.
const COMMAND: usize = 8000;
const FACT: usize = 1000;

/// A mail, whoever sends it.
pub struct Mail<'a> {
    pub from: &'a str,
    pub to: &'a [String],
    pub subject: String,
    pub text: String,
    /// The notice's id: the same for every attempt.
    pub notice: &'a str,
}

/// One line.
pub fn subject(approval: &Approval, notice: &Notice) -> String {
    one_line(&format!("[Portcullis] {}", approval.headline(notice.occasion)), SUBJECT)
}

/// The command, the facts beside it, and where to answer. The gateway's own link stands last and alone, where none of the
/// agent's words can be taken for it.
pub fn text(approval: &Approval, notice: &Notice) -> String {
    let (what, ask) = match notice.occasion {
        Occasion::Requested => ("wants to run", "Answer it at"),
        _ => ("wanted to run", "See it at"),
    };
    let command = shortened(&approval.command, COMMAND).lines().map(|line| format!("    {}\n", one_line(line, COMMAND))).collect::<String>();
    let facts: String = approval.facts().iter().map(|(name, value)| format!("{name}: {}\n", one_line(value, FACT))).collect();
    format!("{}\n\n{} {what}\n\n{command}\n{facts}\n{ask}\n{}\n", one_line(&approval.headline(notice.occasion), FACT), one_line(&approval.who(), FACT), notice.url)
}
