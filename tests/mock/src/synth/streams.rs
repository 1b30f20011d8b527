//! Event streams.

use serde_json::{Value, json};

use super::{Asked, chat, responses, text, values::Maker};
use crate::api::{TypeDef, TypeExpr, Union};

/// The frames of the stream that the request asks for.
pub(super) fn events(asked: &Asked<'_>) -> Vec<String> {
    match asked.op.id.as_str() {
        "chat.completions.create" => done(chat::chunks(asked)),
        "completions.create" => done(chat::text_chunks(asked)),
        _ => {
            let Some(stream) = &asked.op.stream else { return Vec::new() };
            let typed = match responses::events(asked, &stream.event) {
                Some(events) => events,
                None => from_union(asked, &stream.event, &stream.end),
            };
            typed.iter().map(frame).collect()
        }
    }
}

fn done(chunks: Vec<Value>) -> Vec<String> {
    let frames = chunks.into_iter().map(|c| format!("data: {c}\n\n"));
    frames.chain(["data: [DONE]\n\n".to_owned()]).collect()
}

/// The frame of an event that says its own type.
fn frame(event: &Value) -> String {
    match event["type"].as_str() {
        Some(kind) => format!("event: {kind}\ndata: {event}\n\n"),
        None => format!("data: {event}\n\n"),
    }
}

/// One event of each kind: those that end nothing first, then the first of those that end the stream well.
fn from_union(asked: &Asked<'_>, event: &str, end: &Value) -> Vec<Value> {
    let Ok(ty) = TypeExpr::parse(event) else { return Vec::new() };
    let maker = asked.maker();
    let TypeExpr::Named(name) = &ty else { return vec![maker.make(&ty, "event", asked.seed)] };
    let Some(TypeDef::Union(u)) = asked.api.type_def(name) else {
        return vec![maker.make(&ty, "event", asked.seed)];
    };
    let ends: Vec<_> = end.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let is_end = |tag: &str| ends.contains(&tag);
    let is_failure = |tag: &str| tag == "error" || tag.ends_with(".failed") || tag.ends_with(".error");
    let mut out = Vec::new();
    for (i, arm) in u.arms.iter().enumerate() {
        let tag = arm.tags.first().map_or("", String::as_str);
        if !is_end(tag) && !is_failure(tag) {
            out.push(maker.make(&arm.ty, "event", text::mix(asked.seed, i as u64)));
        }
    }
    // In the order of the description: the first end named is the good one.
    if let Some(arm) = ends.iter().find_map(|end| arm_of(u, end)) {
        out.push(maker.make(arm, "event", asked.seed));
    }
    for (n, event) in out.iter_mut().enumerate() {
        if event.get("sequence_number").is_some() {
            event["sequence_number"] = n.into();
        }
    }
    out
}

/// The arm of a union that a tag picks.
pub(crate) fn arm_of<'a>(u: &'a Union, tag: &str) -> Option<&'a TypeExpr> {
    u.arms.iter().find(|a| a.tags.iter().any(|t| t == tag)).map(|a| &a.ty)
}

/// The smallest event of that tag with `members` laid in; only members that the event has.
pub(super) fn event(maker: &Maker<'_>, u: &Union, tag: &str, members: Value, seed: u64) -> Option<Value> {
    let TypeExpr::Named(name) = arm_of(u, tag)? else { return None };
    let mut value = maker.named(name, seed);
    for (key, member) in members.as_object().into_iter().flatten() {
        value[key] = member.clone();
    }
    Some(value)
}

/// A text in pieces as a model would stream it: each word with the space before it.
pub(crate) fn pieces(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in text.split_inclusive(' ') {
        out.push(word.to_owned());
    }
    if out.is_empty() { vec![String::new()] } else { out }
}

/// Counts of tokens as good as any: words.
pub(super) fn tokens(text: &str) -> u64 {
    text.split_whitespace().count().max(1) as u64
}

/// `usage` of chat and completions.
pub(super) fn usage(prompt: &str, answer: &str) -> Value {
    let (p, a) = (tokens(prompt), tokens(answer));
    json!({"prompt_tokens": p, "completion_tokens": a, "total_tokens": p + a})
}
