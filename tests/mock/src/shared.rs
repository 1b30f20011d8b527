//! What all connections of a server share: its script, its gates, its log.

use std::{
    collections::{BTreeMap, HashSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::{
    api::{Api, Operation},
    check::{Checked, Violation},
    log::{BodyLog, ConnectionLog, Conversation, Meter, Seen, Sent, Tally},
    places::{OtherLog, OtherOrigin, Refused, Silent},
    script::{On, Plan, Reply},
    server::MockServer,
    synth::{Answer, Assistants, Synth},
    tls::Tls,
    wire::Head,
};

/// The epoch of a server that has stopped.
pub(crate) const STOPPED: u64 = u64::MAX;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking task left behind is still a log worth reading.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a server saw so far.
#[derive(Debug, Clone)]
pub struct Log {
    /// Requests in the order of their heads.
    pub requests: Vec<Arc<Seen>>,
    /// Connections in the order of their first request.
    pub connections: Vec<ConnectionLog>,
    /// What reached the other origin.
    pub other: OtherLog,
}

/// What all connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub api: Arc<Api>,
    pub address: SocketAddr,
    pub synth: Synth,
    started: Instant,
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
    /// Apart from `changed`: thousands of streams may wait for a gate, and not every request may wake them all.
    gates: watch::Sender<HashSet<String>>,
    /// Counts resets; connections of an earlier epoch close.
    pub epoch: watch::Sender<u64>,
    other: OnceLock<OtherOrigin>,
    refused: OnceLock<Refused>,
    silent: OnceLock<Silent>,
    tls: Mutex<Tls>,
    pub spawned: Mutex<Vec<MockServer>>,
}

#[derive(Debug, Default)]
struct Inner {
    script: Vec<Scripted>,
    scripted: bool,
    requests: Vec<Arc<Seen>>,
    connections: BTreeMap<usize, (Tally, ConnectionLog)>,
    numbered: usize,
    assistants: Assistants,
    /// Keys of connections; never reset, so that a connection of an earlier time finds nothing.
    next_key: usize,
}

#[derive(Debug)]
struct Scripted {
    reply: Reply,
    left: u64,
}

/// What a request is answered with.
pub(crate) enum Claim {
    /// A reply of the script.
    Scripted(Box<Reply>),
    /// There is a script, but no reply in it for this.
    Unscripted,
    /// There is no script.
    Service,
}

impl Shared {
    pub(crate) fn new(api: Arc<Api>, address: SocketAddr) -> Self {
        Self {
            synth: Synth::new(api.clone()),
            api,
            address,
            started: Instant::now(),
            inner: Mutex::default(),
            changed: watch::Sender::new(0),
            gates: watch::Sender::default(),
            epoch: watch::Sender::new(0),
            other: OnceLock::new(),
            refused: OnceLock::new(),
            silent: OnceLock::new(),
            tls: Mutex::default(),
            spawned: Mutex::default(),
        }
    }

    fn change<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        let value = act(&mut lock(&self.inner));
        self.changed.send_modify(|n| *n += 1);
        value
    }

    fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    pub(crate) fn add_script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.change(|inner| {
            inner.scripted = true;
            let entries = replies.into_iter().map(|reply| Scripted { left: reply.times.count(), reply });
            inner.script.extend(entries);
        });
    }

    pub(crate) fn open(&self, gate: &str) {
        self.gates.send_modify(|gates| {
            gates.insert(gate.to_owned());
        });
    }

    pub(crate) async fn gate(&self, name: &str) {
        // The sender is our own, so it cannot be gone.
        let mut gates = self.gates.subscribe();
        let _open = gates.wait_for(|gates| gates.contains(name)).await;
    }

    pub(crate) fn reset(&self) {
        self.change(|inner| {
            *inner = Inner { next_key: inner.next_key, ..Inner::default() };
        });
        self.gates.send_modify(HashSet::clear);
        *lock(&self.tls) = Tls::default();
        if let Some(other) = self.other.get() {
            other.forget();
        }
        self.epoch.send_modify(|e| *e += 1);
    }

    /// Stops the server: all its connections close.
    pub(crate) fn stop(&self) {
        self.epoch.send_modify(|e| *e = STOPPED);
    }

    /// How many scripted replies are left, those without end aside.
    pub(crate) fn left(&self) -> usize {
        lock(&self.inner).script.iter().filter(|s| s.left != u64::MAX).count()
    }

    fn take(&self, fits: impl Fn(&Reply) -> bool) -> Option<Reply> {
        let mut inner = lock(&self.inner);
        let found = inner.script.iter().position(|s| s.left > 0 && fits(&s.reply))?;
        let entry = &mut inner.script[found];
        if entry.left != u64::MAX {
            entry.left -= 1;
        }
        let reply = entry.reply.clone();
        inner.script.retain(|s| s.left > 0);
        Some(reply)
    }

    pub(crate) fn claim(&self, head: &Head) -> Claim {
        match self.take(|r| r.on != On::Accept && r.is_for(&head.verb, head.api_path())) {
            Some(reply) => Claim::Scripted(Box::new(reply)),
            None if lock(&self.inner).scripted => Claim::Unscripted,
            None => Claim::Service,
        }
    }

    pub(crate) fn claim_accept(&self) -> Option<Reply> {
        self.take(|r| r.on == On::Accept)
    }

    /// A connection was accepted: its key.
    pub(crate) fn opened(&self, tally: Tally) -> usize {
        let opened_ms = self.now_ms();
        let log = ConnectionLog {
            n: 0,
            opened_ms,
            closed_ms: None,
            closed_by: None,
            requests: 0,
            bytes_in: 0,
            bytes_out: 0,
            unsent: false,
        };
        let mut inner = lock(&self.inner);
        inner.next_key += 1;
        let key = inner.next_key;
        inner.connections.insert(key, (tally, log));
        key
    }

    /// The connection's number in the log; it gets one with its first request, so that control connections get none.
    pub(crate) fn number(&self, key: usize) -> usize {
        self.change(|inner| {
            let next = inner.numbered + 1;
            let Some((_, log)) = inner.connections.get_mut(&key) else { return 0 };
            if log.n == 0 {
                (log.n, inner.numbered) = (next, next);
            }
            log.n
        })
    }

    pub(crate) fn closed(&self, key: usize) {
        let is_control = lock(&self.inner).connections.get(&key).is_some_and(|(t, _)| t.is_control());
        if !is_control {
            self.number(key);
        }
        let now = self.now_ms();
        self.change(|inner| {
            if let Some((tally, log)) = inner.connections.get_mut(&key) {
                log.closed_ms = Some(now);
                log.closed_by = Some(tally.closed_by());
            }
        });
    }

    /// A head has arrived: its place in the log.
    pub(crate) fn arrived(&self, connection: usize, stream: u32, head: &Head) -> usize {
        let operation = self.api.route(&head.line()).map(|m| m.operation.id.clone());
        let at_ms = self.now_ms();
        self.change(|inner| {
            let n = inner.requests.len() + 1;
            let (head, body) = (head.clone(), Meter::default().log());
            let seen = Seen {
                n,
                connection,
                stream,
                head,
                operation,
                at_ms,
                body,
                violations: Vec::new(),
                reply: None,
                socket: None,
            };
            inner.requests.push(Arc::new(seen));
            if let Some((_, log)) = inner.connections.values_mut().find(|(_, log)| log.n == connection) {
                log.requests += 1;
            }
            n
        })
    }

    /// The client closed while its request was read or its reply written.
    pub(crate) fn cut_off(&self, tally: &Tally) {
        self.change(|_| tally.cut_off());
    }

    pub(crate) fn malformed(&self, connection: usize, why: String) {
        let n = self.arrived(connection, 0, &Head { verb: "?".to_owned(), ..Head::default() });
        let violation = Violation { path: "head".to_owned(), message: why };
        self.read(n, Meter::default().log(), vec![violation]);
    }

    fn seen(&self, n: usize, act: impl FnOnce(&mut Seen)) {
        self.change(|inner| {
            if let Some(seen) = n.checked_sub(1).and_then(|i| inner.requests.get_mut(i)) {
                act(Arc::make_mut(seen));
            }
        });
    }

    pub(crate) fn read(&self, n: usize, body: BodyLog, violations: Vec<Violation>) {
        self.seen(n, |seen| (seen.body, seen.violations) = (body, violations));
    }

    pub(crate) fn replying(&self, n: usize, source: &'static str, plan: &Plan) {
        let (status, headers) = plan.head.as_ref().map_or((0, Vec::new()), |h| (h.status, h.headers.clone()));
        let sent = Sent { source, status, headers, body: plan.log.clone(), whole: false };
        self.seen(n, |seen| seen.reply = Some(sent));
    }

    /// The connection of request `n` speaks WebSocket from here on.
    pub(crate) fn switched(
        &self,
        n: usize,
        source: &'static str,
        headers: Vec<(String, String)>,
        violations: Vec<Violation>,
    ) {
        let sent = Sent { source, status: 101, headers, body: Meter::default().log(), whole: true };
        self.seen(n, |seen| {
            (seen.reply, seen.violations, seen.socket) = (Some(sent), violations, Some(Conversation::default()));
        });
    }

    pub(crate) fn violation(&self, n: usize, violation: Violation) {
        self.seen(n, |seen| seen.violations.push(violation));
    }

    /// The client sent a message.
    pub(crate) fn heard(&self, n: usize, message: &[u8]) {
        let log = Meter::of(message);
        self.talked(n, |talk| talk.received.push(log));
    }

    /// The server sends a message.
    pub(crate) fn said(&self, n: usize, message: &[u8]) {
        let log = Meter::of(message);
        self.talked(n, |talk| talk.sent.push(log));
    }

    pub(crate) fn client_closed(&self, n: usize, code: Option<u16>, reason: String) {
        self.talked(n, |talk| talk.closed = Some((code, reason)));
    }

    fn talked(&self, n: usize, act: impl FnOnce(&mut Conversation)) {
        self.seen(n, |seen| act(seen.socket.get_or_insert_default()));
    }

    pub(crate) fn sent_whole(&self, n: usize) {
        self.seen(n, |seen| {
            if let Some(reply) = &mut seen.reply {
                reply.whole = true;
            }
        });
    }

    pub(crate) fn log(&self) -> Log {
        let inner = lock(&self.inner);
        let mut connections: Vec<_> = inner
            .connections
            .values()
            .filter(|(tally, log)| log.n > 0 && !tally.is_control())
            .map(|(tally, log)| {
                let mut log = log.clone();
                tally.write_to(&mut log);
                log
            })
            .collect();
        connections.sort_by_key(|c| c.n);
        let other = self.other.get().map(OtherOrigin::log).unwrap_or_default();
        Log { requests: inner.requests.clone(), connections, other }
    }

    pub(crate) async fn wait(&self, limit: Duration, done: impl Fn(&Log) -> bool) -> bool {
        let mut changed = self.changed.subscribe();
        let waiting = async {
            while !done(&self.log()) {
                if changed.changed().await.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(limit, waiting).await.unwrap_or_else(|_| done(&self.log()))
    }

    /// Replaces `${origin}` and its kin.
    pub(crate) fn fill(&self, text: &str) -> String {
        if !text.contains("${") {
            return text.to_owned();
        }
        let host = self.address.to_string();
        let mut text = text.replace("${origin}", &format!("http://{host}")).replace("${host}", &host);
        if text.contains("${other") {
            let other = self.other.get_or_init(|| {
                OtherOrigin::start(self.changed.clone()).unwrap_or_else(|e| panic!("no free port: {e}"))
            });
            let host = other.address.to_string();
            text = text.replace("${other}", &format!("http://{host}")).replace("${other_host}", &host);
        }
        if text.contains("${refused}") {
            let refused = self.refused.get_or_init(MockServer::refused);
            text = text.replace("${refused}", &refused.origin());
        }
        if text.contains("${silent}") {
            let silent = self.silent.get_or_init(|| Silent::new(self.address.port()));
            text = text.replace("${silent}", &silent.origin());
        }
        text
    }

    /// How connections that begin with a handshake are met.
    pub(crate) fn tls(&self) -> Tls {
        lock(&self.tls).clone()
    }

    pub(crate) fn set_tls(&self, tls: Tls) {
        *lock(&self.tls) = tls;
    }

    /// What the unscripted service answers.
    pub(crate) fn answer(&self, operation: &Operation, checked: &Checked) -> Answer {
        let mut inner = lock(&self.inner);
        self.synth.answer(operation, checked, &mut inner.assistants)
    }
}
