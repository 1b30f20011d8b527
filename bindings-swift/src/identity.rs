//! Functions of the host that give tokens.

use std::sync::Arc;

use threadline::auth::{Token, TokenContext, TokenFuture, subject_token};
use threadline::settings::{Hooks, duration};
use threadline::{Error, ErrorKind};

use crate::error::CallError;

/// A bearer token, with its lifetime where that is known.
#[derive(uniffi::Record)]
pub struct ProvidedToken {
    /// The token.
    pub token: String,
    /// How long it can be used, in seconds.
    pub expires_in: Option<f64>,
    /// When to ask for the next one, in seconds.
    pub refresh_in: Option<f64>,
}

impl std::fmt::Debug for ProvidedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProvidedToken").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Gives bearer tokens, on a thread that may wait. Never asked a second time before the first answer.
#[uniffi::export(with_foreign)]
pub trait TokenProvider: Send + Sync {
    /// A token to send with the next requests. An error's message is shown to the caller.
    fn token(&self) -> Result<ProvidedToken, CallError>;
}

/// What the host provides: bearer tokens, or the subject tokens of a workload identity.
pub(crate) fn hooks(tokens: Option<Arc<dyn TokenProvider>>, are_subjects: bool) -> Hooks {
    match tokens {
        None => Hooks::new(),
        Some(provider) if are_subjects => Hooks::new().subject(|function| {
            Ok(subject_token(function.token_type, move || {
                let provider = Arc::clone(&provider);
                async move {
                    let given = ask(provider).await.map_err(|error| {
                        Error::new(ErrorKind::Authentication, format!("the subject token provider failed: {error}"))
                    })?;
                    Ok(given.token)
                }
            }))
        }),
        Some(provider) => Hooks::new().tokens(Foreign(provider)),
    }
}

/// Asks on a thread that may wait.
async fn ask(provider: Arc<dyn TokenProvider>) -> Result<ProvidedToken, CallError> {
    match tokio::task::spawn_blocking(move || provider.token()).await {
        Ok(given) => given,
        Err(error) => Err(CallError::usage(format!("it crashed: {error}"))),
    }
}

struct Foreign(Arc<dyn TokenProvider>);

impl threadline::auth::TokenProvider for Foreign {
    fn token<'a>(&'a self, _: &'a TokenContext) -> TokenFuture<'a> {
        let provider = Arc::clone(&self.0);
        Box::pin(async move {
            let given = ask(provider).await?;
            let mut token = Token::new(given.token);
            if let Some(lifetime) = duration("expires_in", given.expires_in)? {
                token = token.expires_in(lifetime);
            }
            if let Some(wait) = duration("refresh_in", given.refresh_in)? {
                token = token.refresh_in(wait);
            }
            Ok(token)
        })
    }
}
