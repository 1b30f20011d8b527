//! Calls from the core into JavaScript: token providers, readers, a `fetch` of the user's. They run on the event loop; whoever asks
//! waits without holding a thread.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::hub::Queue;
use crate::item::Item;

tokio::task_local! {
    /// The number of the call that is being worked on.
    pub(crate) static CALL: u32;
}

/// The call that is being worked on; 0 if it is none of JavaScript's.
fn call() -> u32 {
    CALL.try_with(|call| *call).unwrap_or_default()
}

/// What JavaScript answered.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Nothing.
    Nothing,
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Bytes),
}

/// A function of the user's threw.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// Where JavaScript keeps what was thrown.
    pub(crate) number: Option<u32>,
    /// Its message.
    pub(crate) message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// A function of JavaScript's, by the number under which it is kept there.
#[derive(Clone)]
pub(crate) struct Callback {
    queue: Arc<Queue>,
    function: u32,
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Callback({})", self.function)
    }
}

impl Callback {
    pub(crate) fn new(queue: Arc<Queue>, function: u32) -> Self {
        Self { queue, function }
    }

    /// Another function of the same event loop.
    pub(crate) fn sibling(&self, function: u32) -> Self {
        Self { queue: Arc::clone(&self.queue), function }
    }

    /// Calls it with a JSON text and bytes, and waits for the answer. Dropped before it came, the question is taken back.
    pub(crate) async fn ask(&self, argument: String, body: Option<Bytes>) -> Result<Answer, Failure> {
        let id = self.queue.number();
        let (answer, answered) = oneshot::channel();
        self.queue.expect(id, answer);
        let question = Question { queue: &self.queue, id };
        self.queue.push(Item::Ask { id, function: self.function, argument, body, call: call() });
        let outcome = answered.await;
        drop(question);
        outcome.unwrap_or_else(|_| Err(Failure { number: None, message: "the event loop of the call is gone".into() }))
    }

    /// Calls it and does not wait.
    pub(crate) fn tell(&self, argument: String) {
        let id = self.queue.number();
        self.queue.push(Item::Ask { id, function: self.function, argument, body: None, call: call() });
    }
}

struct Question<'a> {
    queue: &'a Queue,
    id: u32,
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.queue.forget(self.id);
    }
}
