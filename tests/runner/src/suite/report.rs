//! The table of a run.

use std::fmt::Write as _;

use super::run::Ran;

/// Results of a run, file by file.
#[derive(Debug)]
pub struct Report {
    language: String,
    files: Vec<(String, Vec<Ran>)>,
}

impl Report {
    /// An empty report for a language.
    pub fn new(language: &str) -> Self {
        Self { language: language.to_owned(), files: Vec::new() }
    }

    /// Adds the results of one file.
    pub fn add(&mut self, file: &str, ran: Vec<Ran>) {
        if !ran.is_empty() {
            self.files.push((file.to_owned(), ran));
        }
    }

    /// Number of cases that failed.
    pub fn failed(&self) -> usize {
        self.all().filter(|ran| ran.failure.is_some()).count()
    }

    /// Number of cases that ran.
    pub fn total(&self) -> usize {
        self.all().count()
    }

    fn all(&self) -> impl Iterator<Item = &Ran> {
        self.files.iter().flat_map(|(_, ran)| ran)
    }

    /// A table of files (of cases too, if `each`), the failures in full, and the closing line.
    pub fn text(&self, each: bool) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{:<46} {:>6} {:>7} {:>7} {:>8}", "file", "cases", "passed", "failed", "seconds");
        for (file, ran) in &self.files {
            let failed = ran.iter().filter(|ran| ran.failure.is_some()).count();
            let slowest = ran.iter().map(|ran| ran.took.as_secs_f64()).fold(0.0, f64::max);
            let passed = ran.len() - failed;
            let _ = writeln!(out, "{file:<46} {:>6} {passed:>7} {failed:>7} {slowest:>8.1}", ran.len());
            for ran in ran.iter().filter(|_| each) {
                let word = if ran.failure.is_some() { "FAILED" } else { "ok" };
                let _ = writeln!(out, "  {word:<6} {:>6.2} s  {}", ran.took.as_secs_f64(), ran.name);
            }
        }
        for (file, ran) in &self.files {
            for ran in ran {
                if let Some(failure) = &ran.failure {
                    let failure = failure.to_string().replace('\n', "\n    ");
                    let _ = writeln!(out, "\nFAILED {file}: {}\n    {failure}", ran.name);
                }
            }
        }
        let (total, failed) = (self.total(), self.failed());
        let passed = total - failed;
        let _ =
            write!(out, "\nconformance {}: {total} cases, {passed} passed, {failed} failed, 0 skipped", self.language);
        out
    }
}
