//! Content encodings, written block by block, so that a bomb costs its sender nothing.

use std::io::{self, Write as _};

use bytes::{BufMut, Bytes, BytesMut};

use super::{Encoding, body::Reader};

/// Encodes what a [`Reader`] hands out. A block that comes again and again is encoded until its encoding comes out the same
/// twice; from then on that encoding is sent again without encoding anything.
pub(crate) struct Encoded {
    reader: Reader,
    encoder: Option<Encoder>,
    previous: Option<(Bytes, Bytes)>,
    /// Checksum of the block that comes again.
    block_crc: Option<flate2::Crc>,
    settled: bool,
}

enum Encoder {
    /// Raw deflate; gzip's head and tail are written here because the checksum must cover blocks that were not encoded.
    Gzip {
        deflate: flate2::write::DeflateEncoder<Vec<u8>>,
        crc: flate2::Crc,
        begun: bool,
    },
    Br(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoded {
    pub(crate) fn new(encoding: Encoding, reader: Reader) -> io::Result<Self> {
        let encoder = match encoding {
            Encoding::Gzip => Encoder::Gzip {
                deflate: flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6)),
                crc: flate2::Crc::new(),
                begun: false,
            },
            Encoding::Br => Encoder::Br(Box::new(brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22))),
            Encoding::Zstd => Encoder::Zstd(zstd::stream::write::Encoder::new(Vec::new(), 3)?),
        };
        Ok(Self { reader, encoder: Some(encoder), previous: None, block_crc: None, settled: false })
    }

    /// The next encoded block, never empty; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let Some(encoder) = &mut self.encoder else { return Ok(None) };
            let Some(block) = self.reader.next() else {
                let last = encoder.finish()?;
                self.encoder = None;
                return Ok(Some(last));
            };
            let again = self.previous.as_ref().filter(|(b, _)| b.as_ptr() == block.as_ptr() && b.len() == block.len());
            if let (true, Some((_, encoded))) = (self.settled, again) {
                if let (Encoder::Gzip { crc, .. }, Some(of_block)) = (encoder, &self.block_crc) {
                    crc.combine(of_block);
                }
                return Ok(Some(encoded.clone()));
            }
            let encoded = encoder.write(&block)?;
            self.settled = again.is_some_and(|(_, e)| *e == encoded);
            if self.settled {
                let mut crc = flate2::Crc::new();
                crc.update(&block);
                self.block_crc = Some(crc);
            }
            self.previous = Some((block, encoded.clone()));
            if !encoded.is_empty() {
                return Ok(Some(encoded));
            }
        }
    }

    /// Everything at once.
    pub(crate) fn all(mut self) -> io::Result<Bytes> {
        let mut out = BytesMut::new();
        while let Some(block) = self.next()? {
            out.put(block);
        }
        Ok(out.freeze())
    }
}

const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

impl Encoder {
    fn write(&mut self, block: &[u8]) -> io::Result<Bytes> {
        Ok(match self {
            Self::Gzip { deflate, crc, begun } => {
                crc.update(block);
                deflate.write_all(block)?;
                deflate.flush()?;
                let mut out = BytesMut::new();
                if !std::mem::replace(begun, true) {
                    out.put_slice(&GZIP_HEAD);
                }
                out.put_slice(&std::mem::take(deflate.get_mut()));
                out.freeze()
            }
            Self::Br(encoder) => {
                encoder.write_all(block)?;
                encoder.flush()?;
                std::mem::take(encoder.get_mut()).into()
            }
            Self::Zstd(encoder) => {
                encoder.write_all(block)?;
                encoder.flush()?;
                std::mem::take(encoder.get_mut()).into()
            }
        })
    }

    fn finish(&mut self) -> io::Result<Bytes> {
        Ok(match self {
            Self::Gzip { deflate, crc, begun } => {
                let mut out = BytesMut::new();
                if !*begun {
                    out.put_slice(&GZIP_HEAD);
                }
                deflate.try_finish()?;
                out.put_slice(&std::mem::take(deflate.get_mut()));
                out.put_u32_le(crc.sum());
                out.put_u32_le(crc.amount());
                out.freeze()
            }
            Self::Br(encoder) => {
                let done = std::mem::replace(encoder.as_mut(), brotli::CompressorWriter::new(Vec::new(), 16, 0, 10));
                done.into_inner().into()
            }
            Self::Zstd(encoder) => {
                encoder.do_finish()?;
                std::mem::take(encoder.get_mut()).into()
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::{
        super::body::{Body, Piece},
        *,
    };

    fn body() -> Body {
        let repeat = Piece::Repeat("0".into(), 5_000_000);
        Body { pieces: vec![Piece::Held("head".into()), repeat, Piece::Held("tail".into())] }
    }

    fn decode(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        match encoding {
            Encoding::Gzip => flate2::read::GzDecoder::new(bytes).read_to_end(&mut out),
            Encoding::Br => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut out),
            Encoding::Zstd => zstd::stream::read::Decoder::new(bytes).and_then(|mut d| d.read_to_end(&mut out)),
        }
        .expect("decodes");
        out
    }

    #[test]
    fn encoded_bodies_decode_to_the_same_bytes() {
        for encoding in [Encoding::Gzip, Encoding::Br, Encoding::Zstd] {
            let encoded = Encoded::new(encoding, body().reader()).and_then(Encoded::all).expect("encodes");
            let decoded = decode(encoding, &encoded);
            assert_eq!(decoded.len(), 5_000_008, "{encoding:?}");
            assert!(decoded.starts_with(b"head0000") && decoded.ends_with(b"0000tail"), "{encoding:?}");
            assert!(encoded.len() < 20_000, "{encoding:?}: {}", encoded.len());
            let empty = Encoded::new(encoding, Body::default().reader()).and_then(Encoded::all).expect("encodes");
            assert_eq!(decode(encoding, &empty), b"", "{encoding:?}");
        }
    }

    #[test]
    fn a_bomb_settles_so_that_its_blocks_are_not_encoded_again() {
        for encoding in [Encoding::Gzip, Encoding::Br, Encoding::Zstd] {
            let bomb = Body { pieces: vec![Piece::Repeat("0".into(), 10 << 30)] };
            let mut encoded = Encoded::new(encoding, bomb.reader()).expect("encodes");
            for _ in 0..8 {
                encoded.next().expect("encodes").expect("not at the end");
            }
            assert!(encoded.settled, "{encoding:?}");
        }
    }
}
