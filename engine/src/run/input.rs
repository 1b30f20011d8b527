//! What the model gets to see: the part of the thread that fits, and the pictures in it.

use std::collections::HashSet;

use base64::Engine as _;
use serde_json::{Value, json};

use super::ending::{Ending, usage_of};
use crate::db::Db;
use crate::error::Failure;
use crate::model::Turn;
use crate::store::runs::Held;
use crate::store::{files, messages};
use crate::tokens;

/// Messages read at once.
const PAGE: i64 = 200;
/// Tokens that a message costs beside its text, and a picture.
const PER_MESSAGE: i64 = 8;
const PER_PICTURE: i64 = 1000;
/// Part of the context kept free for the answer.
const ANSWER_SHARE: i64 = 4;

/// What is left of a budget, in tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// Tokens that the model can take.
    pub(crate) context: i64,
    /// How much of the thread has been taken away because the provider said that it was too long: each time a quarter.
    pub(crate) cuts: u32,
}

/// What the model gets to see.
#[derive(Debug)]
pub(crate) struct Window {
    /// Messages, oldest first.
    pub(crate) messages: Vec<Value>,
    /// Tokens of the whole request, at most.
    pub(crate) cost: i64,
}

/// The messages of a thread that the model is to see.
pub(crate) async fn window(
    db: &Db,
    held: &Held,
    turns: &[Turn],
    room: Room,
) -> Result<Result<Window, Ending>, Failure> {
    let budget = held.run["max_prompt_tokens"].as_i64().map(|max| max - usage_of(&held.plan).prompt);
    let context = (room.context - room.context / ANSWER_SHARE).max(1);
    let mut limit = budget.map_or(context, |budget| budget.min(context));
    // No token is shorter than a byte: most threads are seen to fit without counting.
    let mut chosen = choose(db, held, turns, limit, Measure::Bound).await?;
    if !chosen.fits {
        chosen = choose(db, held, turns, limit, Measure::Exact).await?;
    }
    if chosen.cost > limit && budget.is_some() {
        return Ok(Err(Ending::Incomplete("max_prompt_tokens")));
    }
    for _ in 0..room.cuts {
        // What was sent is what the provider found too long, whatever was thought to fit.
        let sent = choose(db, held, turns, limit, Measure::Exact).await?.cost;
        limit = sent.min(limit) - sent.min(limit) / 4;
        chosen = choose(db, held, turns, limit, Measure::Exact).await?;
    }
    let pinned = held.run["truncation_strategy"]["type"] == "auto";
    if !chosen.fits && pinned {
        pin_first(db, held, &mut chosen, limit).await?;
    }
    chosen.messages.reverse();
    Ok(Ok(Window { messages: chosen.messages, cost: chosen.cost }))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Bound,
    Exact,
}

impl Measure {
    fn of(self, text: &str) -> i64 {
        match self {
            Self::Bound => tokens::bound(text),
            Self::Exact => tokens::count(text),
        }
    }
}

/// Messages, newest first.
struct Chosen {
    messages: Vec<Value>,
    cost: i64,
    fits: bool,
}

async fn choose(db: &Db, held: &Held, turns: &[Turn], limit: i64, measure: Measure) -> Result<Chosen, Failure> {
    let mut cost = fixed_cost(&held.run, turns, measure);
    let mut wanted = held.run["truncation_strategy"]["last_messages"].as_i64().unwrap_or(i64::MAX);
    let mut up_to = held.plan["window"].as_i64().unwrap_or(i64::MAX);
    let (mut chosen, mut has_user) = (Vec::new(), false);
    while wanted > 0 {
        let page = messages::newest(db, held.thread_id(), up_to, held.id(), wanted.min(PAGE)).await?;
        let end = (page.len() as i64) < wanted.min(PAGE);
        for (place, message) in page {
            up_to = place - 1;
            wanted -= 1;
            let price = message_cost(&message, measure);
            // The newest message of the user, and what is behind it, is always sent.
            if has_user && cost + price > limit {
                return Ok(Chosen { messages: chosen, cost, fits: false });
            }
            cost += price;
            has_user |= message["role"] == "user";
            chosen.push(message);
        }
        if end {
            break;
        }
    }
    Ok(Chosen { messages: chosen, cost, fits: cost <= limit })
}

