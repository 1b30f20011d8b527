//! Hosted agents (beta): one turn of a session followed to its end, files for environments, files that a turn has made.
//!
//! - `client.beta().agents().sessions().stream(session_id, input)` sends input to an idle session and gives the events of the
//!   turn, calling functions on the way: [`AgentTurn`], [`AgentSessionStream`].
//! - `….environments().files()`: `prepare`, `prepare_directory` and `upload`.
//! - `….sessions().artifacts().for_result(&result)`: the files of a turn, by their paths.
//! - [`AgentTurnAccumulator`]: what follows a turn, without a connection.

mod artifacts;
mod files;
mod glob;
mod session;
mod turn;

pub use self::artifacts::AgentResultArtifacts;
pub use self::files::{PreparedAgentFiles, StagedAgentFile};
pub use self::session::{AgentSessionStream, AgentToolFailure, AgentTurn, AgentTurnResult};
pub use self::turn::{AgentToolCall, AgentTurnAccumulator, AgentTurnEnd};
