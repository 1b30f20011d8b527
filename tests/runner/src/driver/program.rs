//! The driver as a program: one call a line of standard input, one answer a line of standard output.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, stdin, stdout};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Driver;

/// Answers lines until the end of the input, then waits for what is outstanding.
///
/// # Errors
/// When standard input cannot be read or standard output not be written.
pub async fn serve() -> io::Result<()> {
    let blocking = std::env::args().any(|word| word == "--blocking");
    let driver = Arc::new(if blocking { Driver::blocking() } else { Driver::new() });
    let (answers, written) = mpsc::unbounded_channel();
    let writer = tokio::spawn(write(written));
    let mut calls = JoinSet::new();
    let mut lines = BufReader::new(stdin()).split(b'\n');
    while let Some(line) = lines.next_segment().await? {
        // A line that is not UTF-8 is malformed like any other, and is answered.
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.trim().is_empty() {
            continue;
        }
        let (driver, answers) = (Arc::clone(&driver), answers.clone());
        calls.spawn(async move {
            // Fails only when the writer is gone, and then there is nobody to tell.
            let _ = answers.send(driver.line(&line).await);
        });
        while calls.try_join_next().is_some() {}
    }
    while calls.join_next().await.is_some() {}
    drop(answers);
    writer.await.map_err(io::Error::other)?
}

async fn write(mut answers: mpsc::UnboundedReceiver<String>) -> io::Result<()> {
    let mut out = stdout();
    while let Some(mut line) = answers.recv().await {
        line.push('\n');
        out.write_all(line.as_bytes()).await?;
        out.flush().await?;
    }
    Ok(())
}
