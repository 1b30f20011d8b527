//! Files to upload.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio_util::io::ReaderStream;

pub(crate) use self::section::{Section, Whole};
use super::body::BodyStream;
use super::{InvalidRequest, content_type};

/// Bytes read from a file or a reader at once.
const PIECE: usize = 64 << 10;

/// The name of a file that was given none.
const UNNAMED: &str = "upload";

/// A file to upload: from a path, from memory or from a reader. Cheap to clone.
///
/// Files on disk are read while they are sent, a piece at a time, and again for each attempt. `Debug` shows where a file
/// comes from and never what is in it.
///
/// ```
/// use threadline::request::FileInput;
///
/// let from_disk = FileInput::from_path("data/training.jsonl");
/// let from_memory = FileInput::from_bytes("question,answer").with_filename("pairs.csv");
/// assert_eq!(from_disk.filename(), "training.jsonl");
/// assert_eq!(from_memory.content_type(), "text/csv");
/// ```
#[derive(Clone)]
pub struct FileInput {
    source: Source,
    filename: Option<String>,
    content_type: Option<String>,
}

#[derive(Clone)]
enum Source {
    Bytes(Bytes),
    Path(PathBuf),
    Section(Arc<Section>),
    Reader(Arc<OneShot>),
}

type Reader = Pin<Box<dyn AsyncRead + Send>>;

/// A reader that can be taken once.
struct OneShot {
    reader: Mutex<Option<Reader>>,
    length: Option<u64>,
}

/// A file ready to be sent.
pub(crate) struct OpenFile {
    /// Number of bytes, where it is known.
    pub(crate) length: Option<u64>,
    /// The bytes. Nothing is read, and a reader not taken, before the first piece is asked for.
    pub(crate) stream: BodyStream,
}

impl FileInput {
    /// An empty file, in place of one that should be there.
    pub(crate) const EMPTY: FileInput =
        FileInput { source: Source::Bytes(Bytes::new()), filename: None, content_type: None };

    /// A file on disk. It is opened when the request is sent, and sent under the last part of its path as its name.
    pub fn from_path(path: impl Into<PathBuf>) -> Self {
        Self::new(Source::Path(path.into()))
    }

    /// A file in memory. Its name is `upload` unless [`with_filename`](Self::with_filename) gives another.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Self::new(Source::Bytes(bytes.into()))
    }

    /// A file that comes from a reader. It can be sent once: when an attempt has begun to read it, the call is not
    /// repeated. Its length is unknown, so the request is sent in chunks; where the length is known,
    /// [`from_sized_reader`](Self::from_sized_reader) is kinder to servers.
    pub fn from_reader(reader: impl AsyncRead + Send + 'static) -> Self {
        Self::one_shot(Box::pin(reader), None)
    }

    /// As [`from_reader`](Self::from_reader), for a reader that gives exactly `length` bytes. More are not read; fewer
    /// fail the request.
    pub fn from_sized_reader(reader: impl AsyncRead + Send + 'static, length: u64) -> Self {
        Self::one_shot(Box::pin(reader), Some(length))
    }

    /// Sends the file under this name. A name may hold directories (`skill/SKILL.md`), but neither `..` nor control
    /// characters: those are refused when the request is made.
    #[must_use]
    pub fn with_filename(mut self, filename: impl Into<String>) -> Self {
        self.filename = Some(filename.into());
        self
    }

    /// Sends the file with this content type. Default: by the extension of its name, or `application/octet-stream`.
    #[must_use]
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// The name that is sent.
    pub fn filename(&self) -> &str {
        match (&self.filename, &self.source) {
            (Some(name), _) => name,
            (None, Source::Path(path)) => path.file_name().and_then(|name| name.to_str()).unwrap_or(UNNAMED),
            _ => UNNAMED,
        }
    }

    /// The content type that is sent.
    pub fn content_type(&self) -> &str {
        match &self.content_type {
            Some(content_type) => content_type,
            None => content_type::of_name(self.filename()),
        }
    }

    /// Whether the file can be sent (again): false once a reader has been read from.
    pub fn is_replayable(&self) -> bool {
        match &self.source {
            Source::Bytes(_) | Source::Path(_) | Source::Section(_) => true,
            Source::Reader(one_shot) => one_shot.lock().is_some(),
        }
    }

    /// Refuses names and content types that cannot be sent.
    pub(crate) fn check(&self) -> Result<(), InvalidRequest> {
        let name = self.filename();
        let problem = if name.chars().any(char::is_control) {
            "a file name holds a control character"
        } else if name.is_empty() {
            "a file name is empty"
        } else if name.split(['/', '\\']).any(|part| part == "..") {
            "a file name holds `..`"
        } else if self.content_type().chars().any(|c| c.is_control() || !c.is_ascii()) {
            "the content type of a file holds a control character or one outside ASCII"
        } else {
            return Ok(());
        };
        Err(InvalidRequest::new(format!("{problem}; give another one")))
    }

    /// Finds out the length and prepares to read.
    pub(crate) async fn open(&self) -> io::Result<OpenFile> {
        match &self.source {
            Source::Bytes(bytes) => {
                let length = Some(bytes.len() as u64);
                let bytes = bytes.clone();
                Ok(OpenFile { length, stream: Box::pin(stream::once(async move { Ok(bytes) })) })
            }
            Source::Path(path) => open_path(path.clone()).await,
            Source::Section(section) => section.open().await,
            Source::Reader(one_shot) => {
                let one_shot = Arc::clone(one_shot);
                let length = one_shot.length;
                let reader = async move {
                    let reader = one_shot.lock().take();
                    let spent = || io::Error::other("the reader of an upload was read before and cannot be read again");
                    reader.map(|reader| pieces(reader, length, UNNAMED.to_owned())).ok_or_else(spent)
                };
                Ok(OpenFile { length, stream: Box::pin(stream::once(reader).try_flatten()) })
            }
        }
    }

    fn new(source: Source) -> Self {
        Self { source, filename: None, content_type: None }
    }

    fn one_shot(reader: Reader, length: Option<u64>) -> Self {
        Self::new(Source::Reader(Arc::new(OneShot { reader: Mutex::new(Some(reader)), length })))
    }
}

