//! Functions of the host that a model may call: the core asks, the host's answer comes whenever it comes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::json;
use threadline::Json;
use threadline::structured::FunctionSchema;
use threadline::tools::{Decision, Tool, ToolCall};
use tokio::sync::oneshot;

use crate::error::CallError;
use crate::news::Teller;
use crate::options::read;

/// What the host says to a `call` or a `decide` of a [`ToolRun`](crate::ToolRun).
#[derive(Debug, Clone, uniffi::Enum)]
pub enum ToolAnswer {
    /// The function's result. To a `decide`: the call is made.
    Value {
        /// JSON. A text in it is given to the model as it is, anything else as JSON. Of no meaning to a `decide`.
        json: String,
    },
    /// The function failed in a way that the model may hear of.
    Failed {
        /// What the model is told.
        message: String,
    },
    /// The function crashed; the model is told only that.
    Crashed,
    /// To a `decide`: the call is not made, and the model is given this instead.
    Instead {
        /// What the model is given.
        text: String,
    },
    /// To a `decide`: the run ends with an error of kind `tool`.
    Abort {
        /// Why.
        why: String,
    },
}

/// A failure that the host told.
#[derive(Debug)]
struct Failed(String);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

/// What is asked and not yet answered.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    last: u64,
    waiting: HashMap<u64, oneshot::Sender<ToolAnswer>>,
}

/// Forgets a question whose asker is gone.
struct Asked<'a>(&'a Desk, u64);

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.0.lock().waiting.remove(&self.1);
    }
}

impl Desk {
    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the host a question of this number, and waits for the answer.
    async fn ask(&self, teller: &Teller, question: impl FnOnce(u64) -> serde_json::Value) -> Option<ToolAnswer> {
        let (answer, answered) = oneshot::channel();
        let number = {
            let mut open = self.lock();
            open.last += 1;
            let number = open.last;
            open.waiting.insert(number, answer);
            number
        };
        let _asked = Asked(self, number);
        teller.tell(question(number).to_string().into_bytes());
        answered.await.ok()
    }

    /// Takes an answer. One that nobody waits for (any more) is no mistake: calls are given up when their run ends.
    pub(crate) fn answer(&self, number: u64, answer: ToolAnswer) {
        let waiting = self.lock().waiting.remove(&number);
        if let Some(waiting) = waiting {
            // The asker may have been dropped just now.
            let _ = waiting.send(answer);
        }
    }
}

/// A tool of the host's, as it stands in the list of tools.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    name: String,
    /// The arguments' JSON Schema. Default: any object.
    schema: Option<Json>,
    /// Whether the schema is brought into its strict form.
    #[serde(default)]
    strict: bool,
    description: Option<String>,
    /// Whether it is a custom tool, whose input is any text.
    #[serde(default)]
    custom: bool,
}

/// The tools of a JSON list, each of which asks at this desk.
pub(crate) fn tools(list: &str, desk: &Arc<Desk>, teller: &Teller) -> Result<Vec<Tool>, CallError> {
    let given: Vec<Given> = if list.is_empty() { Vec::new() } else { read("tools", list)? };
    given.into_iter().map(|tool| made(tool, Arc::clone(desk), teller.clone())).collect()
}

fn made(given: Given, desk: Arc<Desk>, teller: Teller) -> Result<Tool, CallError> {
    let name = given.name;
    let mut tool = if given.custom {
        let called = name.clone();
        Tool::custom(&name, move |input: String| perform(Arc::clone(&desk), teller.clone(), called.clone(), input))
    } else {
        let schema = given.schema.unwrap_or_else(|| Json::parse("{}").unwrap_or_default());
        let schema = match given.strict {
            true => FunctionSchema::new(&name, &schema)?,
            false => FunctionSchema::lenient(&name, schema),
        };
        Tool::from_schema(schema, move |arguments: Json| {
            perform(Arc::clone(&desk), teller.clone(), name.clone(), arguments.raw().to_owned())
        })
    };
    if let Some(text) = given.description {
        tool = tool.description(text);
    }
    Ok(tool)
}

async fn perform(desk: Arc<Desk>, teller: Teller, name: String, arguments: String) -> Result<Json, Failed> {
    let question = |number| json!({"type": "call", "number": number, "name": name, "arguments": arguments});
    match desk.ask(&teller, question).await {
        Some(ToolAnswer::Value { json }) => {
            Json::parse(&json).map_err(|error| Failed(format!("what the function returned is no JSON: {error}")))
        }
        Some(ToolAnswer::Failed { message }) => Err(Failed(message)),
        Some(ToolAnswer::Instead { text }) => Ok(Json::string(text)),
        Some(ToolAnswer::Abort { why }) => Err(Failed(why)),
        // Without the hook that would print it: the core takes it for the function's own crash.
        Some(ToolAnswer::Crashed) | None => std::panic::resume_unwind(Box::new("a function of the host crashed")),
    }
}

/// Asks the host whether a call is to be made.
pub(crate) async fn decide(desk: Arc<Desk>, teller: Teller, call: ToolCall) -> Decision {
    let question = |number| {
        json!({"type": "decide", "number": number, "id": call.id, "name": call.name, "arguments": call.arguments,
            "custom": call.custom})
    };
    match desk.ask(&teller, question).await {
        Some(ToolAnswer::Value { .. }) => Decision::Call,
        Some(ToolAnswer::Instead { text }) => Decision::Answer(text),
        Some(ToolAnswer::Failed { message: why } | ToolAnswer::Abort { why }) => Decision::Abort(why),
        Some(ToolAnswer::Crashed) | None => Decision::Abort("whoever decides about calls crashed".to_owned()),
    }
}
