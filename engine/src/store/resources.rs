//! Files and vector stores that assistants, threads and messages refer to.

use serde_json::{Value as Json, json};

use super::{files, vectors};
use crate::check::check_count;
use crate::db::Tx;
use crate::error::Failure;
use crate::objects::message::NewMessage;
use crate::objects::resources::{NewStore, Resources, code_files, stores};

/// Days after its last use at which a vector store made for a thread expires.
const THREAD_STORE_DAYS: i64 = 7;
/// Files of the code interpreter of one thread.
const MAX_CODE_FILES: usize = 20;

/// Whose resources they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Assistant,
    Thread,
}

/// Lays what a request says over what is kept: checks that all of it is there, and makes the vector store it asks for.
pub(crate) async fn apply(
    tx: &mut Tx,
    tenant: &str,
    owner: Owner,
    asked: Option<&Resources>,
    kept: &Json,
    now: i64,
) -> Result<Json, Failure> {
    let Some(asked) = asked else { return Ok(kept.clone()) };
    for file in asked.code_files.iter().flatten() {
        files::find(tx, tenant, file).await?;
    }
    for store in asked.stores.iter().flatten() {
        vectors::lock(tx, tenant, store).await?;
    }
    let mut asked = asked.clone();
    if let Some(mut new) = asked.new_store.take() {
        if owner == Owner::Thread && new.expires_after_days.is_none() {
            new.expires_after_days = Some(THREAD_STORE_DAYS);
        }
        asked.stores = Some(vec![vectors::create(tx, tenant, &new, now).await?]);
    }
    Ok(asked.over(kept))
}

/// Gives the attachments of a message to the thread: its vector store, its code interpreter's files.
pub(crate) async fn attach(
    tx: &mut Tx,
    tenant: &str,
    thread: &mut Json,
    message: &NewMessage,
    now: i64,
) -> Result<(), Failure> {
    for file in message.file_ids() {
        files::find(tx, tenant, file).await?;
    }
    for attachment in &message.attachments {
        let file = attachment["file_id"].as_str().unwrap_or_default();
        let tools = attachment["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
        if crate::objects::tools::has(tools, "code_interpreter") {
            let mut files = code_files(&thread["tool_resources"]);
            if !files.iter().any(|known| known == file) {
                files.push(file.to_owned());
            }
            check_count("tool_resources.code_interpreter.file_ids", files.len(), 0, MAX_CODE_FILES)?;
            thread["tool_resources"]["code_interpreter"] = json!({ "file_ids": files });
        }
        if crate::objects::tools::has(tools, "file_search") {
            match stores(&thread["tool_resources"]).first() {
                Some(store) => {
                    vectors::add_file(tx, tenant, store, file, None, json!({}), None, now).await?;
                }
                None => {
                    let new = NewStore {
                        file_ids: vec![file.to_owned()],
                        expires_after_days: Some(THREAD_STORE_DAYS),
                        ..NewStore::default()
                    };
                    let store = vectors::create(tx, tenant, &new, now).await?;
                    thread["tool_resources"]["file_search"] = json!({ "vector_store_ids": [store] });
                }
            }
        }
    }
    Ok(())
}
