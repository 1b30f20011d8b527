//! Streams put together: the core's accumulators, fed with events as they came.

use std::sync::Mutex;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use threadline::accumulate::{
    AssistantAccumulator, ChatCompletionAccumulator, CompletionAccumulator, ResponseAccumulator,
};
use threadline::{Error, Json};

use crate::client::lock;
use crate::error::{About, to_python};

/// An accumulator of one kind of stream.
#[pyclass(frozen, module = "threadline._threadline")]
pub(crate) struct Accumulator(Mutex<Kind>);

enum Kind {
    Chat(Box<ChatCompletionAccumulator>),
    Completion(Box<CompletionAccumulator>),
    Response(Box<ResponseAccumulator>),
    Assistant(Box<AssistantAccumulator>),
}

#[pymethods]
impl Accumulator {
    /// `kind`: `chat`, `completion`, `response` or `assistant`.
    #[new]
    #[pyo3(signature = (kind, starting_after = None))]
    fn new(kind: &str, starting_after: Option<i64>) -> PyResult<Self> {
        let kind = match kind {
            "chat" => Kind::Chat(Box::default()),
            "completion" => Kind::Completion(Box::default()),
            "response" => {
                let accumulator = ResponseAccumulator::new();
                Kind::Response(Box::new(match starting_after {
                    Some(number) => accumulator.starting_after(number),
                    None => accumulator,
                }))
            }
            "assistant" => Kind::Assistant(Box::default()),
            other => return Err(PyValueError::new_err(format!("there is no accumulator of {other}"))),
        };
        Ok(Self(Mutex::new(kind)))
    }

    /// Takes an event; the events of a higher level that it makes, as JSON.
    fn push(&self, py: Python<'_>, name: &str, data: &[u8]) -> PyResult<Vec<String>> {
        let made = match &mut *lock(&self.0) {
            Kind::Chat(accumulator) => accumulator.push_json(data),
            Kind::Completion(accumulator) => accumulator.push_json(data),
            Kind::Response(accumulator) => accumulator.push_json(data).map(|event| event.into_iter().collect()),
            Kind::Assistant(accumulator) => accumulator.push_json(name, data),
        };
        texts(py, made)
    }

    /// The stream has ended properly: the events that are left.
    fn finish(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let left = match &mut *lock(&self.0) {
            Kind::Chat(accumulator) => accumulator.finish_json(),
            Kind::Completion(accumulator) => accumulator.finish_json(),
            Kind::Response(_) | Kind::Assistant(_) => Vec::new(),
        };
        texts(py, Ok(left))
    }

    /// What the events have come to so far, as JSON.
    fn snapshot(&self) -> String {
        let snapshot = match &*lock(&self.0) {
            Kind::Chat(accumulator) => accumulator.snapshot_json(),
            Kind::Completion(accumulator) => accumulator.snapshot_json(),
            Kind::Response(accumulator) => accumulator.snapshot_json(),
            Kind::Assistant(accumulator) => accumulator.snapshot_json(),
        };
        snapshot.raw().to_owned()
    }
}

fn texts(py: Python<'_>, events: Result<Vec<Json>, Error>) -> PyResult<Vec<String>> {
    let events = events.map_err(|error| to_python(py, &error, &About::default()))?;
    Ok(events.iter().map(|event| event.raw().to_owned()).collect())
}
