//! A `threadline-server` as a process.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Error;

/// How servers are started.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program.
    pub program: PathBuf,
    /// URL of the store.
    pub store: String,
    /// Base URL of the provider.
    pub upstream: String,
    /// `chat` or `responses`.
    pub api: &'static str,
    /// Seconds that a lease lasts: how long the others wait for a dead server.
    pub lease: f64,
    /// Folder for the servers' settings and logs.
    pub folder: PathBuf,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    base_url: String,
}

impl Plan {
    /// Starts a server on a free port and waits until it listens.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(&self) -> Result<Server, Error> {
        let config = self.folder.join("server.toml");
        std::fs::write(&config, format!("[settings]\nlease = {:?}\nkeep_alive = 1.0\n", self.lease))?;
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log())?;
        let mut child = Command::new(&self.program)
            .args(["--listen", "127.0.0.1:0", "--store", &self.store, "--upstream", &self.upstream])
            .args(["--upstream-api", self.api, "--config"])
            .arg(&config)
            .env("RUST_LOG", "warn")
            .env("THREADLINE_UPSTREAM_KEY", "any")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", self.program.display()))?;
        let out = child.stdout.take().ok_or("the server has no output")?;
        let mut lines = BufReader::new(out).lines();
        let line = lines.next_line().await?;
        let Some(base_url) = line.as_deref().and_then(|line| line.strip_prefix("listening on ")) else {
            let log = std::fs::read_to_string(self.log()).unwrap_or_default();
            return Err(format!("the server did not start: {log}").into());
        };
        Ok(Server { base_url: base_url.to_owned(), child })
    }

    /// Where the servers' complaints stand.
    pub fn log(&self) -> PathBuf {
        self.folder.join("servers.log")
    }
}

impl Server {
    /// Its base URL.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Ends it as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(mut self) -> Result<(), Error> {
        Ok(self.child.kill().await?)
    }

    /// Memory that it holds, in KiB (Linux).
    pub fn memory(&self) -> u64 {
        let status = self.child.id().and_then(|id| std::fs::read_to_string(format!("/proc/{id}/status")).ok());
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    }
}

/// A folder that is gone with its owner.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(name: &str) -> Result<Self, Error> {
        let path = std::env::temp_dir().join(format!("threadline-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays is a temporary file.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
