//! Removes the content coding of a reply, with a guard against bodies that expand without end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZstdDecoder};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::io::StreamReader;

use super::{ByteStream, TransportError, TransportErrorKind};

/// What we ask servers for, in the order we like.
pub(super) const ACCEPT: &str = "gzip, br, zstd";

/// A body may expand this far whatever its ratio.
const FREE_BYTES: u64 = 32 << 20;
/// Beyond [`FREE_BYTES`], more than this many bytes for one received is refused. Honest JSON stays below 100.
const MAX_RATIO: u64 = 200;
/// Size of the pieces handed on.
const PIECE: usize = 16 << 10;

type Source = StreamReader<Counted, Bytes>;

/// The body in plain form. `coding` is the value of `Content-Encoding`; one that we do not know makes a body that fails
/// when it is read, so that the status still counts.
pub(super) fn decode(body: ByteStream, coding: &str) -> ByteStream {
    match coding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => body,
        "gzip" | "x-gzip" => {
            let mut decoder = GzipDecoder::new(source(body));
            decoder.multiple_members(true);
            plain("gzip", Box::pin(decoder), |d| d.get_ref().get_ref().bytes)
        }
        "br" => plain("br", Box::pin(BrotliDecoder::new(source(body))), |d| d.get_ref().get_ref().bytes),
        "zstd" => {
            let mut decoder = ZstdDecoder::new(source(body));
            decoder.multiple_members(true);
            plain("zstd", Box::pin(decoder), |d| d.get_ref().get_ref().bytes)
        }
        other => {
            let other: String = other.chars().filter(char::is_ascii_graphic).take(40).collect();
            let message = format!("the reply has content coding {other:?}, which was not asked for");
            Box::pin(stream::iter([Err(TransportError::new(TransportErrorKind::Decode, message))]))
        }
    }
}

fn source(body: ByteStream) -> Source {
    StreamReader::new(Counted { body, bytes: 0 })
}

/// The compressed body, counted as it passes.
struct Counted {
    body: ByteStream,
    bytes: u64,
}

impl Stream for Counted {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.body.as_mut().poll_next(cx).map(|item| match item? {
            Ok(bytes) => {
                self.bytes += bytes.len() as u64;
                Some(Ok(bytes))
            }
            Err(error) => Some(Err(io::Error::other(error))),
        })
    }
}

struct Plain<D> {
    coding: &'static str,
    decoder: Pin<Box<D>>,
    received: fn(&D) -> u64,
    produced: u64,
    buffer: BytesMut,
}

fn plain<D: AsyncRead + Send + 'static>(
    coding: &'static str,
    decoder: Pin<Box<D>>,
    received: fn(&D) -> u64,
) -> ByteStream {
    let state = Plain { coding, decoder, received, produced: 0, buffer: BytesMut::new() };
    Box::pin(stream::unfold(Some(state), |state| async {
        let mut state = state?;
        match std::future::poll_fn(|cx| state.poll(cx)).await {
            Ok(bytes) if bytes.is_empty() => None,
            Ok(bytes) => Some((Ok(bytes), Some(state))),
            Err(error) => Some((Err(error), None)),
        }
    }))
}

