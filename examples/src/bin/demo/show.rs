//! Prints a run: its text as it comes, its citations, its steps.

use std::io::Write as _;

use threadline::types::{
    AssistantStreamEvent, MessageAnnotation, MessageContent, MessageContentDelta, Run, RunStepDetails,
    RunStepListParams, RunStepToolCall, ThreadMessage,
};
use threadline::{Client, Error, EventStream};

/// How the stream of a run ended.
#[derive(Debug)]
pub(crate) enum Pause {
    /// The run waits for its functions.
    Waits(Box<Run>),
    /// It has ended; its id, if it ended well.
    Ended(Option<String>),
}

/// Prints a run until it ends or waits.
pub(crate) async fn follow(mut stream: EventStream<AssistantStreamEvent>) -> Result<Pause, Error> {
    let mut pause = Pause::Ended(None);
    let mut speaks = false;
    while let Some(event) = stream.next().await {
        match event? {
            AssistantStreamEvent::ThreadMessageDelta(delta) => {
                for part in delta.data.delta.content.unwrap_or_default() {
                    if let MessageContentDelta::Text(text) = part {
                        let text = text.text.and_then(|text| text.value).unwrap_or_default();
                        print!("{}{text}", if speaks { "" } else { "  desk:  " });
                        speaks = true;
                    }
                }
                // Nobody sees the text grow if the terminal waits for a line end.
                let _ = std::io::stdout().flush();
            }
            AssistantStreamEvent::ThreadMessageCompleted(done) => {
                println!();
                speaks = false;
                citations(&done.data);
            }
            AssistantStreamEvent::ThreadRunRequiresAction(waits) => pause = Pause::Waits(Box::new(waits.data.clone())),
            AssistantStreamEvent::ThreadRunCompleted(done) => {
                if let Some(usage) = &done.data.usage {
                    println!(
                        "  run completed: {} tokens read, {} written",
                        usage.prompt_tokens, usage.completion_tokens
                    );
                }
                pause = Pause::Ended(Some(done.data.id.clone()));
            }
            AssistantStreamEvent::ThreadRunFailed(failed) => {
                let why = failed.data.last_error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
                println!("{}  (this provider cannot carry the run: {why})", if speaks { "\n" } else { "" });
            }
            _ => {}
        }
    }
    Ok(pause)
}

fn citations(message: &ThreadMessage) {
    for part in &message.content {
        let MessageContent::Text(part) = part else { continue };
        for annotation in &part.text.annotations {
            if let MessageAnnotation::FileCitation(cited) = annotation {
                let (from, to) = (cited.start_index, cited.end_index);
                println!("  citation at {from} to {to}: {} is {}", cited.text, cited.file_citation.file_id);
            }
        }
    }
}

/// Prints what a run did.
pub(crate) async fn steps(client: &Client, thread: &str, run: &str) -> Result<(), Error> {
    let oldest_first = RunStepListParams::new().order("asc");
    let steps = client.beta().threads().runs().steps().list_with(thread, run, oldest_first).await?;
    for step in steps.items() {
        let what = match &step.step_details {
            RunStepDetails::MessageCreation(_) => "a message".to_owned(),
            RunStepDetails::ToolCalls(made) => made.tool_calls.iter().map(called).collect::<Vec<_>>().join(", "),
            _ => "something new".to_owned(),
        };
        println!("  step {}: {what}", step.status);
    }
    Ok(())
}

fn called(call: &RunStepToolCall) -> String {
    match call {
        RunStepToolCall::FileSearch(call) => {
            let found = call.file_search.results.as_ref().map_or(0, Vec::len);
            format!("file search, {found} found")
        }
        RunStepToolCall::Function(call) => {
            format!(
                "function {}, output {:?}",
                call.function.name.clone().unwrap_or_default(),
                call.function.output.clone().unwrap_or_default()
            )
        }
        _ => "another tool".to_owned(),
    }
}
