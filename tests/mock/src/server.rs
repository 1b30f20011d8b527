//! The server: its listener, its script, its log.

use std::{
    collections::{BTreeMap, HashSet},
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
    task::JoinHandle,
};

use crate::{
    api::{Api, Operation},
    check::{Checked, Violation},
    log::{BodyLog, ConnectionLog, Meter, Seen, Sent, Tally},
    places::{OtherLog, OtherOrigin, Refused},
    script::{On, Plan, Reply},
    synth::{Answer, Assistants, Synth},
    wire::{self, Head},
};

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking task left behind is still a log worth reading.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running mock server. It stops when it is dropped.
#[derive(Debug)]
pub struct MockServer {
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
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

impl MockServer {
    /// Starts a server on a free port, with the workspace's own `api/`.
    ///
    /// # Panics
    /// If the description cannot be read or no port is free: a test has nothing to do then.
    pub async fn start() -> Self {
        let api = Api::shared().unwrap_or_else(|e| panic!("{e}"));
        Self::start_with(api, 0).await.unwrap_or_else(|e| panic!("cannot listen: {e}"))
    }

    /// Starts a server for that description on that port of the loopback address; 0 takes a free one.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn start_with(api: Arc<Api>, port: u16) -> io::Result<Self> {
        Self::listen(api, port)
    }

    /// As [`MockServer::start_with`]; not `async`, because a connection's own task must be able to start a server.
    pub(crate) fn listen(api: Arc<Api>, port: u16) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
        let listener = socket.listen(4096)?;
        let shared = Arc::new(Shared::new(api, listener.local_addr()?));
        let accepting = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { shared, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// `http://127.0.0.1:PORT`
    pub fn origin(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// `http://127.0.0.1:PORT/v1`
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// Origin of the second server, which records every byte that reaches it.
    pub fn other_origin(&self) -> String {
        self.shared.fill("${other}")
    }

    /// Origin where nothing listens, while this server lives.
    pub fn refused_origin(&self) -> String {
        self.shared.fill("${refused}")
    }

    /// An address where nothing listens.
    ///
    /// # Panics
    /// If the system gives no port.
    pub fn refused() -> Refused {
        Refused::new().unwrap_or_else(|e| panic!("no free port: {e}"))
    }

    /// Adds replies to the script.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.add_script(replies);
    }

    /// Adds replies in their JSON form: a list, or one.
    ///
    /// # Errors
    /// Says which reply is not understood and why.
    pub fn script_json(&self, replies: &serde_json::Value) -> Result<(), String> {
        self.shared.add_script(crate::script::read(replies)?);
        Ok(())
    }

    /// Opens a gate.
    pub fn open(&self, gate: &str) {
        self.shared.open(gate);
    }

    /// Forgets script, log, gates and state, and closes all connections.
    pub fn reset(&self) {
        self.shared.reset();
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Arc<Seen>> {
        self.shared.log().requests
    }

    /// All connections so far.
    pub fn connections(&self) -> Vec<ConnectionLog> {
        self.shared.log().connections
    }

    /// What reached the other origin.
    pub fn other(&self) -> OtherLog {
        self.shared.log().other
    }

    /// Waits until `done` says so of the log, at most `limit`; whether it did.
    pub async fn wait(&self, limit: Duration, done: impl Fn(&Log) -> bool) -> bool {
        self.shared.wait(limit, done).await
    }

    /// How many scripted replies are left.
    pub fn left(&self) -> usize {
        lock(&self.shared.inner).script.iter().filter(|s| s.left != u64::MAX).count()
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.epoch.send_modify(|e| *e = u64::MAX);
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        // Too many open files and the like pass; the next connection may be luckier.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let tally = Tally::default();
        let key = shared.opened(tally.clone());
        let shared = shared.clone();
        tokio::spawn(async move {
            let mut epoch = shared.epoch.subscribe();
            let mut serving = Box::pin(wire::serve(shared.clone(), stream, tally.clone(), key));
            loop {
                tokio::select! {
                    () = &mut serving => break,
                    changed = epoch.changed() => {
                        let stopped = *epoch.borrow() == u64::MAX;
                        if stopped || changed.is_err() || !tally.is_control() {
                            tally.closing();
                            break;
                        }
                    }
                }
            }
            drop(serving);
            shared.closed(key);
        });
    }
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
    epoch: watch::Sender<u64>,
    other: OnceLock<OtherOrigin>,
    refused: OnceLock<Refused>,
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
    fn new(api: Arc<Api>, address: SocketAddr) -> Self {
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
        if let Some(other) = self.other.get() {
            other.forget();
        }
        self.epoch.send_modify(|e| *e += 1);
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
    fn opened(&self, tally: Tally) -> usize {
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

    fn closed(&self, key: usize) {
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
            let seen =
                Seen { n, connection, stream, head, operation, at_ms, body, violations: Vec::new(), reply: None };
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
        text
    }

    /// What the unscripted service answers.
    pub(crate) fn answer(&self, operation: &Operation, checked: &Checked) -> Answer {
        let mut inner = lock(&self.inner);
        self.synth.answer(operation, checked, &mut inner.assistants)
    }
}
