//! Functions of JavaScript's that give tokens.

use serde::Deserialize;
use threadline::auth::{Token, TokenContext, TokenFuture, TokenProvider, subject_token};
use threadline::settings::{Hooks, duration};
use threadline::{Error, ErrorKind};

use crate::host::{Answer, Callback, Failure};

/// What the program provides: the function `tokens`, and those that the settings name as subject tokens' providers.
pub(crate) fn hooks(tokens: Option<u32>, hub: &Callback) -> Hooks {
    let hooks = match tokens {
        Some(function) => Hooks::new().tokens(Tokens(hub.sibling(function))),
        None => Hooks::new(),
    };
    let hub = hub.clone();
    hooks.subject(move |subject| {
        let number = subject.function.as_u64().and_then(|number| u32::try_from(number).ok());
        let number =
            number.ok_or_else(|| Error::new(ErrorKind::Usage, "there is no function that gives subject tokens"))?;
        let callback = hub.sibling(number);
        Ok(subject_token(subject.token_type, move || {
            let callback = callback.clone();
            async move {
                text(&callback).await.map_err(|error| {
                    Error::new(ErrorKind::Authentication, format!("the subject token provider failed: {error}"))
                })
            }
        }))
    })
}

async fn text(callback: &Callback) -> Result<String, Failure> {
    match callback.ask(String::new(), None).await? {
        Answer::Text(text) => Ok(text),
        _ => Err(Failure { number: None, message: "the provider gave no text".into() }),
    }
}

/// A function that gives tokens: the JSON of `token`, `expires_in` and `refresh_in` (seconds).
struct Tokens(Callback);

#[derive(Deserialize)]
struct Given {
    token: String,
    expires_in: Option<f64>,
    refresh_in: Option<f64>,
}

impl TokenProvider for Tokens {
    fn token<'a>(&'a self, _: &'a TokenContext) -> TokenFuture<'a> {
        Box::pin(async move {
            let given: Given = serde_json::from_str(&text(&self.0).await?)?;
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

    /// A function may look at the context of the call (`AsyncLocalStorage`).
    fn is_shared(&self) -> bool {
        false
    }
}
