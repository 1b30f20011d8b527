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

#[cfg(test)]
mod listed;

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

#[cfg(test)]
mod tests {
    /// What the official Python package offers above single operations.
    const OFFICIAL: &[&str] = &[
        "beta.agents.environments.files.prepare",
        "beta.agents.environments.files.prepare_directory",
        "beta.agents.environments.files.upload",
        "beta.agents.sessions.artifacts.for_result",
        "beta.agents.sessions.stream",
        "beta.realtime.connect",
        "beta.responses.connect",
        "beta.threads.create_and_run_poll",
        "beta.threads.create_and_run_stream",
        "beta.threads.runs.create_and_poll",
        "beta.threads.runs.create_and_stream",
        "beta.threads.runs.poll",
        "beta.threads.runs.stream",
        "beta.threads.runs.submit_tool_outputs_and_poll",
        "beta.threads.runs.submit_tool_outputs_stream",
        "chat.completions.parse",
        "chat.completions.stream",
        "files.wait_for_processing",
        "live.connect",
        "live.forks.connect",
        "live.sideband.connect",
        "realtime.connect",
        "realtime.translations.connect",
        "responses.connect",
        "responses.parse",
        "responses.stream",
        "uploads.upload_file_chunked",
        "vector_stores.file_batches.create_and_poll",
        "vector_stores.file_batches.poll",
        "vector_stores.file_batches.upload_and_poll",
        "vector_stores.files.create_and_poll",
        "vector_stores.files.poll",
        "vector_stores.files.upload",
        "vector_stores.files.upload_and_poll",
        "videos.create_and_poll",
        "videos.poll",
        "webhooks.unwrap",
        "webhooks.verify_signature",
    ];

    #[test]
    fn every_helper_of_the_official_package_is_reached_by_its_name() {
        let missing: Vec<_> = OFFICIAL.iter().filter(|id| super::find(id).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
