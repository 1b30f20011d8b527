//! Ranks texts by the words they share with a query (BM25).

use std::collections::{HashMap, HashSet};

/// How fast more of the same word counts less.
const K1: f64 = 1.2;
/// How much a long text is held against it.
const B: f64 = 0.75;

/// Words of a text and how often each stands in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    counts: HashMap<Box<str>, u32>,
    total: u32,
}

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let mut words = Self::default();
        for word in split(text) {
            *words.counts.entry(word.into_boxed_str()).or_default() += 1;
            words.total += 1;
        }
        words
    }
}

/// Words in lower case, without plural endings; signs of scripts without blanks stand alone.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for letter in text.chars().flat_map(char::to_lowercase) {
        if is_sign(letter) {
            finish(&mut word, &mut words);
            words.push(letter.to_string());
        } else if letter.is_alphanumeric() {
            word.push(letter);
        } else if letter != '\'' && letter != '’' {
            finish(&mut word, &mut words);
        }
    }
    finish(&mut word, &mut words);
    words
}

fn finish(word: &mut String, words: &mut Vec<String>) {
    if word.is_empty() {
        return;
    }
    let mut word = std::mem::take(word);
    // "files" finds "file"; finer rules differ from language to language.
    if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") && word.is_ascii() {
        word.pop();
    }
    words.push(word);
}

fn is_sign(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// A score for each text, 0 where it shares no word with the query.
pub(super) fn scores<'a>(texts: impl Iterator<Item = &'a Words> + Clone, query: &str) -> Vec<f64> {
    let wanted: HashSet<String> = split(query).into_iter().collect();
    let (mut number, mut total) = (0u32, 0u64);
    let mut holders: HashMap<&str, u32> = HashMap::new();
    for text in texts.clone() {
        number += 1;
        total += u64::from(text.total);
        for word in wanted.iter().filter(|word| text.counts.contains_key(word.as_str())) {
            *holders.entry(word).or_default() += 1;
        }
    }
    let average = (total as f64 / f64::from(number.max(1))).max(1.0);
    let weight = |word: &str| {
        let holders = f64::from(holders.get(word).copied().unwrap_or(0));
        (1.0 + (f64::from(number) - holders + 0.5) / (holders + 0.5)).ln()
    };
    let weights: Vec<(&str, f64)> = wanted.iter().map(|word| (word.as_str(), weight(word))).collect();
    texts
        .map(|text| {
            let length = 1.0 - B + B * f64::from(text.total) / average;
            let score = weights.iter().map(|(word, weight)| {
                let count = f64::from(text.counts.get(*word).copied().unwrap_or(0));
                weight * count * (K1 + 1.0) / (count + K1 * length)
            });
            score.sum()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(texts: &[&str], query: &str) -> Vec<f64> {
        let words: Vec<Words> = texts.iter().map(|text| Words::of(text)).collect();
        scores(words.iter(), query)
    }

    #[test]
    fn rare_words_count_for_more_than_common_ones() {
        let found = ranked(&["the cat sat", "the dog sat", "the zebra sat"], "the zebra");
        assert!(found[2] > found[0] && found[2] > found[1]);
        assert_eq!(ranked(&["one", "two"], "three"), [0.0, 0.0]);
    }

    #[test]
    fn words_are_found_in_other_forms_and_scripts() {
        assert!(ranked(&["Our FILES are here"], "file")[0] > 0.0);
        assert!(ranked(&["Die Größe"], "GRÖSSE größe")[0] > 0.0);
        assert!(ranked(&["今天天气很好"], "天气")[0] > 0.0);
    }
}
