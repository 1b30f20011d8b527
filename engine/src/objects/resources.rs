//! `tool_resources`: which files and vector stores the tools may use.

use serde_json::{Map, Value, json};

use crate::check::Object;
use crate::error::ApiError;

const MAX_FILES: usize = 20;
/// Files of a vector store that is made on the way.
const MAX_STORE_FILES: usize = 500;

/// What a request says of `tool_resources`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Resources {
    /// Files for the code interpreter, where the request names that tool.
    pub(crate) code_files: Option<Vec<String>>,
    /// Vector stores for the file search, where the request names that tool.
    pub(crate) stores: Option<Vec<String>>,
    /// A vector store to make.
    pub(crate) new_store: Option<NewStore>,
}

/// A vector store that is made together with the object it belongs to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NewStore {
    pub(crate) name: Option<String>,
    pub(crate) file_ids: Vec<String>,
    pub(crate) chunking: Option<Value>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) expires_after_days: Option<i64>,
}

/// Reads `tool_resources`; absent or null gives `None`.
pub(crate) fn read(body: &Object<'_>) -> Result<Option<Resources>, ApiError> {
    let Some(resources) = body.object("tool_resources")? else { return Ok(None) };
    resources.expect(&[], &["code_interpreter", "file_search"])?;
    let mut found = Resources::default();
    if let Some(code) = resources.object("code_interpreter")? {
        code.expect(&[], &["file_ids"])?;
        found.code_files = Some(code.ids("file_ids", "file", 0, MAX_FILES)?.unwrap_or_default());
    }
    if let Some(search) = resources.object("file_search")? {
        search.expect(&[], &["vector_store_ids", "vector_stores"])?;
        let ids = search.ids("vector_store_ids", "vs", 0, 1)?.unwrap_or_default();
        let stores = search.objects("vector_stores", 0, 1)?;
        if !ids.is_empty() && !stores.is_empty() {
            let message = "Only one of 'vector_store_ids' and 'vector_stores' may be given.";
            return Err(ApiError::param(search.param("vector_stores"), "invalid_value", message));
        }
        found.new_store = stores.first().map(new_store).transpose()?;
        found.stores = Some(ids);
    }
    Ok(Some(found))
}

fn new_store(store: &Object<'_>) -> Result<NewStore, ApiError> {
    store.expect(&[], &["file_ids", "chunking_strategy", "metadata", "name", "expires_after"])?;
    Ok(NewStore {
        name: store.text("name", 512)?.map(str::to_owned),
        file_ids: store.ids("file_ids", "file", 0, MAX_STORE_FILES)?.unwrap_or_default(),
        chunking: chunking(store)?,
        metadata: store.metadata()?.unwrap_or_default(),
        expires_after_days: expires_after(store)?,
    })
}

/// `expires_after`: days since the last use.
pub(crate) fn expires_after(body: &Object<'_>) -> Result<Option<i64>, ApiError> {
    let Some(after) = body.object("expires_after")? else { return Ok(None) };
    after.expect(&["anchor", "days"], &[])?;
    after.choice("anchor", &["last_active_at"])?;
    after.int("days", 1, 365)
}

/// `chunking_strategy` in the form it is shown in: always static.
pub(crate) fn chunking(body: &Object<'_>) -> Result<Option<Value>, ApiError> {
    let Some(strategy) = body.object("chunking_strategy")? else { return Ok(None) };
    strategy.required_text("type", usize::MAX)?;
    if strategy.choice("type", &["auto", "static"])? != Some("static") {
        strategy.expect(&["type"], &[])?;
        return Ok(None);
    }
    strategy.expect(&["type", "static"], &[])?;
    let Some(sizes) = strategy.object("static")? else {
        return Err(crate::check::missing(&strategy.param("static")));
    };
    sizes.expect(&["max_chunk_size_tokens", "chunk_overlap_tokens"], &[])?;
    let size = sizes.int("max_chunk_size_tokens", 100, 4096)?.unwrap_or(800);
    let overlap = sizes.int("chunk_overlap_tokens", 0, size / 2)?.unwrap_or(400.min(size / 2));
    Ok(Some(json!({"type": "static", "static": {"max_chunk_size_tokens": size, "chunk_overlap_tokens": overlap}})))
}

/// The strategy that is used, and shown, where a request names none.
pub(crate) fn default_chunking() -> Value {
    json!({"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}})
}

impl Resources {
    /// Lays what the request says over what is kept: each tool that is named replaces its list.
    pub(crate) fn over(&self, kept: &Value) -> Value {
        let mut resources = kept.as_object().cloned().unwrap_or_default();
        if let Some(files) = &self.code_files {
            resources.insert("code_interpreter".into(), json!({ "file_ids": files }));
        }
        if let Some(stores) = &self.stores {
            resources.insert("file_search".into(), json!({ "vector_store_ids": stores }));
        }
        Value::Object(resources)
    }
}

/// `tool_resources` as an assistant or a run shows them: each of its tools has its list.
pub(crate) fn shown(resources: &Value, tools: &[Value]) -> Value {
    let mut shown = resources.as_object().cloned().unwrap_or_default();
    for (tool, list) in [("code_interpreter", "file_ids"), ("file_search", "vector_store_ids")] {
        if super::tools::has(tools, tool) && !shown.contains_key(tool) {
            shown.insert(tool.into(), json!({ list: [] }));
        }
    }
    Value::Object(shown)
}

/// The vector stores of a `tool_resources` object.
pub(crate) fn stores(resources: &Value) -> Vec<String> {
    ids(&resources["file_search"]["vector_store_ids"])
}

/// The code interpreter's files of a `tool_resources` object.
pub(crate) fn code_files(resources: &Value) -> Vec<String> {
    ids(&resources["code_interpreter"]["file_ids"])
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
