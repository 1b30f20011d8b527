//! The server and its listener.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinHandle,
};

use crate::{
    api::Api,
    log::{ConnectionLog, Seen, Tally},
    places::{OtherLog, Refused},
    script::Reply,
    shared::{Log, STOPPED, Shared},
    tls::Tls,
    wire,
};

/// A running mock server. It stops when it is dropped.
#[derive(Debug)]
pub struct MockServer {
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
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

    /// Origin that does not answer, neither yes nor no: this server's port on `127.0.0.2`.
    pub fn silent_origin(&self) -> String {
        self.shared.fill("${silent}")
    }

    /// Says how connections that begin with a TLS handshake are met; without it, with a good certificate.
    pub fn tls(&self, tls: Tls) {
        self.shared.set_tls(tls);
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
        self.shared.left()
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.stop();
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
                        if *epoch.borrow() == STOPPED || changed.is_err() || !tally.is_control() {
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
