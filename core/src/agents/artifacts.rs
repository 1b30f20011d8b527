//! Files that a turn has made.

use std::path::Path;

use super::session::AgentTurnResult;
use crate::error::Error;
use crate::resources::BetaAgentsSessionsArtifacts;
use crate::response::Download;
use crate::types::SessionArtifact;

/// The artifacts of one turn, found by their paths.
#[derive(Debug, Clone)]
pub struct AgentResultArtifacts {
    resource: BetaAgentsSessionsArtifacts,
    session_id: String,
    turn_id: String,
}

impl BetaAgentsSessionsArtifacts {
    /// The artifacts of the turn that this result is of.
    pub fn for_result(&self, result: &AgentTurnResult) -> AgentResultArtifacts {
        self.for_turn(&result.turn.session_id, &result.turn.id)
    }

    /// The artifacts of a turn.
    pub fn for_turn(&self, session_id: &str, turn_id: &str) -> AgentResultArtifacts {
        let (session_id, turn_id) = (session_id.to_owned(), turn_id.to_owned());
        AgentResultArtifacts { resource: self.clone(), session_id, turn_id }
    }
}

impl AgentResultArtifacts {
    /// The artifact at this path.
    ///
    /// `GET /agents/sessions/{session_id}/artifacts`, page by page
    ///
    /// # Errors
    /// Any [`Error`] of the list; kind `usage` if the turn has no artifact there, or more than one.
    pub async fn find(&self, path: &str) -> Result<SessionArtifact, Error> {
        let mut artifacts = self.resource.list(&self.session_id).items();
        let mut found: Option<SessionArtifact> = None;
        while let Some(artifact) = artifacts.next().await.transpose()? {
            let is_it = artifact.session_id == self.session_id && artifact.turn_id == self.turn_id;
            if is_it && artifact.path == path && found.replace(artifact).is_some() {
                return Err(Error::usage(format!("the turn has more than one artifact at {path}")));
            }
        }
        found.ok_or_else(|| Error::usage(format!("the turn has no artifact at {path}")))
    }

    /// The content of the artifact at this path.
    ///
    /// `GET /agents/sessions/{session_id}/artifacts/{artifact_id}/content`
    ///
    /// # Errors
    /// As [`find`](Self::find), and any of the download.
    pub async fn content(&self, path: &str) -> Result<Download, Error> {
        let artifact = self.find(path).await?;
        self.resource.content(&self.session_id, &artifact.id).await
    }

    /// Saves the content of the artifact at this path as a file.
    ///
    /// # Errors
    /// As [`content`](Self::content), and those of writing the file.
    pub async fn download(&self, path: &str, to: impl AsRef<Path>) -> Result<SessionArtifact, Error> {
        let artifact = self.find(path).await?;
        self.resource.content(&self.session_id, &artifact.id).await?.save_to(to).await?;
        Ok(artifact)
    }
}
