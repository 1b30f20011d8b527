//! Hosted agents: turns of sessions, files for environments, artifacts of turns.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;
use threadline::Json;
use threadline::agents::{AgentSessionStream, AgentTurn, PreparedAgentFiles};
use threadline::json::{Encode, encode};
use tokio::sync::watch;

use crate::cancel::CancelHandle;
use crate::client::Client;
use crate::error::CallError;
use crate::files::Upload;
use crate::functions::tools;
use crate::news::{Teller, list};
use crate::options::{options as call_options, read};
use crate::runtime;
use crate::toolrun::{ToolRun, told};

fn text(value: &dyn Encode) -> String {
    // What was decoded from JSON can be written as JSON.
    encode(value).unwrap_or_default()
}

fn texts<T: Encode>(values: &[T]) -> String {
    let items: Vec<String> = values.iter().map(|value| text(value)).collect();
    String::from_utf8_lossy(&list(&items)).into_owned()
}

fn prepared(made: &PreparedAgentFiles) -> String {
    format!("{{\"files\":{},\"uploaded_file_ids\":{}}}", texts(&made.files), json!(made.uploaded_file_ids))
}

/// Reads a turn: its events, and, once the host asks for it, its result.
async fn follow(turn: AgentTurn, teller: &Teller, mut finishing: watch::Receiver<bool>) -> Result<(), CallError> {
    let mut stream: AgentSessionStream = turn.await?;
    loop {
        teller.room().await;
        let event = tokio::select! {
            biased;
            // The sender lives as long as whoever reads; without it, this task is ended.
            _ = finishing.wait_for(|finishing| *finishing) => break,
            event = stream.try_next() => event?,
        };
        match event {
            Some(event) => teller.event(told("event", "event", &text(&event))),
            None => {
                teller.pause();
                let _ = finishing.wait_for(|finishing| *finishing).await;
                break;
            }
        }
    }
    let result = stream.get_final_result().await?;
    let (turn, messages) = (text(&result.turn), texts(&result.messages));
    let output = Json::string(result.output_text());
    let output = output.raw();
    teller.tell(
        format!("{{\"type\":\"done\",\"turn\":{turn},\"messages\":{messages},\"output_text\":{output}}}").into_bytes(),
    );
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    files: std::collections::BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Directory {
    root: String,
    destination: String,
    include: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Artifact {
    session_id: String,
    turn_id: String,
    path: String,
    to: Option<String>,
}

#[uniffi::export]
impl Client {
    /// Sends input to an idle session and follows the turn that it begins. `input`: JSON, a text or a list of messages; `tools`:
    /// as of [`run_tools`](Client::run_tools), the functions that the agent may call. An idempotency key in `options` is that of
    /// the input.
    pub fn agent_turn(
        &self,
        session_id: String,
        input: String,
        functions: String,
        options: String,
    ) -> Result<Arc<ToolRun>, CallError> {
        let sessions = self.core.beta().agents().sessions();
        let input = Json::parse(&input).map_err(|error| CallError::usage(format!("`input`: {error}")))?;
        let options = call_options(&options)?;
        let turn = match input.as_string() {
            Some(text) => sessions.stream(&session_id, text),
            None => sessions.stream_messages(&session_id, input),
        };
        ToolRun::start(|desk, teller, finishing| {
            let failures = teller.clone();
            let turn = turn.tools(tools(&functions, &desk, &teller)?).options(options).on_tool_error(move |failure| {
                let call = failure.call;
                let told = json!({"type": "tool_error", "message": failure.message, "call": {"name": call.name,
                    "session_id": call.session_id, "turn_id": call.turn_id, "call_id": call.call_id}});
                failures.tell(told.to_string().into_bytes());
            });
            Ok(async move { follow(turn, &teller, finishing).await })
        })
    }

    /// Helpers of agents' files. `name` and the members of `arguments` (one JSON object):
    ///
    /// - `prepare`: `files`, an object of places in the environment to paths on disk; the result is `files` and
    ///   `uploaded_file_ids`.
    /// - `prepare_directory`: `root`, `destination`, `include` (a list of patterns); the same result.
    /// - `artifact`: `session_id`, `turn_id`, `path`, and `to`, the path where it is saved, or none; the result is the artifact.
    pub async fn agent_files(
        &self,
        name: String,
        arguments: String,
        options: String,
        cancel: Option<Arc<CancelHandle>>,
    ) -> Result<String, CallError> {
        let options = call_options(&options)?;
        let files = self.core.beta().agents().environments().files();
        match name.as_str() {
            "prepare" => {
                let given: Files = read("arguments", &arguments)?;
                let work = async move { files.prepare(given.files, options).await };
                runtime::run(cancel, async move { Ok(prepared(&work.await?)) }).await
            }
            "prepare_directory" => {
                let given: Directory = read("arguments", &arguments)?;
                runtime::run(cancel, async move {
                    let include: Vec<&str> = given.include.iter().map(String::as_str).collect();
                    let made = files.prepare_directory(given.root, &given.destination, &include, options).await?;
                    Ok(prepared(&made))
                })
                .await
            }
            "artifact" => {
                let given: Artifact = read("arguments", &arguments)?;
                let client = self.core.with_options(options);
                let artifacts =
                    client.beta().agents().sessions().artifacts().for_turn(&given.session_id, &given.turn_id);
                runtime::run(cancel, async move {
                    let artifact = match given.to {
                        Some(to) => artifacts.download(&given.path, to).await?,
                        None => artifacts.find(&given.path).await?,
                    };
                    Ok(text(&artifact))
                })
                .await
            }
            other => Err(CallError::usage(format!("there is no helper of agents' files named {other:?}"))),
        }
    }

    /// Uploads a file and puts it at this place of an environment: `uploaded_file_id` and `file`, as JSON.
    pub async fn agent_upload(
        &self,
        environment_id: String,
        file: Upload,
        path: String,
        options: String,
        cancel: Option<Arc<CancelHandle>>,
    ) -> Result<String, CallError> {
        let (file, options) = (file.input()?, call_options(&options)?);
        let files = self.core.beta().agents().environments().files();
        runtime::run(cancel, async move {
            let staged = files.upload(&environment_id, file, &path, options).await?;
            let id = Json::string(&staged.uploaded_file_id);
            Ok(format!("{{\"uploaded_file_id\":{},\"file\":{}}}", id.raw(), text(&staged.file)))
        })
        .await
    }
}
