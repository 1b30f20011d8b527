//! Bearer tokens that do not last: token providers, the cache that keeps one refresh for many waiters, and workload
//! identity, which trades a token of the platform for one of the API.
//!
//! A [`TokenProvider`] is asked where an API key would be used. A [`Token`] with a lifetime is kept, shared by all calls
//! and clones of a client, and renewed before it ends; one without a lifetime is asked for anew for every request, which
//! suits providers that cache by themselves. When the server answers 401, the token is dropped and the request is sent
//! once more with a new one.

mod cache;
mod exchange;
mod metadata;
mod options;
mod provider;
mod source;
mod subject;
mod workload;

pub use self::metadata::{AzureManagedIdentity, GcpIdToken};
pub use self::provider::{ProviderError, Token, TokenContext, TokenFuture, TokenProvider};
pub use self::subject::{K8sServiceAccount, SubjectFuture, SubjectTokenProvider, SubjectTokenType, subject_token};
pub use self::workload::WorkloadIdentity;

pub(crate) use self::provider::FixedToken;
pub(crate) use self::source::TokenSource;
