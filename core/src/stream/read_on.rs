//! What is left of a reply behind its last event.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::transport::ByteStream;

/// How long, and how many bytes, the end of a reply is waited for.
const LIMIT: Duration = Duration::from_secs(1);
const BYTES: usize = 64 << 10;

/// Reads the rest without anybody waiting for it, so that the connection carries the next call: over HTTP/1 one whose reply was not read
/// to its end is closed, and the end comes a moment after the last event.
pub(super) fn read_on(mut body: ByteStream) {
    let Ok(runtime) = Handle::try_current() else { return };
    runtime.spawn(timeout(LIMIT, async move {
        let mut read = 0;
        while let Some(Ok(piece)) = body.next().await {
            read += piece.len();
            if read > BYTES {
                break;
            }
        }
    }));
}
