//! What any surface hands over for one call.

use bytes::Bytes;

use crate::error::Error;
use crate::json::{Encode, Writer};
use crate::request::FileInput;

/// The arguments of one call: path values in the order of [`Operation::path_params`], everything else as one JSON
/// object, in which an upload stands as `{"$file": N}`, N being its place in `files`.
///
/// [`Operation::path_params`]: crate::operation::Operation::path_params
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Args {
    /// Values of the path's placeholders, not encoded.
    pub path: Vec<String>,
    /// All other arguments: one JSON object as UTF-8 text; empty if there are none.
    pub fields: Bytes,
    /// Uploads.
    pub files: Vec<FileInput>,
}

impl Args {
    /// Arguments from JSON text.
    pub fn new(path: Vec<String>, fields: impl Into<Bytes>, files: Vec<FileInput>) -> Self {
        Self { path, fields: fields.into(), files }
    }

    /// Arguments from a typed value.
    pub(crate) fn encode(path: &[&str], params: Option<&dyn Encode>) -> Result<Self, Error> {
        let path = path.iter().map(|part| (*part).to_owned()).collect();
        let Some(params) = params else { return Ok(Self { path, ..Self::default() }) };
        let mut writer = Writer::new();
        params.encode(&mut writer);
        let (fields, files) =
            writer.finish().map_err(|e| Error::usage(format!("the arguments cannot be written as JSON: {e}")))?;
        Ok(Self { path, fields: fields.into(), files })
    }
}
