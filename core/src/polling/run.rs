//! Polling itself, compiled once for all types.

use tokio::time::{Instant, sleep};
use tracing::debug;

use super::{POLL_AFTER, Poller, Step, Target};
use crate::client::{Args, CallFuture, Client, Deadline, Parts, RequestOptions};
use crate::error::{Error, ErrorKind};
use crate::json::{Doc, Node};
use crate::response::{RawReply, execute};

/// Makes a thing by several requests; the reply shows it.
pub(super) type Steps = Box<dyn FnOnce(Client, RequestOptions) -> CallFuture<RawReply> + Send>;
/// Is shown each state.
pub type OnLook = Box<dyn FnMut(&RawReply) -> Result<(), Error> + Send>;

/// What is known of a poll before it begins.
pub(super) struct Plan {
    pub(super) client: Client,
    pub(super) target: &'static Target,
    pub(super) start: Start,
    pub(super) ids: Ids,
    pub(super) poller: Poller,
    pub(super) options: RequestOptions,
    pub(super) on_look: Option<OnLook>,
}

/// How the thing comes to be.
pub(super) enum Start {
    /// It exists.
    None,
    /// By one call.
    Call(Box<Parts>),
    /// By several.
    Steps(Steps),
}

/// Values for the path of the operation that fetches the thing.
pub(super) enum Ids {
    /// All of them.
    Known(Vec<String>),
    /// All but the last, which is the `id` of what was made.
    Below(Vec<String>),
    /// A thread that was made together with its run.
    NewThread,
}

impl Ids {
    fn resolve(self, created: Option<&RawReply>) -> Result<Vec<String>, Error> {
        let member = |name| {
            let reply = created?;
            let doc = Doc::parse(&reply.body).ok()?;
            doc.root().get(name).and_then(Node::as_str).filter(|id| !id.is_empty()).map(|id| id.into_owned())
        };
        let found = match self {
            Self::Known(ids) => Some(ids),
            Self::Below(mut ids) => member("id").map(|id| {
                ids.push(id);
                ids
            }),
            Self::NewThread => member("thread_id").zip(member("id")).map(|(thread, run)| vec![thread, run]),
        };
        found.ok_or_else(|| {
            let message = "the reply names no id of what was made, so it cannot be polled";
            match created {
                Some(reply) => reply.decode_error(message),
                None => Error::new(ErrorKind::Decode, message),
            }
        })
    }
}

pub(super) fn run(plan: Box<Plan>) -> CallFuture<RawReply> {
    Box::pin(async move {
        let Plan { client, target, start, ids, mut poller, options, mut on_look } = *plan;
        let looks = RequestOptions { idempotency_key: None, extra_body: Vec::new(), ..options.clone() };
        let created = match start {
            Start::None => None,
            Start::Call(parts) => Some(execute(Box::new(Parts { options, ..*parts })).await?),
            Start::Steps(steps) => Some(steps(client.clone(), options).await?),
        };
        let ids = ids.resolve(created.as_ref())?;
        let id = ids.last().map_or("", String::as_str);
        debug!(resource = target.resource, id, "polling");
        if let Some(reply) = created
            && poller.created(&reply.body)
        {
            show(&mut on_look, &reply).map_err(|error| error.with_unfinished(poller.unfinished(id)))?;
            return Ok(reply);
        }
        let looks = with_headers(looks, &poller);
        let begin = Instant::now();
        let deadline = poller.limit().map(Deadline::after);
        loop {
            if poller.is_expired(begin.elapsed()) {
                return Err(poller.expired(id));
            }
            let args = Args::new(ids.clone(), "", Vec::new());
            let look = client.execute(target.retrieve, args, looks.clone());
            let look = match deadline {
                Some(deadline) => deadline.watch(Box::pin(look)).await,
                None => Some(Box::pin(look).await),
            };
            let Some(reply) = look else { return Err(poller.expired(id)) };
            let left = |error: Error, poller: &Poller| error.with_unfinished(poller.unfinished(id));
            let reply = reply.map_err(|error| left(error, &poller))?;
            let after = reply.headers.get(POLL_AFTER).and_then(|value| value.to_str().ok());
            let step = poller.observe(&reply.body, after, begin.elapsed());
            let step = step.map_err(|error| {
                left(error.with_reply(reply.status.as_u16(), &reply.headers).with_attempts(reply.attempts), &poller)
            })?;
            show(&mut on_look, &reply).map_err(|error| left(error, &poller))?;
            debug!(resource = target.resource, id, status = poller.status(), ?step, "polled");
            match step {
                Step::Done => return Ok(reply),
                Step::Expired => return Err(poller.expired(id)),
                Step::Wait(wait) => sleep(wait).await,
            }
        }
    })
}

fn show(on_look: &mut Option<OnLook>, reply: &RawReply) -> Result<(), Error> {
    on_look.as_mut().map_or(Ok(()), |on_look| on_look(reply))
}

/// The options of looks: a caller's own headers win over the poller's.
fn with_headers(options: RequestOptions, poller: &Poller) -> RequestOptions {
    let base = poller.headers().into_iter().fold(RequestOptions::new(), |base, (name, value)| base.header(name, value));
    options.over(&base)
}
