//! Bodies of requests, as recipes: each attempt makes its own body.

use std::fmt;
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::FileInput;
use super::multipart::Form;

/// The bytes of a body, piece by piece.
pub type BodyStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// What a body is made from.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum BodyRecipe {
    /// There is none.
    #[default]
    Empty,
    /// All of it in memory.
    Bytes {
        /// The body.
        bytes: Payload,
        /// Its content type.
        content_type: &'static str,
    },
    /// `multipart/form-data`.
    Multipart(Form),
    /// A file as it is.
    File {
        /// The file.
        file: FileInput,
        /// Its content type; the file's own one does not count.
        content_type: &'static str,
    },
}

/// Bytes that `Debug` does not show.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Payload(pub Bytes);

/// A body ready to be sent.
#[non_exhaustive]
pub struct OpenBody {
    /// Number of bytes, if it is known.
    pub length: Option<u64>,
    /// The bytes.
    pub content: Content,
}

/// The bytes of a body.
#[non_exhaustive]
pub enum Content {
    /// Nothing.
    Empty,
    /// All of it in memory.
    Bytes(Bytes),
    /// Produced while it is sent.
    Stream(BodyStream),
}

impl BodyRecipe {
    /// A JSON body.
    pub fn json(text: impl Into<Bytes>) -> Self {
        Self::Bytes { bytes: Payload(text.into()), content_type: "application/json" }
    }

    /// The value of `Content-Type`; `None` without a body.
    pub fn content_type(&self) -> Option<String> {
        match self {
            Self::Empty => None,
            Self::Bytes { content_type, .. } | Self::File { content_type, .. } => Some((*content_type).to_owned()),
            Self::Multipart(form) => Some(form.content_type()),
        }
    }

    /// Whether the body can be sent (again).
    pub fn is_replayable(&self) -> bool {
        match self {
            Self::Empty | Self::Bytes { .. } => true,
            Self::Multipart(form) => form.is_replayable(),
            Self::File { file, .. } => file.is_replayable(),
        }
    }

    /// Makes the body of one attempt.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub async fn open(&self) -> io::Result<OpenBody> {
        Ok(match self {
            Self::Empty => OpenBody { length: Some(0), content: Content::Empty },
            Self::Bytes { bytes: Payload(bytes), .. } => {
                OpenBody { length: Some(bytes.len() as u64), content: Content::Bytes(bytes.clone()) }
            }
            Self::Multipart(form) => form.open().await?,
            Self::File { file, .. } => {
                let file = file.open().await?;
                OpenBody { length: file.length, content: Content::Stream(file.stream) }
            }
        })
    }
}

impl OpenBody {
    /// The bytes as a stream.
    pub fn into_stream(self) -> BodyStream {
        match self.content {
            Content::Empty => stream::empty().boxed(),
            Content::Bytes(bytes) => stream::once(async move { Ok(bytes) }).boxed(),
            Content::Stream(stream) => stream,
        }
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl fmt::Debug for OpenBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenBody").field("length", &self.length).finish_non_exhaustive()
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Bytes(_) => "Bytes",
            Self::Stream(_) => "Stream",
        })
    }
}

#[cfg(test)]
pub(crate) async fn collect(body: OpenBody) -> io::Result<Vec<u8>> {
    use futures_util::TryStreamExt;

    let pieces: Vec<Bytes> = body.into_stream().try_collect().await?;
    Ok(pieces.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_in_memory_is_sent_as_it_is_every_time() {
        let body = BodyRecipe::json("{\"a\":1}");
        assert_eq!(body.content_type().as_deref(), Some("application/json"));
        for _ in 0..2 {
            assert!(body.is_replayable());
            let open = body.open().await.expect("in memory");
            assert_eq!(open.length, Some(7));
            assert_eq!(collect(open).await.expect("in memory"), b"{\"a\":1}");
        }
    }

    #[tokio::test]
    async fn no_body_has_no_content_type_and_no_bytes() {
        let open = BodyRecipe::Empty.open().await.expect("nothing to read");
        assert_eq!((BodyRecipe::Empty.content_type(), open.length), (None, Some(0)));
        assert!(collect(open).await.expect("nothing to read").is_empty());
    }

    #[tokio::test]
    async fn a_file_can_be_the_whole_body() {
        let reader = std::io::Cursor::new(b"audio".to_vec());
        let body = BodyRecipe::File { file: FileInput::from_reader(reader), content_type: "audio/wav" };
        assert_eq!(body.content_type().as_deref(), Some("audio/wav"));
        let open = body.open().await.expect("not read yet");
        assert!(body.is_replayable(), "nothing was read");
        assert_eq!(collect(open).await.expect("first read"), b"audio");
        assert!(!body.is_replayable());
        let error = collect(body.open().await.expect("not read yet")).await.expect_err("spent");
        assert!(error.to_string().contains("cannot be read again"));
    }

    #[test]
    fn debug_shows_no_content() {
        let body = BodyRecipe::json("canary");
        assert!(!format!("{body:?}").contains("canary"));
    }
}
