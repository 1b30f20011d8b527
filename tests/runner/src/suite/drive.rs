//! Where the suite sends its lines: the linked Rust driver, or a program that speaks the call protocol.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::oneshot;

use super::answer;
use crate::driver::{Driver, Watch};

/// A driver of some language.
#[derive(Clone)]
pub enum Drive {
    /// The Rust client in this process.
    Linked {
        /// The command that starts it as a program, for cases that want an environment of their own.
        again: Vec<OsString>,
    },
    /// The same, watched; cases then have the environment of this process.
    Watched(Watch),
    /// A program.
    Program(Arc<Program>),
}

impl std::fmt::Debug for Drive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Linked { .. } => "Linked",
            Self::Watched(_) => "Watched",
            Self::Program(_) => "Program",
        })
    }
}

/// The driver as one case sees it.
#[derive(Debug)]
pub(super) enum Session {
    /// A driver of its own, so that no case meets the connections of another.
    Linked(Driver),
    /// The program all cases share; their servers differ, and so their clients.
    Program(Arc<Program>),
}

impl Drive {
    /// Starts a program, found as a shell would find it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn program(command: &str) -> Result<Self, String> {
        let words = command.split_whitespace().map(OsString::from).collect();
        Ok(Self::Program(Arc::new(Program::start(words, &BTreeMap::new())?)))
    }

    /// The driver for one case: with these variables in its environment, if there are any.
    pub(super) fn session(&self, env: &BTreeMap<String, String>) -> Result<Session, String> {
        Ok(match self {
            Self::Linked { again } if !env.is_empty() => {
                Session::Program(Arc::new(Program::start(again.clone(), env)?))
            }
            Self::Linked { .. } => Session::Linked(Driver::new()),
            Self::Watched(watch) => Session::Linked(Driver::watched(watch.clone())),
            Self::Program(program) if !env.is_empty() => {
                Session::Program(Arc::new(Program::start(program.command.clone(), env)?))
            }
            Self::Program(program) => Session::Program(Arc::clone(program)),
        })
    }
}

impl Session {
    /// Makes one call; the answer is a line of the call protocol.
    pub(super) async fn call(&self, mut line: Value) -> Result<String, String> {
        match self {
            Self::Linked(driver) => Ok(driver.line(&line.to_string()).await),
            Self::Program(program) => {
                let id = program.next_id();
                line["id"] = id.into();
                program.call(id, line.to_string()).await
            }
        }
    }
}

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<String>>>>;

/// A running driver program.
#[derive(Debug)]
pub struct Program {
    command: Vec<OsString>,
    stdin: tokio::sync::Mutex<ChildStdin>,
    waiting: Waiting,
    next: Mutex<u64>,
    _child: Child,
}

impl Program {
    fn start(command: Vec<OsString>, env: &BTreeMap<String, String>) -> Result<Self, String> {
        let (name, words) = command.split_first().ok_or("the command of the driver is empty")?;
        let mut child = Command::new(name)
            .args(words)
            .envs(env)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start the driver {}: {error}", name.display()))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the driver has no pipes".into());
        };
        let waiting: Waiting = Arc::default();
        let answers = Arc::clone(&waiting);
        tokio::spawn(async move {
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let answer = answer::parse(&line).unwrap_or_default();
                let id = answer["id"].as_u64().unwrap_or_default();
                if let Some(sender) = answers.lock().unwrap_or_else(PoisonError::into_inner).remove(&id) {
                    // The case may have given up waiting.
                    let _ = sender.send(line);
                }
            }
            answers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        });
        let stdin = tokio::sync::Mutex::new(stdin);
        Ok(Self { command, stdin, waiting, next: Mutex::new(1), _child: child })
    }

    fn next_id(&self) -> u64 {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next += 1;
        *next
    }

    async fn call(&self, id: u64, mut line: String) -> Result<String, String> {
        let (sender, answer) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        line.push('\n');
        let mut stdin = self.stdin.lock().await;
        stdin.write_all(line.as_bytes()).await.map_err(|error| format!("the driver does not read: {error}"))?;
        stdin.flush().await.map_err(|error| format!("the driver does not read: {error}"))?;
        drop(stdin);
        answer.await.map_err(|_| "the driver ended without an answer".to_owned())
    }
}
