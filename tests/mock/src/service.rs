//! One request, from its head to the end of its reply.

use std::sync::Arc;

use crate::{
    check::{self, Checked, Violation},
    control,
    log::{Meter, Tally},
    script::{On, Plan, Read, Reply, play},
    shared::{Claim, Shared},
    synth::{self, Answer},
    wire::{Exchange, Gone, Head, Out, ws},
};

/// What becomes of the connection after a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It serves the next request.
    Keep,
    /// It ends, as [`Out::finally`] was told.
    Ended,
}

/// Reads, checks, answers and records one request.
pub(crate) async fn handle<O: Out>(
    shared: &Arc<Shared>,
    tally: &Tally,
    exchange: &mut Exchange<O>,
) -> Result<After, Gone> {
    let Exchange { connection, stream, head, out } = exchange;
    if head.is_control() {
        tally.set_control();
        return control(shared, head, out).await;
    }
    let n = shared.arrived(*connection, *stream, head);
    let claim = shared.claim(head);
    if let Some(place) = ws::place_of(head) {
        let speaks = match &claim {
            Claim::Scripted(reply) => reply.ws.is_some(),
            Claim::Service => head.header("authorization").is_some(),
            Claim::Unscripted => false,
        };
        if speaks {
            return ws::serve(shared, n, place, claim, exchange).await;
        }
    }
    let mut meter = Meter::for_checking();
    let read = match &claim {
        Claim::Scripted(reply) => reply.read.clone(),
        _ => Read::default(),
    };
    let on_head = matches!(&claim, Claim::Scripted(reply) if reply.on == On::Head);
    let mut well_formed = true;
    if !on_head {
        let may_continue = !matches!(&claim, Claim::Scripted(reply) if reply.r#continue == Some(false));
        let done = out.read_body(&read, may_continue && expects(head), &mut meter).await;
        if done.is_err() {
            shared.read(n, meter.log(), Vec::new());
            shared.cut_off(tally);
        }
        well_formed = done?;
    }
    let partly = on_head || read.bytes.is_some();
    if partly {
        out.leave_unread();
    }
    let log = meter.log();
    let body = meter.whole().filter(|_| !partly && well_formed);
    let checked = Checked::of(shared, head, body.as_ref(), well_formed);
    shared.read(n, with_parts(log, &checked), checked.violations.clone());

    let (source, plan) = choose(shared, head, claim, &checked);
    let plan = match plan {
        Ok(plan) => plan,
        Err(why) => {
            failed(shared, synth::error(500, "mock_script", &format!("The script cannot be played: {why}"), None))
        }
    };
    let plan = plan.towards(&head.target);
    shared.replying(n, source, &plan);
    let after = play(shared, Some(n), plan, out).await;
    if after.is_err() {
        shared.cut_off(tally);
    }
    after
}

fn expects(head: &Head) -> bool {
    head.header("expect").is_some_and(|v| v.eq_ignore_ascii_case("100-continue"))
}

fn with_parts(mut log: crate::log::BodyLog, checked: &Checked) -> crate::log::BodyLog {
    if !checked.parts.is_empty() {
        log.parts = Some(checked.parts.clone());
    }
    log
}

impl Checked {
    /// Checks a request; one without a route has that as its violation.
    fn of(shared: &Shared, head: &Head, body: Option<&bytes::Bytes>, well_formed: bool) -> Self {
        let mut checked = match shared.api.route(&head.line()) {
            // A proxy's affair, of which the description says nothing.
            None if head.verb == "CONNECT" => Self::default(),
            Some(matched) => check::request(&shared.api, &matched, head, body),
            // A handshake that a script refuses; the description knows no WebSockets.
            None if ws::place_of(head).is_some() => {
                Self { unauthorised: head.header("authorization").is_none(), ..Self::default() }
            }
            None => {
                let message = format!("no operation has {} {}", head.verb, head.api_path());
                let parts = body.and_then(|b| check::parts_of(head, b)).and_then(Result::ok).unwrap_or_default();
                let violations = vec![Violation { path: "path".to_owned(), message }];
                Self { violations, parts, ..Self::default() }
            }
        };
        if !well_formed {
            let message = "the chunked coding or the length is broken".to_owned();
            checked.violations.push(Violation { path: "body".to_owned(), message });
        }
        checked
    }
}

fn choose(shared: &Arc<Shared>, head: &Head, claim: Claim, checked: &Checked) -> (&'static str, Result<Plan, String>) {
    let fill = |text: &str| shared.fill(text);
    match claim {
        Claim::Scripted(reply) => {
            let answer = reply.synth.is_some().then(|| answer(shared, head, checked));
            ("scripted", Plan::new(*reply, answer, &fill))
        }
        Claim::Unscripted => {
            let message = format!("The script has no reply for {} {}.", head.verb, head.path);
            ("unscripted", Ok(failed(shared, synth::error(500, "mock_unscripted", &message, None))))
        }
        Claim::Service => {
            let (source, answer) = match refusal(shared, head, checked) {
                Some(answer) => ("refused", answer),
                None => ("synthesised", answer(shared, head, checked)),
            };
            (source, Plan::new(Reply::default(), Some(answer), &fill))
        }
    }
}

fn failed(shared: &Arc<Shared>, answer: Answer) -> Plan {
    match Plan::new(Reply::default(), Some(answer), &|t| shared.fill(t)) {
        Ok(plan) => plan,
        Err(why) => unreachable!("an error object can always be sent: {why}"),
    }
}

/// Why the unscripted service does not answer a request, if so.
fn refusal(shared: &Shared, head: &Head, checked: &Checked) -> Option<Answer> {
    if shared.api.route(&head.line()).is_none() && ws::place_of(head).is_none() {
        let message = format!("The description has no operation {} {}.", head.verb, head.api_path());
        return Some(synth::error(404, "mock_no_route", &message, None));
    }
    if checked.unauthorised {
        let message = "The request has no credential: send `Authorization: Bearer` and a key.";
        return Some(synth::error(401, "invalid_api_key", message, None));
    }
    let first = checked.violations.first()?;
    let mut message = format!("{} {}", first.path, first.message);
    if checked.violations.len() > 1 {
        message.push_str(&format!(" (and {} more)", checked.violations.len() - 1));
    }
    let param = first.path.split_once('.').map_or(first.path.as_str(), |(_, rest)| rest);
    Some(synth::error(400, "mock_validation", &message, Some(param)))
}

fn answer(shared: &Shared, head: &Head, checked: &Checked) -> Answer {
    match shared.api.route(&head.line()) {
        Some(matched) => shared.answer(matched.operation, checked),
        None => synth::error(404, "mock_no_route", "The description has no such operation.", None),
    }
}

async fn control<O: Out>(shared: &Arc<Shared>, head: &Head, out: &mut O) -> Result<After, Gone> {
    let mut meter = Meter::for_checking();
    let well_formed = out.read_body(&Read::default(), expects(head), &mut meter).await?;
    let body = meter.whole().filter(|_| well_formed).unwrap_or_default();
    let (status, value) = control::answer(shared, head, &body).await;
    let reply = Reply { status: Some(status), json: Some(value), ..Reply::default() };
    match Plan::new(reply, None, &str::to_owned) {
        Ok(plan) => play(shared, None, plan, out).await,
        Err(_) => Err(Gone),
    }
}
