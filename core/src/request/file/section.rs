//! Stretches of files, for uploads in parts.

use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use tokio::fs::File;
use tokio::io::AsyncSeekExt;

use super::{FileInput, OpenFile, Reader, Source, named, pieces};

/// A stretch of a file on disk, read again for each attempt.
#[derive(Debug, PartialEq)]
pub(crate) struct Section {
    pub(crate) path: PathBuf,
    pub(crate) offset: u64,
    pub(crate) length: u64,
    /// When the file was last written as the upload began: parts of two versions make no file.
    pub(crate) modified: Option<SystemTime>,
}

/// All of a file, ready to be cut.
pub(crate) enum Whole {
    Bytes(Bytes),
    Path { path: PathBuf, length: u64, modified: Option<SystemTime> },
    Reader { reader: Reader, length: Option<u64> },
}

impl FileInput {
    /// A stretch of a file on disk.
    pub(crate) fn section(section: Section) -> Self {
        Self::new(Source::Section(Arc::new(section)))
    }

    /// What there is to cut. Takes the reader, if it is one.
    pub(crate) async fn whole(&self) -> io::Result<Whole> {
        match &self.source {
            Source::Bytes(bytes) => Ok(Whole::Bytes(bytes.clone())),
            Source::Path(path) => {
                let metadata = tokio::fs::metadata(path).await.map_err(|error| named(error, path))?;
                if metadata.is_dir() {
                    return Err(named(io::Error::from(io::ErrorKind::IsADirectory), path));
                }
                if !metadata.is_file() {
                    // A pipe or a device: it can be read once, and nobody knows how long it is.
                    let file = File::open(path).await.map_err(|error| named(error, path))?;
                    return Ok(Whole::Reader { reader: Box::pin(file), length: None });
                }
                let modified = metadata.modified().ok();
                Ok(Whole::Path { path: path.clone(), length: metadata.len(), modified })
            }
            Source::Section(_) => Err(io::Error::other("a part of a file cannot be uploaded in parts")),
            Source::Reader(one_shot) => match one_shot.lock().take() {
                Some(reader) => Ok(Whole::Reader { reader, length: one_shot.length }),
                None => Err(io::Error::other("the reader of an upload was read before and cannot be read again")),
            },
        }
    }
}

impl Section {
    pub(super) async fn open(self: &Arc<Self>) -> io::Result<OpenFile> {
        let (this, length) = (Arc::clone(self), self.length);
        let file = async move {
            let failed = |error| named(error, &this.path);
            let mut file = File::open(&this.path).await.map_err(failed)?;
            if this.modified.is_some() && file.metadata().await.map_err(failed)?.modified().ok() != this.modified {
                return Err(failed(io::Error::other("it was changed while it was uploaded")));
            }
            file.seek(SeekFrom::Start(this.offset)).await.map_err(failed)?;
            Ok(pieces(Box::pin(file), Some(this.length), this.path.display().to_string()))
        };
        Ok(OpenFile { length: Some(length), stream: Box::pin(stream::once(file).try_flatten()) })
    }
}
