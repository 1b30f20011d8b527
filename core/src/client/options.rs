//! Options of one call, and the defaults of a client: the same type for both.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::prepare::DEFAULT_BASE_URL;
use crate::auth::TokenSource;
use crate::json::{Json, Writer};
use crate::request::url::same_origin;
use crate::secret::Secret;

/// Options of a call. Each one left unset falls back to the client's.
///
/// The same options are offered as methods of [`Call`](crate::Call) and of [`ClientBuilder`](crate::ClientBuilder).
#[derive(Clone, Default)]
#[must_use]
pub struct RequestOptions {
    pub(crate) api_key: Option<Secret>,
    pub(crate) token_source: Option<Arc<TokenSource>>,
    pub(crate) admin_api_key: Option<Secret>,
    pub(crate) organization: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) headers: Vec<(String, Option<String>)>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) extra_body: Vec<Json>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_retries: Option<u32>,
    pub(crate) hedge_after: Option<Duration>,
    pub(crate) first_event_timeout: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) max_response_bytes: Option<u64>,
    pub(crate) webhook_secret: Option<Secret>,
    /// A key of the client was not taken over, because it belongs to another origin.
    pub(crate) key_left_behind: bool,
}

/// The fluent setters, written once for options, calls and the client's builder.
macro_rules! option_setters {
    ($(. $field:ident)*) => {
        /// API key for this scope. Blanks and line ends around it are removed.
        pub fn api_key(mut self, key: impl Into<String>) -> Self {
            self$(.$field)*.set_api_key(key.into());
            self
        }

        /// Key for the administration endpoints (`/organization/...`). Without it, the API key is sent there.
        pub fn admin_api_key(mut self, key: impl Into<String>) -> Self {
            self$(.$field)*.set_admin_api_key(key.into());
            self
        }

        /// Organization to bill, sent as `OpenAI-Organization`.
        pub fn organization(mut self, id: impl Into<String>) -> Self {
            self$(.$field)*.organization = Some(id.into());
            self
        }

        /// Project to bill, sent as `OpenAI-Project`.
        pub fn project(mut self, id: impl Into<String>) -> Self {
            self$(.$field)*.project = Some(id.into());
            self
        }

        /// Base URL, default `https://api.openai.com/v1`. A URL on another origin than the client's needs a key of
        /// its own: the client's key is not sent there.
        pub fn base_url(mut self, url: impl Into<String>) -> Self {
            self$(.$field)*.base_url = Some(url.into());
            self
        }

        /// Sends a header. It replaces any header of that name, those that the client makes included.
        pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self$(.$field)*.headers.push((name.into(), Some(value.into())));
            self
        }

        /// Leaves out a header that would be sent otherwise.
        pub fn without_header(mut self, name: impl Into<String>) -> Self {
            self$(.$field)*.headers.push((name.into(), None));
            self
        }

        /// Adds a query parameter, or replaces the one of that name; a name that ends in `[]` is a list, to which it adds.
        pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self$(.$field)*.query.push((name.into(), value.into()));
            self
        }

        /// Adds a member to the body, or replaces the one of that name.
        pub fn extra_body(mut self, name: impl AsRef<str>, value: impl Into<$crate::json::Json>) -> Self {
            self$(.$field)*.add_to_body(name.as_ref(), &value.into());
            self
        }

        /// Total time for a call: connecting, all attempts, waits and the reply's body. Default 600 s. For a stream
        /// it ends with the first event; from there on [`idle_timeout`](Self::idle_timeout) watches.
        pub fn timeout(mut self, limit: std::time::Duration) -> Self {
            self$(.$field)*.timeout = Some(limit);
            self
        }

        /// How often a failed call is tried again. Default 2.
        pub fn max_retries(mut self, count: u32) -> Self {
            self$(.$field)*.max_retries = Some(count);
            self
        }

        /// Sends a `GET` a second time when no reply has begun after this long, and takes the reply that begins first.
        /// Default: never. It is for reads whose delay now and then is that of one slow server. The second request is paid
        /// from the retry budget, and not given back, so that at most one call in ten has one for long. Streams, and clients
        /// with limits of their own, do without.
        pub fn hedge_after(mut self, delay: std::time::Duration) -> Self {
            self$(.$field)*.hedge_after = Some(delay);
            self
        }

        /// Longest wait for a stream's first event once the reply has begun. Default: as
        /// [`idle_timeout`](Self::idle_timeout).
        pub fn first_event_timeout(mut self, limit: std::time::Duration) -> Self {
            self$(.$field)*.first_event_timeout = Some(limit);
            self
        }

        /// Longest silence between two events of a stream, and between two pieces of a download. Comments in a
        /// stream do not count as events. Default 60 s.
        pub fn idle_timeout(mut self, limit: std::time::Duration) -> Self {
            self$(.$field)*.idle_timeout = Some(limit);
            self
        }

        /// Longest reply to accept, in bytes after decompression; for a stream the longest event. Default: no limit.
        pub fn max_response_bytes(mut self, limit: u64) -> Self {
            self$(.$field)*.max_response_bytes = Some(limit);
            self
        }
    };
}
pub(crate) use option_setters;

