//! Plays a plan: heads, pieces, waits, and the end.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};

use super::{Do, Plan, Reply, body::BLOCK};
use crate::{
    service::After,
    shared::Shared,
    wire::{Gone, Out},
};

/// Plays a reply on a connection from which nothing was read.
pub(crate) async fn raw_on_accept<O: Out>(shared: &Arc<Shared>, reply: Reply, out: &mut O) -> Result<After, Gone> {
    // A script is checked when it is taken in; what is still wrong here ends as silence would.
    let Ok(plan) = Plan::new(Reply { nothing: reply.raw.is_none(), ..reply }, None, &|t| shared.fill(t)) else {
        return Err(Gone);
    };
    play(shared, None, plan, out).await
}

/// Plays `plan`. `n` is the request's place in the log.
pub(crate) async fn play<O: Out>(
    shared: &Arc<Shared>,
    n: Option<usize>,
    mut plan: Plan,
    out: &mut O,
) -> Result<After, Gone> {
    out.pause(Duration::from_millis(plan.reply.delay_ms)).await?;
    if let Some(gate) = &plan.reply.gate {
        out.until(shared.gate(gate)).await?;
    }
    for (status, headers, times) in &plan.interim {
        for _ in 0..*times {
            out.interim(*status, headers).await?;
            tokio::task::yield_now().await;
        }
    }
    // Before the reply: once the client has it, the next request may already be on its way.
    match plan.end.r#do {
        Do::Blackhole => out.deafen(),
        Do::Leave => out.leave().await,
        _ => {}
    }
    if let Some(head) = &plan.head {
        out.head(head).await?;
    }
    out.pause(Duration::from_millis(plan.reply.body_delay_ms)).await?;
    let whole = if plan.reply.nothing { true } else { body(shared, &mut plan, out).await? };
    if whole && plan.head.is_some() && plan.reply.last_chunk != Some(false) {
        out.finish().await?;
    }
    if let Some(n) = n.filter(|_| whole) {
        shared.sent_whole(n);
    }
    end(shared, &plan, out).await
}

/// Sends the body; whether all of it was sent.
async fn body<O: Out>(shared: &Arc<Shared>, plan: &mut Plan, out: &mut O) -> Result<bool, Gone> {
    let reply = plan.reply.clone();
    let raw = plan.head.is_none();
    let (mut offset, mut cuts) = (0_u64, std::mem::take(&mut plan.cuts).into_iter().peekable());
    loop {
        while let Some(cut) = cuts.next_if(|c| c.at <= offset) {
            out.pause(Duration::from_millis(cut.ms)).await?;
            if let Some(gate) = &cut.gate {
                out.until(shared.gate(gate)).await?;
            }
        }
        let next_stop =
            [cuts.peek().map(|c| c.at), reply.stop].into_iter().flatten().min().map(|at| at - offset.min(at));
        if reply.stop.is_some_and(|stop| stop <= offset) {
            return Ok(false);
        }
        let exact = match (reply.piece, next_stop) {
            (None, None) => None,
            (piece, stop) => {
                let most = piece.unwrap_or(BLOCK).max(1);
                Some(stop.map_or(most, |s| most.min(usize::try_from(s).unwrap_or(most))))
            }
        };
        // An encoder that fails cannot be told to the client in any other way.
        let Some(bytes) = plan.feed.take(exact).map_err(|_| Gone)? else { return Ok(true) };
        let bytes = corrupted(bytes, offset, &reply.corrupt);
        if offset > 0 && reply.every_ms > 0 {
            out.pause(Duration::from_millis(reply.every_ms)).await?;
        }
        offset += bytes.len() as u64;
        if raw {
            out.raw(bytes).await?
        } else {
            out.data(bytes).await?
        }
        // A socket that takes all there is would never let another task run.
        tokio::task::yield_now().await;
    }
}

fn corrupted(bytes: Bytes, offset: u64, places: &[u64]) -> Bytes {
    let here: Vec<usize> = places
        .iter()
        .filter_map(|p| p.checked_sub(offset).and_then(|p| usize::try_from(p).ok()))
        .filter(|p| *p < bytes.len())
        .collect();
    if here.is_empty() {
        return bytes;
    }
    let mut bytes = BytesMut::from(&bytes[..]);
    for place in here {
        bytes[place] ^= 0xff;
    }
    bytes.freeze()
}

async fn end<O: Out>(shared: &Arc<Shared>, plan: &Plan, out: &mut O) -> Result<After, Gone> {
    let end = &plan.end;
    out.pause(Duration::from_millis(end.after_ms)).await?;
    if let Some(gate) = &end.gate {
        out.until(shared.gate(gate)).await?;
    }
    match end.r#do {
        Do::Keep => return Ok(After::Keep),
        Do::Blackhole => {}
        Do::Leave | Do::Close | Do::Reset | Do::Goaway | Do::Tunnel => {
            out.finally(end).await;
            return Ok(After::Ended);
        }
        Do::Hold => {}
        Do::Heartbeat => {
            let text = Bytes::from(end.text.clone().unwrap_or_else(|| ": heartbeat\n\n".to_owned()));
            for _ in 0..end.times.unwrap_or(u64::MAX) {
                out.pause(Duration::from_millis(end.every_ms.unwrap_or(100))).await?;
                out.data(text.clone()).await?;
            }
        }
    }
    Err(out.hold().await)
}
