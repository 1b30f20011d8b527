//! What is said where there is no script: enough of each conversation for programs to run against.

use serde_json::{Value, json};

use super::talk::{Over, Talk};
use crate::{
    api::{TypeDef, Union},
    check::Checked,
    synth::{Content, Maker, arm_of, hash, pieces},
};

/// Objects nested less deep than this get their optional members.
const OPTIONAL: usize = 2;

/// Talks until the client closes.
pub(super) async fn serve(talk: &mut Talk<'_>) -> Result<(), Over> {
    for tag in ["session.created", "session.started"] {
        // A live session begins when it is asked to.
        if !talk.place.client.starts_with("Live") && !talk.place.client.starts_with("Fork") {
            say(talk, tag, json!({})).await?;
        }
    }
    loop {
        let message = talk.receive().await?;
        let event: Value = serde_json::from_slice(&message).unwrap_or_default();
        let kind = event["type"].as_str().unwrap_or_default();
        match kind {
            "response.create" if talk.place.server.contains("Responses") => response(talk, &event).await?,
            "response.create" => turn(talk).await?,
            "session.update" => say(talk, "session.updated", json!({"session": event["session"]})).await?,
            "session.start" => say(talk, "session.started", json!({})).await?,
            "conversation.item.create" => {
                say(talk, "conversation.item.added", json!({"item": event["item"]})).await?;
                say(talk, "conversation.item.done", json!({"item": event["item"]})).await?;
            }
            "session.close" => {
                say(talk, "session.closed", json!({})).await?;
                talk.close(Some(1000), "").await?;
            }
            other => {
                // `input_audio_buffer.commit` is answered with `input_audio_buffer.committed`, and so on.
                let past = [format!("{other}ted"), format!("{other}ed"), format!("{other}d")];
                for tag in past {
                    say(talk, &tag, json!({})).await?;
                }
            }
        }
    }
}

/// Sends the event of that tag with these members, if the server has such an event.
async fn say(talk: &mut Talk<'_>, tag: &str, members: Value) -> Result<(), Over> {
    let Some(mut event) = made(talk, tag) else { return Ok(()) };
    for (name, member) in members.as_object().into_iter().flatten() {
        event[name] = member.clone();
    }
    talk.send_json(&event).await
}

fn made(talk: &Talk<'_>, tag: &str) -> Option<Value> {
    let arm = arm_of(union_of(talk)?, tag)?;
    Some(Maker::new(&talk.shared.api, 0).make(arm, "event", hash(tag)))
}

fn union_of<'t>(talk: &'t Talk<'_>) -> Option<&'t Union> {
    match talk.shared.api.type_def(talk.place.server) {
        Some(TypeDef::Union(union)) => Some(union),
        _ => None,
    }
}

/// One event of each type that the server may send here.
pub(super) fn every_event(talk: &Talk<'_>) -> Vec<Value> {
    let maker = Maker::new(&talk.shared.api, OPTIONAL);
    let arms = union_of(talk).into_iter().flat_map(|union| union.arms.iter().enumerate());
    arms.map(|(place, arm)| maker.make(&arm.ty, "event", place as u64 + 1)).collect()
}

/// A response of the Responses API: the events of the stream that HTTP would give.
async fn response(talk: &mut Talk<'_>, event: &Value) -> Result<(), Over> {
    let Some(operation) = talk.shared.api.operation("responses.create") else { return Ok(()) };
    let mut args = event.as_object().cloned().unwrap_or_default();
    args.shift_remove("type");
    args.insert("stream".to_owned(), true.into());
    let checked = Checked { args, ..Checked::default() };
    let Content::Events(frames) = talk.shared.answer(operation, &checked).content else { return Ok(()) };
    for frame in frames {
        for data in frame.lines().filter_map(|line| line.strip_prefix("data: ")) {
            talk.send(super::frame::TEXT, data.to_owned().into(), 1).await?;
        }
    }
    Ok(())
}

/// A turn of the model in a realtime conversation, in text.
async fn turn(talk: &mut Talk<'_>) -> Result<(), Over> {
    let text = "Nice to hear from you.";
    say(talk, "response.created", json!({})).await?;
    for piece in pieces(text) {
        say(talk, "response.output_text.delta", json!({"delta": piece})).await?;
    }
    say(talk, "response.output_text.done", json!({"text": text})).await?;
    let audio = json!({"delta": "AAABAAIAAwAEAAUA"});
    say(talk, "response.output_audio.delta", audio).await?;
    say(talk, "response.output_audio.done", json!({})).await?;
    say(talk, "response.done", json!({})).await
}