impl RequestOptions {
    /// Options that change nothing.
    pub fn new() -> Self {
        Self::default()
    }

    option_setters!();

    /// Value of `Idempotency-Key`, the same for every attempt. Default: a new random one for each call that is not
    /// a `GET`.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Signing secret with which `webhooks().unwrap` verifies deliveries. It is sent nowhere.
    pub fn webhook_secret(mut self, secret: impl Into<String>) -> Self {
        self.webhook_secret = Some(clean_key(secret.into()));
        self
    }

    pub(crate) fn set_api_key(&mut self, key: String) {
        self.api_key = Some(clean_key(key));
    }

    pub(crate) fn add_to_body(&mut self, name: &str, value: &Json) {
        let mut writer = Writer::new();
        writer.begin_object();
        writer.key(name);
        writer.raw(value.raw());
        writer.end_object();
        self.extra_body.push(Json::valid(writer.text()));
    }

    pub(crate) fn set_admin_api_key(&mut self, key: String) {
        self.admin_api_key = Some(clean_key(key));
    }

    /// What of these options holds for another call on behalf of the same one.
    pub(crate) fn for_another_call(mut self) -> Self {
        self.idempotency_key = None;
        self.extra_body.clear();
        self
    }

    /// These options for use with a client of these defaults. A credential is bound to the origin it was given for:
    /// when these options name another one, the client's keys stay behind.
    pub(crate) fn over_client(self, client: &Self) -> Self {
        let home = client.base_url.as_deref().unwrap_or(DEFAULT_BASE_URL);
        if self.base_url.as_deref().is_none_or(|url| same_origin(url, home)) {
            return self.over(client);
        }
        let mut client = client.clone();
        client.headers.retain(|(name, _)| !is_credential(name));
        let moved = client.api_key.take().is_some()
            | client.admin_api_key.take().is_some()
            | client.token_source.take().is_some();
        let mut options = self.over(&client);
        options.key_left_behind = moved;
        options
    }

    /// These options, with whatever they leave unset taken from `base`.
    pub(crate) fn over(mut self, base: &Self) -> Self {
        self.key_left_behind |= base.key_left_behind;
        self.inherit_credential(base);
        macro_rules! fall_back {
            ($($field:ident)*) => { $( if self.$field.is_none() { self.$field.clone_from(&base.$field); } )* };
        }
        fall_back!(admin_api_key organization project base_url timeout max_retries hedge_after first_event_timeout
            idle_timeout idempotency_key max_response_bytes webhook_secret);
        prepend(&mut self.headers, &base.headers);
        let own = |name: &str| self.query.iter().any(|(known, _)| known == name);
        let inherited: Vec<_> = base.query.iter().filter(|(name, _)| !own(name)).cloned().collect();
        prepend(&mut self.query, &inherited);
        prepend(&mut self.extra_body, &base.extra_body);
        self
    }
}

