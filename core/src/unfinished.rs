//! What helpers leave behind when they fail half-way.

use std::fmt;

/// What a helper of several requests had made at the provider when it failed: enough to look after it, to go on with it,
/// or to remove it. [`Error::unfinished`](crate::Error::unfinished) gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unfinished {
    /// The resource by its official name, such as `beta.threads.runs` or `uploads`.
    pub resource: &'static str,
    /// Id of the thing that was made, or polled; `None` if it was not made yet.
    pub id: Option<String>,
    /// Its status when it was last seen.
    pub status: Option<String>,
    /// Ids of the files, or of the parts of an upload, by their place; `None` for those that are missing.
    pub uploaded: Vec<Option<String>>,
}

impl Unfinished {
    /// An unfinished thing of this resource, of which nothing more is known.
    pub fn new(resource: &'static str) -> Self {
        Self { resource, ..Self::default() }
    }

    /// Sets the id.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the status.
    #[must_use]
    pub fn status(mut self, status: impl Into<String>) -> Self {
        self.status = Some(status.into());
        self
    }

    /// Sets the ids of files or parts.
    #[must_use]
    pub fn uploaded(mut self, ids: Vec<Option<String>>) -> Self {
        self.uploaded = ids;
        self
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{} {id} exists", self.resource)?,
            None => write!(f, "nothing of {} was made yet", self.resource)?,
        }
        if let Some(status) = &self.status {
            write!(f, ", last seen {status}")?;
        }
        if !self.uploaded.is_empty() {
            let done: Vec<&str> = self.uploaded.iter().flatten().map(String::as_str).collect();
            write!(f, "; uploaded: {} of {}", done.len(), self.uploaded.len())?;
            // A long list would drown the message; the field has all of it.
            if (1..=5).contains(&done.len()) {
                write!(f, " ({})", done.join(", "))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_what_is_left() {
        let run = Unfinished::new("beta.threads.runs").id("run_1").status("in_progress");
        assert_eq!(run.to_string(), "beta.threads.runs run_1 exists, last seen in_progress");
        let ids = vec![Some("file-1".to_owned()), None, Some("file-3".to_owned())];
        let files = Unfinished::new("vector_stores.file_batches").uploaded(ids);
        let text = "nothing of vector_stores.file_batches was made yet; uploaded: 2 of 3 (file-1, file-3)";
        assert_eq!(files.to_string(), text);
    }

    #[test]
    fn display_does_not_list_hundreds_of_parts() {
        let upload = Unfinished::new("uploads").id("upload_1").uploaded(vec![Some("part".into()); 200]);
        assert_eq!(upload.to_string(), "uploads upload_1 exists; uploaded: 200 of 200");
    }
}
