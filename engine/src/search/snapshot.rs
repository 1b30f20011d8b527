//! The chunks of a vector store in memory, as long as the store does not change.

use std::sync::Arc;

use super::bm25::Words;
use crate::db::params;
use crate::error::Failure;
use crate::run::service::Inner;

/// Stores kept in memory.
const KEPT: usize = 16;

/// One chunk, ready to be ranked.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) file_id: String,
    pub(super) file_name: String,
    pub(super) text: String,
    pub(super) tokens: i64,
    pub(super) words: Words,
    /// Of length one, or none where the provider makes no vectors.
    pub(super) vector: Option<Vec<f32>>,
    /// What made the vector.
    pub(super) vector_name: String,
    pub(super) attributes: serde_json::Value,
}

/// A store as it was at one generation.
#[derive(Debug)]
pub(super) struct Snapshot {
    store: String,
    generation: i64,
    pub(super) chunks: Vec<Arc<Chunk>>,
}

/// The snapshots of this process, the last one used first.
#[derive(Debug, Default)]
pub(super) struct Cache {
    kept: std::sync::Mutex<Vec<Arc<Snapshot>>>,
}

impl Cache {
    fn get(&self, store: &str, generation: i64) -> Option<Arc<Snapshot>> {
        let mut kept = self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let place = kept.iter().position(|one| one.store == store && one.generation == generation)?;
        let found = kept.remove(place);
        kept.insert(0, Arc::clone(&found));
        Some(found)
    }

    fn put(&self, snapshot: &Arc<Snapshot>) {
        let mut kept = self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.retain(|one| one.store != snapshot.store);
        kept.insert(0, Arc::clone(snapshot));
        kept.truncate(KEPT);
    }
}

/// The chunks of a store as it is now; none of a store that is gone.
pub(super) async fn load(engine: &Inner, store: &str) -> Result<Arc<Snapshot>, Failure> {
    let rows = engine.db.query("select generation from vector_stores where id = $1", params![store]).await?;
    let generation = rows.first().map_or(Ok(-1), |row| row.int(0))?;
    let cache = engine.indexer.cache();
    if let Some(found) = cache.get(store, generation) {
        return Ok(found);
    }
    let rows = engine
        .db
        .query(
            "select c.file_id, f.body, c.content, c.tokens, c.embedding, v.body
             from chunks c
             join vector_store_files v on v.store_id = c.store_id and v.file_id = c.file_id
             join files f on f.id = c.file_id
             where c.store_id = $1 order by v.seq, c.ordinal",
            params![store],
        )
        .await?;
    let mut chunks = Vec::with_capacity(rows.len());
    for row in rows {
        let text = row.text(2)?.to_owned();
        let (vector_name, vector) = match row.0.get(4) {
            Some(crate::db::Value::Bytes(bytes)) => unpack(bytes),
            _ => (String::new(), None),
        };
        chunks.push(Arc::new(Chunk {
            file_id: row.text(0)?.to_owned(),
            file_name: row.json(1)?["filename"].as_str().unwrap_or("source").to_owned(),
            tokens: row.int(3)?,
            words: Words::of(&text),
            text,
            vector,
            vector_name,
            attributes: row.json(5)?["attributes"].clone(),
        }));
    }
    let snapshot = Arc::new(Snapshot { store: store.to_owned(), generation, chunks });
    cache.put(&snapshot);
    Ok(snapshot)
}

/// A vector with the name of what made it, as bytes.
pub(super) fn pack(name: &str, vector: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(name.len() + 1 + vector.len() * 4);
    bytes.extend(name.as_bytes());
    bytes.push(0);
    bytes.extend(vector.iter().flat_map(|number| number.to_le_bytes()));
    bytes
}

fn unpack(bytes: &[u8]) -> (String, Option<Vec<f32>>) {
    let Some(end) = bytes.iter().position(|byte| *byte == 0) else { return (String::new(), None) };
    let name = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let numbers = bytes[end + 1..].chunks_exact(4);
    (name, Some(numbers.map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_survive_being_packed() {
        let (name, vector) = unpack(&pack("model/256", &[0.5, -1.25]));
        assert_eq!((name.as_str(), vector), ("model/256", Some(vec![0.5, -1.25])));
    }
}
