//! Subject tokens: what the platform says about the program that runs on it.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use crate::error::{Error, ErrorKind};
use crate::secret::Secret;

/// What [`SubjectTokenProvider::subject_token`] returns.
pub type SubjectFuture<'a> = Pin<Box<dyn Future<Output = Result<Secret, Error>> + Send + 'a>>;

/// Gives the token by which the platform vouches for this program. See [`subject_token`] for one made of a closure.
pub trait SubjectTokenProvider: Send + Sync + 'static {
    /// The kind of its tokens.
    fn token_type(&self) -> SubjectTokenType {
        SubjectTokenType::Jwt
    }

    /// A token that is good now. Called for each exchange.
    fn subject_token(&self) -> SubjectFuture<'_>;
}

/// Kind of a subject token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubjectTokenType {
    /// A signed token of any issuer (`jwt`).
    Jwt,
    /// An OpenID Connect identity token (`id`).
    Id,
}

impl SubjectTokenType {
    /// The name that the exchange knows it by.
    pub(super) fn urn(self) -> &'static str {
        match self {
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
            Self::Id => "urn:ietf:params:oauth:token-type:id_token",
        }
    }
}

/// A subject token provider from a closure that returns a future of the token's text.
pub fn subject_token<F, Fut, T>(token_type: SubjectTokenType, get: F) -> impl SubjectTokenProvider
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
    T: Into<Secret>,
{
    FromClosure { token_type, get }
}

struct FromClosure<F> {
    token_type: SubjectTokenType,
    get: F,
}

impl<F, Fut, T> SubjectTokenProvider for FromClosure<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, Error>> + Send + 'static,
    T: Into<Secret>,
{
    fn token_type(&self) -> SubjectTokenType {
        self.token_type
    }

    fn subject_token(&self) -> SubjectFuture<'_> {
        let answer = (self.get)();
        Box::pin(async move { answer.await.map(Into::into) })
    }
}

/// The token of a Kubernetes service account, or of any platform that keeps a fresh token in a file. The file is read for
/// each exchange.
#[derive(Debug, Clone)]
#[must_use]
pub struct K8sServiceAccount {
    token_file_path: PathBuf,
}

impl Default for K8sServiceAccount {
    fn default() -> Self {
        Self { token_file_path: "/var/run/secrets/kubernetes.io/serviceaccount/token".into() }
    }
}

impl K8sServiceAccount {
    /// The token that Kubernetes mounts at `/var/run/secrets/kubernetes.io/serviceaccount/token`.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads this file instead.
    pub fn token_file_path(mut self, path: impl AsRef<Path>) -> Self {
        self.token_file_path = path.as_ref().to_owned();
        self
    }
}

impl SubjectTokenProvider for K8sServiceAccount {
    fn subject_token(&self) -> SubjectFuture<'_> {
        Box::pin(async move {
            let path = self.token_file_path.display();
            let failed = |why: String| Error::new(ErrorKind::Authentication, format!("the token file {path} {why}"));
            let text = tokio::fs::read_to_string(&self.token_file_path)
                .await
                .map_err(|error| failed(format!("cannot be read: {error}")).with_source(error))?;
            match text.trim() {
                "" => Err(failed("is empty".to_owned())),
                token => Ok(Secret::from(token)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_read_each_time_and_its_faults_are_named() {
        let path = std::env::temp_dir().join(format!("threadline-subject-{}", std::process::id()));
        let provider = K8sServiceAccount::new().token_file_path(&path);
        for (text, token) in [("first\n", "first"), (" second ", "second")] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(provider.subject_token().await.unwrap().expose(), token);
        }
        std::fs::write(&path, "\n").unwrap();
        let error = provider.subject_token().await.unwrap_err();
        assert!(error.message().contains("is empty"), "{error}");
        std::fs::remove_file(&path).unwrap();
        let error = provider.subject_token().await.unwrap_err();
        assert!(error.message().contains("cannot be read") && error.message().contains("threadline-subject"));
    }
}
