//! The conformance suite: reads cases, runs them against mock servers through a driver, compares, reports.

mod answer;
pub mod case;
mod certificates;
mod compare;
mod drive;
mod expand;
mod files;
mod report;
mod run;
mod sent;
mod wire;

pub use drive::Drive;
pub use report::Report;
pub use run::{Ran, run};

/// Why a case failed: what differs and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Path to the first difference, such as `expect.events[3].data.status`.
    pub path: String,
    /// What the case asks for.
    pub expected: String,
    /// What came.
    pub got: String,
}

impl Difference {
    pub(crate) fn new(path: impl Into<String>, expected: impl ToString, got: impl ToString) -> Self {
        Self { path: path.into(), expected: expected.to_string(), got: got.to_string() }
    }
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { path, expected, got } = self;
        write!(f, "at       {path}\nexpected {}\ngot      {}", short(expected), short(got))
    }
}

/// The text, cut where it is too long to read.
pub(crate) fn short(text: &str) -> String {
    const LIMIT: usize = 2000;
    match text.char_indices().nth(LIMIT) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
    }
}
