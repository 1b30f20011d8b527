//! The tool runner: asks a model, calls the functions that it asks for, gives it their results, until it answers.
//!
//! - `client.chat().completions().run_tools(params, tools)`, `client.responses().run_tools(params, tools)` and
//!   `client.beta().threads().runs().run_tools(thread_id, params, tools)` start a [`ToolRunner`].
//! - [`ToolRunner::stream`]: the same with the events of the replies as they come.
//! - [`Tool`]: a function of yours with the schema of its arguments.
//! - [`ToolLoop`]: the same loop without a runtime and without functions: replies in, calls to make out, results in,
//!   the next request out.

mod calls;
mod chat;
mod interrupt;
mod machine;
mod raw;
mod responses;
mod runner;
mod runs;
mod stream;
mod tool;
mod transcript;

pub use self::interrupt::Interrupted;
pub use self::machine::{Next, ToolLoop, ToolRequest};
pub use self::raw::JsonReply;
pub use self::runner::{Decision, ToolErrors, ToolRun, ToolRunner};
pub use self::stream::{StreamedReply, ToolEvent, ToolStream, ToolTextDeltas};
pub(crate) use self::tool::Failure as ToolFailure;
pub use self::tool::Tool;
pub use self::transcript::{CallOutcome, CallRecord, Step, ToolCall, ToolResult, Transcript, UsageSum};
pub use crate::accumulate::JsonEvents;
