//! Files that the provider's code interpreter makes: taken over before the provider forgets them, and kept beside the
//! user's own.

use base64::Engine as _;
use serde_json::{Value, json};

use super::worker::{Stop, Worker};
use crate::error::Failure;
use crate::ids;
use crate::model::TurnEvent;
use crate::store::files::{self, PART};

impl Worker {
    /// Gives an event that brings files of the provider's the ids of their copies here. What cannot be had is left out.
    pub(super) async fn take_files(&mut self, event: TurnEvent) -> Result<TurnEvent, Stop> {
        match event {
            TurnEvent::Produced { part, container_id, file_id, filename, start, end } => {
                let file_id = self.fetch(container_id, file_id, &filename).await?.unwrap_or_default();
                Ok(TurnEvent::Produced { part, container_id: String::new(), file_id, filename, start, end })
            }
            TurnEvent::CallEnd { call, hosted: Some(Value::Array(outputs)) } => {
                let mut kept = Vec::with_capacity(outputs.len());
                for output in outputs {
                    if output["type"] != "image" {
                        kept.push(output);
                        continue;
                    }
                    if let Some(bytes) = picture(&output["image"]["url"]) {
                        let file_id = self.keep_file("image.png", bytes).await?;
                        kept.push(json!({"type": "image", "image": {"file_id": file_id}}));
                    }
                }
                Ok(TurnEvent::CallEnd { call, hosted: Some(Value::Array(kept)) })
            }
            other => Ok(other),
        }
    }

    async fn fetch(&mut self, container: String, file: String, name: &str) -> Result<Option<String>, Stop> {
        let model = std::sync::Arc::clone(&self.engine.model);
        let fetched = tokio::select! {
            stop = self.interrupted() => return Err(stop),
            fetched = model.produced(container, file) => fetched,
        };
        match fetched {
            Some(Ok(bytes)) if bytes.len() as u64 <= self.engine.settings.max_file => {
                Ok(Some(self.keep_file(name, bytes).await?))
            }
            Some(Ok(_)) => {
                tracing::warn!(run = self.held.id(), "a file of the provider's code is larger than files may be");
                Ok(None)
            }
            Some(Err(error)) => {
                tracing::warn!(run = self.held.id(), %error, "a file of the provider's code could not be had");
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// Keeps a file and returns its id.
    async fn keep_file(&self, name: &str, bytes: Vec<u8>) -> Result<String, Failure> {
        let id = ids::new("file-");
        let file = json!({
            "id": id, "object": "file", "bytes": bytes.len(), "created_at": ids::now(), "filename": name,
            "purpose": "assistants_output", "status": "processed", "status_details": null,
        });
        let mut tx = self.engine.db.begin().await?;
        files::insert(&mut tx, &self.held.tenant, &file).await?;
        for (part, data) in bytes.chunks(PART).enumerate() {
            files::insert_part(&mut tx, &id, part as i64, data.to_vec()).await?;
        }
        tx.commit().await?;
        Ok(id)
    }
}

/// The bytes of a picture that stands in its own URL.
fn picture(url: &Value) -> Option<Vec<u8>> {
    let (kind, data) = url.as_str()?.strip_prefix("data:")?.split_once(',')?;
    if !kind.ends_with(";base64") {
        return None;
    }
    base64::engine::general_purpose::STANDARD.decode(data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_in_their_urls() {
        assert_eq!(picture(&json!("data:image/png;base64,iVBO")).as_deref(), Some(&b"\x89PN"[..]));
        assert_eq!(picture(&json!("https://x.example/a.png")), None);
        assert_eq!(picture(&json!("data:text/plain,hi")), None);
        assert_eq!(picture(&Value::Null), None);
    }
}