impl<D: AsyncRead> Plain<D> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, TransportError>> {
        self.buffer.resize(PIECE, 0);
        let mut read = ReadBuf::new(&mut self.buffer);
        let result = match self.decoder.as_mut().poll_read(cx, &mut read) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(result) => result,
        };
        let length = read.filled().len();
        Poll::Ready(match result {
            // Nothing at all is an empty body, whatever coding its header promises: 204, or a proxy's error.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && (self.received)(&self.decoder) == 0 => {
                Ok(Bytes::new())
            }
            Err(error) => Err(self.error(error)),
            Ok(()) => {
                self.produced += length as u64;
                let received = (self.received)(&self.decoder);
                if self.produced > FREE_BYTES && self.produced / MAX_RATIO > received {
                    let message = format!("the {} reply expands more than {MAX_RATIO} times: refused", self.coding);
                    return Poll::Ready(Err(TransportError::new(TransportErrorKind::Decode, message)));
                }
                Ok(self.buffer.split_to(length).freeze())
            }
        })
    }

    fn error(&self, error: io::Error) -> TransportError {
        let kind = error.kind();
        match error.downcast::<TransportError>() {
            Ok(inner) => inner,
            Err(error) if kind == io::ErrorKind::UnexpectedEof => {
                let message = format!("the reply ended inside its {} coding", self.coding);
                TransportError::new(TransportErrorKind::Read, message).with_source(error)
            }
            Err(error) => {
                let message = format!("the reply claims to be {} but is not", self.coding);
                TransportError::new(TransportErrorKind::Decode, message).with_source(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_compression::tokio::write::{GzipEncoder, ZstdEncoder};
    use futures_util::{FutureExt, StreamExt};
    use tokio::io::AsyncWriteExt;

    use super::*;

    fn body(pieces: Vec<Vec<u8>>) -> ByteStream {
        Box::pin(stream::iter(pieces.into_iter().map(|p| Ok(Bytes::from(p)))))
    }

    async fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzipEncoder::new(Vec::new());
        encoder.write_all(data).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    }

    async fn collect(mut body: ByteStream) -> Result<Vec<u8>, TransportError> {
        let mut all = Vec::new();
        while let Some(piece) = body.next().await {
            all.extend_from_slice(&piece?);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn gzip_in_single_bytes_gives_the_same_text() {
        let text = "hello, decompression ".repeat(500);
        let packed = gzip(text.as_bytes()).await;
        let pieces = packed.iter().map(|b| vec![*b]).collect();
        assert_eq!(collect(decode(body(pieces), "gzip")).await.unwrap(), text.as_bytes());
    }

    #[tokio::test]
    async fn a_flushed_event_is_handed_on_before_the_body_ends() {
        let mut encoder = ZstdEncoder::new(Vec::new());
        encoder.write_all(b"data: 1\n\n").await.unwrap();
        encoder.flush().await.unwrap();
        let first = Bytes::from(encoder.into_inner());
        let waiting: ByteStream = Box::pin(stream::iter([Ok(first)]).chain(stream::pending()));
        let mut plain = decode(waiting, "zstd");
        let piece = plain.next().now_or_never().expect("the flushed event is there").unwrap().unwrap();
        assert_eq!(&piece[..], b"data: 1\n\n");
        assert!(plain.next().now_or_never().is_none());
    }

    #[tokio::test]
    async fn text_that_is_not_gzip_is_a_decode_error_that_says_so() {
        let error = collect(decode(body(vec![b"{\"plain\":1}".to_vec()]), "gzip")).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Decode);
        assert!(error.message().contains("gzip"));
    }

    #[tokio::test]
    async fn a_cut_gzip_body_is_a_read_error() {
        let mut packed = gzip(b"some text that is long enough").await;
        packed.truncate(packed.len() - 10);
        let error = collect(decode(body(vec![packed]), "gzip")).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Read);
    }

    #[tokio::test]
    async fn a_bomb_is_refused_and_not_expanded() {
        let packed = gzip(&vec![0; 48 << 20]).await;
        let mut plain = decode(body(vec![packed]), "gzip");
        let mut seen = 0;
        let error = loop {
            match plain.next().await.expect("an error comes first") {
                Ok(piece) => seen += piece.len() as u64,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), TransportErrorKind::Decode);
        assert!(seen <= FREE_BYTES + PIECE as u64);
    }

    #[tokio::test]
    async fn nothing_at_all_is_an_empty_body_in_every_coding() {
        for coding in ["gzip", "br", "zstd"] {
            assert_eq!(collect(decode(body(vec![]), coding)).await.unwrap(), b"", "{coding}");
        }
    }

    #[tokio::test]
    async fn a_connection_that_breaks_before_the_first_byte_is_no_empty_body() {
        let broken = TransportError::new(TransportErrorKind::Read, "reset");
        let error = collect(decode(Box::pin(stream::iter([Err(broken)])), "gzip")).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Read);
    }

    #[tokio::test]
    async fn an_unknown_coding_is_refused_when_the_body_is_read() {
        let error = collect(decode(body(vec![b"x".to_vec()]), "lzw")).await.unwrap_err();
        assert!(error.kind() == TransportErrorKind::Decode && error.message().contains("lzw"));
    }
}
