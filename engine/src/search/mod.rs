//! The file search of runs: one function that the model calls, over the vector stores of assistant and thread.
//!
//! Files are read into chunks when they join a store (`index`). A search ranks the chunks by their words and, where the
//! provider makes vectors, by those too (`rank`). What is found goes to the model with markers to cite it by.

mod bm25;
mod chunk;
mod extract;
mod filter;
#[cfg(feature = "documents")]
mod html;
mod index;
#[cfg(feature = "documents")]
mod office;
#[cfg(feature = "documents")]
mod pdf;
mod rank;
mod snapshot;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

pub(crate) use self::filter::check as check_filter;
pub(crate) use self::index::Indexer;
use crate::db::params;
use crate::error::{ApiError, Failure};
use crate::ids;
use crate::objects::resources::stores;
use crate::run::service::Inner;
use crate::store::threads;

/// Queries of one call.
const MAX_QUERIES: usize = 5;
const MAX_RESULTS: usize = 20;
/// For the models with a small context.
const MAX_RESULTS_SMALL: usize = 5;
/// Tokens of all results together.
const TOKENS: i64 = 16_000;
const TOKENS_SMALL: i64 = 4_000;

/// The function that stands for the file search.
pub(crate) fn function(name: &str) -> Value {
    json!({"type": "function", "function": {
        "name": name,
        "description": "Searches the files that the user has provided. Each result begins with a marker like \
                        【0:1†notes.md】. After every statement that a result supports, repeat that result's marker \
                        exactly as it stands.",
        "parameters": {
            "type": "object",
            "properties": {"queries": {
                "type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MAX_QUERIES,
                "description": "What to look for, in a few words each; one query for each aspect."
            }},
            "required": ["queries"],
            "additionalProperties": false
        },
        "strict": false
    }})
}

/// What a search found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// What the model is told.
    pub(crate) text: String,
    /// What the run step keeps.
    pub(crate) shown: Value,
    /// Markers, each with its file.
    pub(crate) markers: HashMap<String, String>,
    /// Whether the model's arguments could not be read; the text then says how they must be.
    pub(crate) unreadable: bool,
}

/// Answers one call of the file search. `ordinal` counts the searches of the run.
pub(crate) async fn run(
    engine: &Arc<Inner>,
    tenant: &str,
    run: &Value,
    arguments: &str,
    ordinal: usize,
) -> Result<Found, Failure> {
    let limits = Limits::of(run);
    let queries = match queries(arguments) {
        Ok(queries) => queries,
        Err(text) => return Ok(Found { text, shown: limits.shown(&[]), unreadable: true, ..Found::default() }),
    };
    let mut chunks = Vec::new();
    for store in stores_of(engine, tenant, run).await? {
        touch(engine, &store).await?;
        let found = snapshot::load(engine, &store).await?;
        // A file may be in both stores; it is searched once.
        let known: HashSet<&str> = chunks.iter().map(|chunk: &Arc<snapshot::Chunk>| chunk.file_id.as_str()).collect();
        let fresh: Vec<_> =
            found.chunks.iter().filter(|chunk| !known.contains(chunk.file_id.as_str())).cloned().collect();
        chunks.extend(fresh);
    }
    let hits = rank::rank(engine, &chunks, &queries).await;
    let mut results = Vec::new();
    let (mut text, mut markers, mut spent) = (String::new(), HashMap::new(), 0);
    for hit in hits {
        if results.len() >= limits.results || hit.score < limits.threshold {
            break;
        }
        let chunk = &chunks[hit.chunk];
        if spent + chunk.tokens > limits.tokens && !results.is_empty() {
            break;
        }
        spent += chunk.tokens;
        let marker = marker(ordinal, results.len(), &chunk.file_name);
        text.push_str(&format!("{marker}\n{}\n\n", chunk.text));
        markers.insert(marker, chunk.file_id.clone());
        results.push(json!({
            "file_id": chunk.file_id,
            "file_name": chunk.file_name,
            "score": hit.score,
            "content": [{"type": "text", "text": chunk.text}],
        }));
    }
    if results.is_empty() {
        "No results were found in the files.".clone_into(&mut text);
    }
    Ok(Found { text, shown: limits.shown(&results), markers, unreadable: false })
}

/// Answers a search in one store: results as the endpoint shows them.
pub(crate) async fn query(
    engine: &Inner,
    store: &str,
    queries: &[String],
    filter: Option<&Value>,
    threshold: f64,
    most: usize,
) -> Result<Vec<Value>, Failure> {
    touch(engine, store).await?;
    let snapshot = snapshot::load(engine, store).await?;
    let passes = |chunk: &&Arc<snapshot::Chunk>| filter.is_none_or(|filter| filter::passes(filter, &chunk.attributes));
    let chunks: Vec<Arc<snapshot::Chunk>> = snapshot.chunks.iter().filter(passes).cloned().collect();
    let hits = rank::rank(engine, &chunks, queries).await;
    let shown = hits.iter().take_while(|hit| hit.score >= threshold).take(most).map(|hit| {
        let chunk = &chunks[hit.chunk];
        json!({
            "file_id": chunk.file_id,
            "filename": chunk.file_name,
            "score": hit.score,
            "attributes": chunk.attributes,
            "content": [{"type": "text", "text": chunk.text}],
        })
    });
    Ok(shown.collect())
}