impl OneShot {
    fn lock(&self) -> MutexGuard<'_, Option<Reader>> {
        // Nothing is done under the lock that could leave half a change.
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn open_path(path: PathBuf) -> io::Result<OpenFile> {
    let metadata = tokio::fs::metadata(&path).await.map_err(|error| named(error, &path))?;
    if metadata.is_dir() {
        return Err(named(io::Error::from(io::ErrorKind::IsADirectory), &path));
    }
    // Pipes and devices have no length that could be promised.
    let length = metadata.is_file().then_some(metadata.len());
    let file = async move {
        let file = File::open(&path).await.map_err(|error| named(error, &path))?;
        Ok::<_, io::Error>(pieces(Box::pin(file), length, path.display().to_string()))
    };
    Ok(OpenFile { length, stream: Box::pin(stream::once(file).try_flatten()) })
}

fn named(error: io::Error, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("cannot read `{}`: {error}", path.display()))
}

/// The bytes of a reader, exactly as many as were promised.
fn pieces(reader: Reader, length: Option<u64>, name: String) -> BodyStream {
    let Some(length) = length else { return Box::pin(ReaderStream::with_capacity(reader, PIECE)) };
    let exact = Exact { reader: reader.take(length), name };
    let capacity = usize::try_from(length).unwrap_or(PIECE).clamp(1, PIECE);
    Box::pin(ReaderStream::with_capacity(exact, capacity).fuse())
}

/// Fails where a source ends before the length that was promised to the server.
struct Exact {
    reader: tokio::io::Take<Reader>,
    name: String,
}

impl AsyncRead for Exact {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        let before = buf.filled().len();
        let poll = Pin::new(&mut self.reader).poll_read(cx, buf);
        let ended = matches!(poll, std::task::Poll::Ready(Ok(()))) && buf.filled().len() == before;
        if ended && self.reader.limit() > 0 && buf.remaining() > 0 {
            let missing = self.reader.limit();
            let message = format!("`{}` ended {missing} bytes before the length it had at first", self.name);
            return std::task::Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, message)));
        }
        poll
    }
}

impl fmt::Debug for FileInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("FileInput");
        match &self.source {
            Source::Bytes(bytes) => out.field("bytes", &bytes.len()),
            Source::Path(path) => out.field("path", path),
            Source::Section(section) => out.field("section", section),
            Source::Reader(one_shot) => out.field("reader", &one_shot.length),
        };
        out.field("filename", &self.filename()).field("content_type", &self.content_type()).finish()
    }
}

impl PartialEq for FileInput {
    /// Two files are equal when they come from equal bytes, the same path or the same reader, under the same name.
    fn eq(&self, other: &Self) -> bool {
        let same_source = match (&self.source, &other.source) {
            (Source::Bytes(one), Source::Bytes(other)) => one == other,
            (Source::Path(one), Source::Path(other)) => one == other,
            (Source::Section(one), Source::Section(other)) => one == other,
            (Source::Reader(one), Source::Reader(other)) => Arc::ptr_eq(one, other),
            _ => false,
        };
        same_source && self.filename == other.filename && self.content_type == other.content_type
    }
}

impl From<PathBuf> for FileInput {
    fn from(path: PathBuf) -> Self {
        Self::from_path(path)
    }
}

impl From<&Path> for FileInput {
    fn from(path: &Path) -> Self {
        Self::from_path(path)
    }
}

impl From<Bytes> for FileInput {
    fn from(bytes: Bytes) -> Self {
        Self::from_bytes(bytes)
    }
}

impl From<Vec<u8>> for FileInput {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from_bytes(bytes)
    }
}

mod section;

#[cfg(test)]
mod tests;