/// Makes room for the first message of the user: what the thread is about.
async fn pin_first(db: &Db, held: &Held, chosen: &mut Chosen, limit: i64) -> Result<(), Failure> {
    let Some(first) = messages::first_of_user(db, held.thread_id()).await? else { return Ok(()) };
    if chosen.messages.iter().any(|message| message["id"] == first["id"]) {
        return Ok(());
    }
    let price = message_cost(&first, Measure::Exact);
    let newest_user = chosen.messages.iter().position(|message| message["role"] == "user").unwrap_or(0);
    let droppable: i64 =
        chosen.messages.iter().skip(newest_user + 1).map(|message| message_cost(message, Measure::Exact)).sum();
    if chosen.cost - droppable + price > limit {
        return Ok(());
    }
    while chosen.cost + price > limit {
        let Some(dropped) = chosen.messages.pop() else { break };
        chosen.cost -= message_cost(&dropped, Measure::Exact);
    }
    chosen.messages.push(first);
    Ok(())
}

fn fixed_cost(run: &Value, turns: &[Turn], measure: Measure) -> i64 {
    let mut text = run["instructions"].as_str().unwrap_or_default().to_owned();
    for tool in run["tools"].as_array().into_iter().flatten() {
        text.push_str(&tool.to_string());
    }
    for turn in turns {
        text.push_str(&turn.text);
        for call in &turn.calls {
            text.extend([call.name.as_str(), call.arguments.as_str(), call.output.as_str()]);
        }
    }
    measure.of(&text)
}

fn message_cost(message: &Value, measure: Measure) -> i64 {
    let parts = message["content"].as_array().into_iter().flatten();
    let costs = parts.map(|part| match part["type"].as_str() {
        Some("text") => measure.of(part["text"]["value"].as_str().unwrap_or_default()),
        Some("refusal") => measure.of(part["refusal"].as_str().unwrap_or_default()),
        _ => PER_PICTURE,
    });
    PER_MESSAGE + costs.sum::<i64>()
}

/// Replaces images that are files by their bytes, which is how every provider can see them.
pub(crate) async fn with_pictures(db: &Db, tenant: &str, messages: Vec<Value>) -> Result<Vec<Value>, Failure> {
    let mut shown = Vec::with_capacity(messages.len());
    for mut message in messages {
        // Only what the user sent is looked at again.
        let parts = if message["role"] == "user" { message["content"].as_array_mut() } else { None };
        for part in parts.into_iter().flatten() {
            if part["type"] != "image_file" {
                continue;
            }
            let id = part["image_file"]["file_id"].as_str().unwrap_or_default().to_owned();
            let detail = part["image_file"]["detail"].clone();
            // A picture whose file is gone is named, so that the model does not guess.
            *part = match picture(db, tenant, &id).await? {
                Some(url) => json!({"type": "image_data", "image_data": {"url": url, "detail": detail}}),
                None => crate::objects::message::text_part(&format!("[image {id}, which has been deleted]")),
            };
        }
        shown.push(message);
    }
    Ok(shown)
}

async fn picture(db: &Db, tenant: &str, id: &str) -> Result<Option<String>, Failure> {
    let file = match files::get(db, tenant, id).await {
        Ok(file) => file,
        Err(Failure::Api(_)) => return Ok(None),
        Err(other) => return Err(other),
    };
    let mut bytes = Vec::new();
    let mut part = 0;
    while let Some(more) = files::part(db, id, part).await? {
        bytes.extend(more);
        part += 1;
    }
    let kind = match bytes.get(..4) {
        Some([0x89, b'P', b'N', b'G']) => "image/png",
        Some([0xff, 0xd8, ..]) => "image/jpeg",
        Some(b"GIF8") => "image/gif",
        Some(b"RIFF") => "image/webp",
        _ if file["filename"].as_str().is_some_and(|name| name.ends_with(".png")) => "image/png",
        _ => "image/jpeg",
    };
    let data = base64::engine::general_purpose::STANDARD.encode(&bytes);
    Ok(Some(format!("data:{kind};base64,{data}")))
}

/// Ids of calls that a run has used.
pub(crate) fn used_ids(turns: &[Turn]) -> Vec<String> {
    let ids: HashSet<&str> = turns.iter().flat_map(|turn| &turn.calls).map(|call| call.id.as_str()).collect();
    ids.into_iter().map(str::to_owned).collect()
}
