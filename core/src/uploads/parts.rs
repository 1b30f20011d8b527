//! The plan of an upload in parts: which bytes make which part, and which parts are done. It needs no runtime.

use crate::error::Error;

/// Bytes a part, if the caller does not say: the most that the provider takes.
pub const DEFAULT_PART_SIZE: u64 = 64 << 20;
/// More parts than this are a mistake in the part size; the plan holds a slot for each.
const MOST_PARTS: u64 = 100_000;

/// One part of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Its place, from 0.
    pub index: usize,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadProgress {
    /// Id of the upload.
    pub upload_id: String,
    /// Bytes in the parts that are done.
    pub bytes_done: u64,
    /// Bytes of the whole file.
    pub bytes_total: u64,
    /// Parts that are done.
    pub parts_done: usize,
    /// All parts.
    pub parts_total: usize,
}

/// The parts of a file and the ids of those that are done.
///
/// ```
/// use threadline::uploads::Parts;
///
/// let mut parts = Parts::new(150, 64)?;
/// assert_eq!(parts.missing().map(|part| part.length).collect::<Vec<_>>(), [64, 64, 22]);
/// parts.done(1, "part_b");
/// assert_eq!(parts.missing().map(|part| part.offset).collect::<Vec<_>>(), [0, 128]);
/// assert_eq!(parts.progress("upload_1").bytes_done, 64);
/// # Ok::<(), threadline::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Parts {
    total: u64,
    size: u64,
    ids: Vec<Option<String>>,
}

impl Parts {
    /// The parts of a file of `total` bytes, `part_size` bytes each but the last.
    ///
    /// # Errors
    /// Kind `usage` if the part size is 0, or makes more than 100,000 parts.
    pub fn new(total: u64, part_size: u64) -> Result<Self, Error> {
        if part_size == 0 {
            return Err(Error::usage("the part size must be at least one byte"));
        }
        let count = total.div_ceil(part_size);
        let slots = usize::try_from(count).ok().filter(|_| count <= MOST_PARTS);
        let Some(slots) = slots else {
            let message =
                format!("a part size of {part_size} bytes makes {count} parts of {total} bytes: use larger ones");
            return Err(Error::usage(message));
        };
        Ok(Self { total, size: part_size, ids: vec![None; slots] })
    }

    /// Takes over the ids of parts that were uploaded before, by their place.
    ///
    /// # Errors
    /// Kind `usage` if there is another number of parts: the file or the part size is not the one of then.
    pub fn resume(&mut self, ids: &[Option<String>]) -> Result<(), Error> {
        if ids.len() != self.ids.len() {
            let (then, now) = (ids.len(), self.ids.len());
            let message =
                format!("the upload to resume has {then} parts, the file now {now}: give the same file and part size");
            return Err(Error::usage(message));
        }
        self.ids = ids.to_vec();
        Ok(())
    }

    /// All parts, done or not, in order.
    pub fn all(&self) -> impl Iterator<Item = Part> + '_ {
        (0..self.ids.len()).map(|index| self.part(index))
    }

    /// The parts that are not done, in order.
    pub fn missing(&self) -> impl Iterator<Item = Part> + '_ {
        self.all().filter(|part| self.ids[part.index].is_none())
    }

    /// Takes down that a part is done. A place that there is not is ignored.
    pub fn done(&mut self, index: usize, id: impl Into<String>) {
        if let Some(slot) = self.ids.get_mut(index) {
            *slot = Some(id.into());
        }
    }

    /// Ids of the parts by their place, as far as they are done.
    pub fn ids(&self) -> &[Option<String>] {
        &self.ids
    }

    /// How far the upload of this id is.
    pub fn progress(&self, upload_id: &str) -> UploadProgress {
        let done = self.all().filter(|part| self.ids[part.index].is_some());
        let lengths: Vec<u64> = done.map(|part| part.length).collect();
        UploadProgress {
            upload_id: upload_id.to_owned(),
            bytes_done: lengths.iter().sum(),
            bytes_total: self.total,
            parts_done: lengths.len(),
            parts_total: self.ids.len(),
        }
    }

    fn part(&self, index: usize) -> Part {
        let offset = index as u64 * self.size;
        Part { index, offset, length: self.size.min(self.total - offset) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn parts_cover_every_byte_once() {
        for (total, size) in [(0, 1), (1, 1), (10, 3), (9, 3), (8, 100), (u64::MAX, u64::MAX), (u64::MAX, u64::MAX / 3)]
        {
            let parts = Parts::new(total, size).unwrap();
            let mut next = 0;
            for part in parts.missing() {
                assert_eq!(part.offset, next, "{total}/{size}");
                assert!(part.length >= 1 && part.length <= size);
                next += part.length;
            }
            assert_eq!(next, total, "{total}/{size}");
        }
    }

    #[test]
    fn senseless_part_sizes_are_refused() {
        assert_eq!(Parts::new(10, 0).unwrap_err().kind(), ErrorKind::Usage);
        let error = Parts::new(10 << 30, 1).unwrap_err();
        assert!(error.message().contains("larger"), "{error}");
    }

    #[test]
    fn progress_counts_bytes_of_finished_parts() {
        let mut parts = Parts::new(10, 4).unwrap();
        parts.done(2, "c");
        parts.done(7, "nowhere");
        let progress = parts.progress("upload_1");
        assert_eq!((progress.bytes_done, progress.bytes_total), (2, 10));
        assert_eq!((progress.parts_done, progress.parts_total), (1, 3));
        assert_eq!(parts.ids(), [None, None, Some("c".to_owned())]);
    }

    #[test]
    fn a_resumed_upload_must_be_of_the_same_shape() {
        let mut parts = Parts::new(10, 4).unwrap();
        parts.resume(&[Some("a".into()), None, None]).unwrap();
        assert_eq!(parts.missing().map(|part| part.index).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(parts.resume(&[None, None]).unwrap_err().kind(), ErrorKind::Usage);
    }
}
