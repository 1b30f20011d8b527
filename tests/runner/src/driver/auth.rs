//! `tokens` of a client: a token provider that answers from a list.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use threadline::auth::{Token, TokenContext, TokenFuture, TokenProvider};

use super::options::duration;

/// What a token provider answers, one item a call.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ScriptedToken {
    /// A token without a lifetime.
    Plain(String),
    /// A failure.
    Error {
        /// Its text.
        error: String,
    },
    /// A token with all that can be said of it.
    Full { token: String, expires_in_s: Option<f64>, refresh_in_s: Option<f64>, delay_s: Option<f64> },
}

/// A provider that answers from a list, and fails after its end.
pub(super) struct ScriptedTokens {
    rest: Arc<Mutex<VecDeque<ScriptedToken>>>,
}

impl From<Vec<ScriptedToken>> for ScriptedTokens {
    fn from(tokens: Vec<ScriptedToken>) -> Self {
        Self { rest: Arc::new(Mutex::new(tokens.into())) }
    }
}

impl TokenProvider for ScriptedTokens {
    fn token<'a>(&'a self, _: &'a TokenContext) -> TokenFuture<'a> {
        let next = self.rest.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        Box::pin(async move {
            match next {
                None => Err("the list of tokens is at its end".into()),
                Some(ScriptedToken::Error { error }) => Err(error.into()),
                Some(ScriptedToken::Plain(token)) => Ok(Token::new(token)),
                Some(ScriptedToken::Full { token, expires_in_s, refresh_in_s, delay_s }) => {
                    if let Some(delay) = duration("delay_s", delay_s)? {
                        tokio::time::sleep(delay).await;
                    }
                    let mut token = Token::new(token);
                    if let Some(lifetime) = duration("expires_in_s", expires_in_s)? {
                        token = token.expires_in(lifetime);
                    }
                    if let Some(wait) = duration("refresh_in_s", refresh_in_s)? {
                        token = token.refresh_in(wait);
                    }
                    Ok(token)
                }
            }
        })
    }
}
