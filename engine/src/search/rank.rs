//! The order of chunks for a set of queries: by words, and by vectors where there are any.

use std::sync::Arc;

use super::bm25;
use super::snapshot::Chunk;
use crate::run::service::Inner;

/// A score by words of this size counts for one half.
const HALF: f64 = 2.0;

/// A chunk and how well it fits, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    pub(super) chunk: usize,
    pub(super) score: f64,
}

/// Chunks that fit any of the queries, the best first.
pub(super) async fn rank(engine: &Inner, chunks: &[Arc<Chunk>], queries: &[String]) -> Vec<Hit> {
    let vectors = vectors(engine, chunks, queries).await;
    let mut best = vec![0.0f64; chunks.len()];
    for (place, query) in queries.iter().enumerate() {
        let words = bm25::scores(chunks.iter().map(|chunk| &chunk.words), query);
        for (chunk, score) in words.into_iter().enumerate() {
            let by_words = score / (score + HALF);
            let near = vectors.as_ref().and_then(|(name, vectors)| {
                let vector = chunks[chunk].vector.as_ref().filter(|_| chunks[chunk].vector_name == *name)?;
                Some(cosine(vector, vectors.get(place)?).max(0.0))
            });
            let score = near.map_or(by_words, |near| near.mul_add(0.6, 0.4 * by_words));
            best[chunk] = best[chunk].max(score);
        }
    }
    let mut hits: Vec<Hit> = best
        .into_iter()
        .enumerate()
        .filter(|(_, score)| *score > 0.0)
        .map(|(chunk, score)| Hit { chunk, score })
        .collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
    hits
}

/// Vectors of the queries; none where the chunks have none, or the provider fails.
async fn vectors(engine: &Inner, chunks: &[Arc<Chunk>], queries: &[String]) -> Option<(String, Vec<Vec<f32>>)> {
    let name = engine.model.embedding_name();
    if !chunks.iter().any(|chunk| chunk.vector.is_some() && chunk.vector_name == name) {
        return None;
    }
    match engine.model.embed(queries.to_vec()).await? {
        Ok(vectors) => Some((name, vectors)),
        Err(error) => {
            tracing::warn!(%error, "no vectors for a search; it goes by words alone");
            None
        }
    }
}

fn cosine(a: &[f32], b: &[f32]) -> f64 {
    if a.len() != b.len() {
        return 0.0;
    }
    let (mut dot, mut aa, mut bb) = (0.0f32, 0.0f32, 0.0f32);
    for (x, y) in a.iter().zip(b) {
        dot += x * y;
        aa += x * x;
        bb += y * y;
    }
    let length = f64::from(aa).sqrt() * f64::from(bb).sqrt();
    if length > 0.0 { f64::from(dot) / length } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_vectors_have_a_cosine_near_one() {
        assert!((cosine(&[1.0, 2.0], &[2.0, 4.0]) - 1.0).abs() < 1e-6);
        assert!(cosine(&[1.0, 0.0], &[0.0, 1.0]).abs() < 1e-6);
        assert_eq!(cosine(&[1.0], &[1.0, 2.0]), 0.0);
        assert_eq!(cosine(&[0.0], &[0.0]), 0.0);
    }
}
