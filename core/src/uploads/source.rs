//! Where the bytes of the parts come from, and their checksum.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use md5::{Digest, Md5};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::{JoinHandle, spawn_blocking};

use super::Part;
use crate::error::Error;
use crate::request::{FileInput, Section, Whole};

/// A part and its bytes, which can be sent again and again.
pub(super) type Piece = Result<(Part, FileInput), Error>;

pub(super) fn unreadable(error: io::Error) -> Error {
    Error::usage(format!("the upload cannot be read: {error}")).with_source(error)
}

/// Number of bytes, as far as the file itself tells.
pub(super) fn length(whole: &Whole) -> Option<u64> {
    match whole {
        Whole::Bytes(bytes) => Some(bytes.len() as u64),
        Whole::Path { length, .. } => Some(*length),
        Whole::Reader { length, .. } => *length,
    }
}

/// The parts that are wanted, each with its bytes. Parts of files on disk are read while they are sent; parts of a
/// reader are held in memory from when they are asked for until they are sent.
pub(super) fn pieces(whole: Whole, all: Vec<Part>, wanted: Vec<Part>, sum: Option<Sum>) -> BoxStream<'static, Piece> {
    match whole {
        Whole::Bytes(bytes) => stream::iter(wanted).map(move |part| Ok((part, slice(&bytes, part)))).boxed(),
        Whole::Path { path, modified, .. } => stream::iter(wanted)
            .map(move |part| {
                let section = Section { path: path.clone(), offset: part.offset, length: part.length, modified };
                Ok((part, FileInput::section(section)))
            })
            .boxed(),
        Whole::Reader { reader, .. } => from_reader(reader, all, wanted, sum),
    }
}

fn slice(bytes: &Bytes, part: Part) -> FileInput {
    // The parts were cut from these bytes, so both ends lie within them and fit an index.
    let start = part.offset as usize;
    FileInput::from_bytes(bytes.slice(start..start + part.length as usize))
}

/// Reads every part in order, those too that are not wanted: there is no other way past them.
fn from_reader(
    reader: std::pin::Pin<Box<dyn AsyncRead + Send>>,
    all: Vec<Part>,
    wanted: Vec<Part>,
    sum: Option<Sum>,
) -> BoxStream<'static, Piece> {
    let total: u64 = all.iter().map(|part| part.length).sum();
    let state = (reader, all.into_iter(), sum, false);
    let read = stream::unfold(state, move |(mut reader, mut all, sum, over)| async move {
        if over {
            return None;
        }
        let Some(part) = all.next() else {
            let mut more = [0];
            let error = match reader.read(&mut more).await {
                Ok(0) => return None,
                Ok(_) => Error::usage(format!("the reader of the upload gives more than the {total} bytes announced")),
                Err(error) => unreadable(error),
            };
            return Some((Err(error), (reader, all, sum, true)));
        };
        let read = read_part(&mut reader, part).await;
        if let (Ok(bytes), Some(sum)) = (&read, &sum) {
            sum.update(bytes);
        }
        let over = read.is_err();
        Some((read.map(|bytes| (part, FileInput::from_bytes(bytes))), (reader, all, sum, over)))
    });
    read.filter(move |piece| {
        let keep = piece.as_ref().map_or(true, |(part, _)| wanted.contains(part));
        std::future::ready(keep)
    })
    .boxed()
}

async fn read_part(reader: &mut (impl AsyncRead + Unpin), part: Part) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut part_of = reader.take(part.length);
    part_of.read_to_end(&mut bytes).await.map_err(unreadable)?;
    match part.length - bytes.len() as u64 {
        0 => Ok(bytes),
        missing => {
            let end = part.offset + bytes.len() as u64;
            Err(Error::usage(format!(
                "the reader of the upload ended after {end} bytes, at least {missing} before the length announced"
            )))
        }
    }
}

/// The MD5 checksum of what a reader gives, made while it is read.
#[derive(Clone, Default)]
pub(super) struct Sum(Arc<Mutex<Md5>>);

impl Sum {
    fn update(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).update(bytes);
    }

    pub(super) fn hex(&self) -> String {
        hex(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

/// The MD5 checksum of a file, made on a thread of its own. Dropping it ends the reading.
pub(super) struct Hashing {
    task: JoinHandle<io::Result<String>>,
    stop: Arc<AtomicBool>,
}

impl Hashing {
    /// Begins to read; `None` for a reader, which can be read only once.
    pub(super) fn begin(whole: &Whole) -> Option<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let task = match whole {
            Whole::Bytes(bytes) => {
                let bytes = bytes.clone();
                spawn_blocking(move || md5(&*bytes, &stopped))
            }
            Whole::Path { path, .. } => {
                let path = path.clone();
                spawn_blocking(move || md5(std::fs::File::open(path)?, &stopped))
            }
            Whole::Reader { .. } => return None,
        };
        Some(Self { task, stop })
    }

    pub(super) async fn hex(mut self) -> Result<String, Error> {
        match (&mut self.task).await {
            Ok(sum) => sum.map_err(unreadable),
            Err(error) => Err(Error::usage(format!("the checksum of the upload was not made: {error}"))),
        }
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn md5(mut from: impl Read, stopped: &AtomicBool) -> io::Result<String> {
    let (mut sum, mut piece) = (Md5::new(), vec![0; 1 << 20]);
    while !stopped.load(Ordering::Relaxed) {
        match from.read(&mut piece) {
            Ok(0) => return Ok(hex(sum)),
            Ok(length) => sum.update(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("it is not wanted any more"))
}

fn hex(sum: Md5) -> String {
    sum.finalize().iter().fold(String::with_capacity(32), |mut text, byte| {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
