//! Helpers by their official names: what the packages offer above single operations.
//!
//! One file a subject. A helper is a [`Row`] as the generated ones are, written by hand; where it has the name of an
//! operation too, the helper is found first.

mod agents;
mod parse;
mod polling;
mod realtime;
mod responses_ws;
mod streams;
mod tools;
mod uploads;
mod webhooks;

use crate::driver::Row;

static SUBJECTS: &[&[Row]] =
    &[agents::ROWS, polling::ROWS, realtime::ROWS, responses_ws::ROWS, streams::ROWS, uploads::ROWS, webhooks::ROWS];

/// Subjects whose rows are those of operations with a few arguments more.
static BUILT: &[fn() -> &'static [Row]] = &[parse::rows, tools::rows];

/// The helper of this official name.
pub(crate) fn find(id: &str) -> Option<&'static Row> {
    let built = BUILT.iter().flat_map(|rows| rows());
    SUBJECTS.iter().flat_map(|rows| rows.iter()).chain(built).find(|row| row.id == id)
}