fn is_credential(header: &str) -> bool {
    ["authorization", "proxy-authorization", "api-key", "x-api-key", "cookie"]
        .iter()
        .any(|name| header.eq_ignore_ascii_case(name))
}

fn prepend<T: Clone>(own: &mut Vec<T>, base: &[T]) {
    if !base.is_empty() {
        own.splice(0..0, base.iter().cloned());
    }
}

fn clean_key(key: String) -> Secret {
    // A key read from a file ends in a line feed more often than not.
    let trimmed = key.trim();
    if trimmed.len() == key.len() { Secret::from(key) } else { Secret::from(trimmed.to_owned()) }
}

impl fmt::Debug for RequestOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        f.debug_struct("RequestOptions")
            .field("api_key", &self.api_key)
            .field("token_provider", &self.token_source.is_some())
            .field("admin_api_key", &self.admin_api_key)
            .field("organization", &self.organization)
            .field("project", &self.project)
            .field("base_url", &self.base_url.as_deref().map(without_user_and_query))
            .field("headers", &self.headers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("query", &names(&self.query))
            .field("extra_body", &self.extra_body.len())
            .field("timeout", &self.timeout)
            .field("max_retries", &self.max_retries)
            .field("hedge_after", &self.hedge_after)
            .field("first_event_timeout", &self.first_event_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("idempotency_key", &self.idempotency_key)
            .field("max_response_bytes", &self.max_response_bytes)
            .field("webhook_secret", &self.webhook_secret)
            .finish()
    }
}

/// A base URL fit for a log. One with user information is refused later, and must not be shown before that.
pub(crate) fn without_user_and_query(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}***{}", &url[..scheme + 3], &url[at..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let options = RequestOptions::new()
            .api_key("canary-1")
            .admin_api_key("canary-2")
            .header("x-token", "canary-3")
            .query("sig", "canary-4")
            .webhook_secret("canary-8")
            .base_url("https://canary-5:canary-6@host/v1?k=canary-7");
        let text = format!("{options:?}");
        assert!(!text.contains("canary"), "{text}");
        assert!(text.contains("x-token") && text.contains("@host/v1"));
    }

    #[test]
    fn keys_lose_blanks_and_line_ends_around_them() {
        let options = RequestOptions::new().api_key(" sk-1\r\n");
        assert_eq!(options.api_key.unwrap().expose(), "sk-1");
    }

    #[test]
    fn keys_stay_with_their_origin() {
        let home = RequestOptions::new().base_url("https://a.test/v1").api_key("k").header("Authorization", "x");
        let same = RequestOptions::new().base_url("https://a.test/v2").over_client(&home);
        assert!(same.api_key.is_some() && same.headers.len() == 1 && !same.key_left_behind);
        let other = RequestOptions::new().base_url("https://b.test/v1").over_client(&home);
        assert!(other.api_key.is_none() && other.headers.is_empty() && other.key_left_behind);
        let own = RequestOptions::new().base_url("https://b.test/v1").api_key("own").over_client(&home);
        assert_eq!(own.api_key.unwrap().expose(), "own");
    }

    #[test]
    fn own_settings_win_and_lists_come_after_the_base() {
        let base = RequestOptions::new().organization("a").max_retries(5).header("x", "1");
        let merged = RequestOptions::new().organization("b").header("x", "2").over(&base);
        assert_eq!(merged.organization.as_deref(), Some("b"));
        assert_eq!(merged.max_retries, Some(5));
        assert_eq!(merged.headers, [("x".into(), Some("1".into())), ("x".into(), Some("2".into()))]);
    }
}
