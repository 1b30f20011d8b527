//! How a function ends the run that has called it.

use std::error::Error as StdError;
use std::fmt;

use crate::error::{Error, ErrorKind};

/// An error of a function that ends the run, whatever [`ToolErrors`](super::ToolErrors) says, and that the model is not told: the program is
/// being stopped, or the user has said no.
///
/// The run's error is of kind `tool`, with the name of the function as its `param` and this as its
/// [`source`](std::error::Error::source).
pub struct Interrupted(Box<dyn StdError + Send + Sync>);

impl Interrupted {
    /// For this reason.
    pub fn new(why: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(why.into())
    }

    /// The run's error, if this error of the function of this name is one.
    pub(crate) fn ending(
        error: Box<dyn StdError + Send + Sync>,
        name: &str,
    ) -> Result<Error, Box<dyn StdError + Send + Sync>> {
        let why = error.downcast::<Self>()?;
        let message = format!("the function `{name}` has ended the run: {why}");
        Ok(Error::new(ErrorKind::Tool, message).with_param(name).with_source(*why))
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Interrupted {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}
