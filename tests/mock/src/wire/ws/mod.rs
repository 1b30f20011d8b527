//! WebSockets, written here as HTTP/1.1 is: a fault is a matter of single frames and bits.

mod frame;
mod places;
mod script;
mod service;
mod talk;

use std::{sync::Arc, time::Duration};

pub use script::{CloseCode, Empty, End as TalkEnd, Spelled, Step, Word};

pub(crate) use places::{Place, place_of};

use self::talk::{Over, Talk};
use super::{Exchange, Gone, Out};
use crate::{
    script::{Do, EndWith, Reply},
    service::After,
    shared::{Claim, Shared},
};

/// Accepts a handshake and talks, by a script or as the service does.
pub(crate) async fn serve<O: Out>(
    shared: &Arc<Shared>,
    n: usize,
    place: &'static Place,
    claim: Claim,
    exchange: &mut Exchange<O>,
) -> Result<After, Gone> {
    let (source, reply) = match claim {
        Claim::Scripted(reply) => ("scripted", Some(*reply)),
        _ => ("synthesised", None),
    };
    let violations = places::violations(&exchange.head);
    let mut headers = places::accepting(&exchange.head);
    if let Some(reply) = &reply {
        lay_over(&mut headers, reply, shared);
    }
    let Some(socket) = exchange.out.socket() else { return Err(Gone) };
    let mut head = "HTTP/1.1 101 Switching Protocols\r\n".to_owned();
    headers.iter().for_each(|(name, value)| head.push_str(&format!("{name}: {value}\r\n")));
    head.push_str("\r\n");
    shared.switched(n, source, headers, violations);
    if let Some(reply) = &reply {
        socket.pause(Duration::from_millis(reply.delay_ms)).await?;
    }
    let mut talk = Talk::new(shared, n, place, socket);
    let ended = async {
        talk.write(head.as_bytes()).await?;
        match reply.and_then(|reply| reply.ws) {
            Some(steps) => play(&mut talk, &steps).await,
            None => service::serve(&mut talk).await.map(|()| Do::Close),
        }
    };
    let end = match Box::pin(ended).await {
        Ok(end) => end,
        Err(Over::Closed) => Do::Close,
        Err(Over::Gone) => return Err(Gone),
    };
    if end == Do::Hold {
        return Err(exchange.out.hold().await);
    }
    exchange.out.finally(&EndWith { r#do: end, ..EndWith::default() }).await;
    Ok(After::Ended)
}

fn lay_over(headers: &mut Vec<(String, String)>, reply: &Reply, shared: &Shared) {
    for (name, value) in &reply.headers {
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if let Some(text) = value.as_str() {
            headers.push((name.clone(), shared.fill(text)));
        }
    }
}

/// Plays steps; then the conversation goes on until the client closes.
async fn play(talk: &mut Talk<'_>, steps: &[Step]) -> Result<Do, Over> {
    if let Some(end) = Box::pin(steps_once(talk, steps)).await? {
        return Ok(end);
    }
    loop {
        talk.receive().await?;
    }
}

async fn steps_once(talk: &mut Talk<'_>, steps: &[Step]) -> Result<Option<Do>, Over> {
    for step in steps {
        if let Some(end) = one(talk, step).await? {
            return Ok(Some(end));
        }
    }
    Ok(None)
}

async fn one(talk: &mut Talk<'_>, step: &Step) -> Result<Option<Do>, Over> {
    let broken = |talk: &Talk<'_>, why: String| {
        talk.report(format!("the script cannot be played: {why}"));
        Over::Gone
    };
    let shared = Arc::clone(talk.shared);
    match step.message(&|text| shared.fill(text)) {
        Ok(Some((opcode, payload))) => talk.send(opcode, payload, step.fragments.unwrap_or(1)).await?,
        Ok(None) => {}
        Err(why) => return Err(broken(talk, why)),
    }
    if step.synth {
        for event in service::every_event(talk) {
            talk.send_json(&event).await?;
        }
    }
    for (opcode, payload) in [(frame::PING, &step.ping), (frame::PONG, &step.pong)] {
        if let Some(text) = payload {
            talk.write(&frame::Frame::new(opcode, text.clone()).bytes(None)).await?;
        }
    }
    if let Some(spelled) = &step.frame {
        let bytes = spelled.bytes().map_err(|why| broken(talk, why))?;
        talk.write(&bytes).await?;
    }
    if let Some(raw) = &step.raw {
        let bytes = script::decoded(raw).map_err(|why| broken(talk, why))?;
        talk.write(&bytes).await?;
    }
    if let Some(want) = &step.expect {
        let message = talk.receive().await?;
        let got = serde_json::from_slice(&message).unwrap_or_default();
        if !script::includes(want, &got) {
            talk.report(format!("the script expects {want} here"));
        }
    }
    for _ in 0..step.receive.unwrap_or_default() {
        talk.receive().await?;
    }
    if let Some(word) = step.wait_for {
        talk.wait_for(word).await?;
    }
    if let Some(on) = step.answer_pings {
        talk.answer_pings = on;
    }
    if let Some(gate) = &step.gate {
        talk.until(shared.gate(gate)).await?;
    }
    if let Some(wait) = step.wait_ms {
        talk.until(tokio::time::sleep(Duration::from_millis(wait))).await?;
    }
    if let Some(steps) = &step.steps {
        for _ in 0..step.times.count() {
            if let Some(end) = Box::pin(steps_once(talk, steps)).await? {
                return Ok(Some(end));
            }
        }
    }
    if let Some(code) = &step.close {
        let code = match code {
            CloseCode::Code(code) => Some(*code),
            CloseCode::Word(Empty::Empty) => None,
        };
        talk.close(code, &step.reason).await?;
        return Ok(Some(Do::Close));
    }
    Ok(step.end.map(TalkEnd::r#do))
}