/// Markers of results that a step keeps.
pub(crate) fn markers(ordinal: usize, results: &Value) -> HashMap<String, String> {
    let results = results.as_array().into_iter().flatten().enumerate();
    results
        .filter_map(|(place, result)| {
            let (name, file) = (result["file_name"].as_str()?, result["file_id"].as_str()?);
            Some((marker(ordinal, place, name), file.to_owned()))
        })
        .collect()
}

fn marker(ordinal: usize, place: usize, name: &str) -> String {
    // A name may hold what a marker is made of.
    let name: String = name.chars().filter(|letter| !"【】†\n".contains(*letter)).take(60).collect();
    format!("【{ordinal}:{place}†{name}】")
}

fn queries(arguments: &str) -> Result<Vec<String>, String> {
    let wrong = "The arguments must be a JSON object like {\"queries\": [\"...\"]}.";
    let parsed: Value = serde_json::from_str(arguments).map_err(|_| wrong.to_owned())?;
    let listed = match &parsed["queries"] {
        Value::Array(queries) => queries.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(query) => vec![query.clone()],
        _ => parsed["query"].as_str().map(|query| vec![query.to_owned()]).unwrap_or_default(),
    };
    let queries: Vec<String> = listed.into_iter().filter(|query| !query.trim().is_empty()).take(MAX_QUERIES).collect();
    if queries.is_empty() { Err(wrong.to_owned()) } else { Ok(queries) }
}

/// How much a run's search may return.
struct Limits {
    results: usize,
    threshold: f64,
    tokens: i64,
}

impl Limits {
    fn of(run: &Value) -> Self {
        let small = run["model"].as_str().unwrap_or_default().starts_with("gpt-3.5");
        let tool = run["tools"].as_array().into_iter().flatten().find(|tool| tool["type"] == "file_search");
        let settings = tool.map(|tool| tool["file_search"].clone()).unwrap_or_default();
        let most = if small { MAX_RESULTS_SMALL } else { MAX_RESULTS };
        let asked = settings["max_num_results"].as_u64().and_then(|count| usize::try_from(count).ok());
        Self {
            results: asked.unwrap_or(most),
            threshold: settings["ranking_options"]["score_threshold"].as_f64().unwrap_or(0.0),
            tokens: if small { TOKENS_SMALL } else { TOKENS },
        }
    }

    fn shown(&self, results: &[Value]) -> Value {
        json!({
            "ranking_options": {"ranker": "default_2024_08_21", "score_threshold": self.threshold},
            "results": results,
        })
    }
}

/// The stores of a run: its assistant's and its thread's.
async fn stores_of(engine: &Inner, tenant: &str, run: &Value) -> Result<Vec<String>, Failure> {
    let mut all = stores(&run["tool_resources"]);
    for store in thread_stores(engine, tenant, run).await? {
        if !all.contains(&store) {
            all.push(store);
        }
    }
    Ok(all)
}

async fn thread_stores(engine: &Inner, tenant: &str, run: &Value) -> Result<Vec<String>, Failure> {
    let thread = threads::get(&engine.db, tenant, run["thread_id"].as_str().unwrap_or_default()).await?;
    Ok(stores(&thread["tool_resources"]))
}

/// Refuses stores whose time is over.
pub(crate) async fn check_stores(engine: &Inner, tenant: &str, run: &Value) -> Result<(), Failure> {
    for store in stores_of(engine, tenant, run).await? {
        let rows = engine.db.query("select expires_at from vector_stores where id = $1", params![&store]).await?;
        let expired = match rows.first() {
            Some(row) => row.opt_int(0)?.is_some_and(|at| at <= ids::now()),
            // A store that was deleted has nothing to search in.
            None => false,
        };
        if expired {
            return Err(ApiError::invalid(format!("Vector store '{store}' has expired")).into());
        }
    }
    Ok(())
}

/// Waits while files of the thread's stores are being read, at most as long as the settings say.
pub(crate) async fn wait_for_thread(engine: &Inner, tenant: &str, run: &Value) -> Result<(), Failure> {
    let until = Instant::now() + engine.settings.index_wait;
    for store in thread_stores(engine, tenant, run).await? {
        loop {
            let rows = engine
                .db
                .query(
                    "select 1 from vector_store_files where store_id = $1 and status = 'in_progress' limit 1",
                    params![&store],
                )
                .await?;
            if rows.is_empty() || Instant::now() >= until {
                break;
            }
            engine.indexer.wait(Duration::from_millis(200)).await;
        }
    }
    Ok(())
}

/// A store that is searched stays.
async fn touch(engine: &Inner, store: &str) -> Result<(), Failure> {
    let now = ids::now();
    let mut tx = engine.db.begin().await?;
    if let Some(row) = tx.first("select body from vector_stores where id = $1 @lock", params![store]).await? {
        let mut body = row.json(0)?;
        body["last_active_at"] = json!(now);
        let expires = body["expires_after"]["days"].as_i64().map(|days| now + days * 86_400);
        body["expires_at"] = json!(expires);
        tx.execute("update vector_stores set body = $1, expires_at = $2 where id = $3", params![&body, expires, store])
            .await?;
    }
    tx.commit().await
}
