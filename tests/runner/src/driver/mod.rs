//! The Rust driver: makes calls of the call protocol through the public, typed interface of the crate.
//!
//! `cargo xtask generate` writes `crate::generated`, one file a group, with one [`Row`] for each official method name:
//!
//! ```text
//! Row { id: "files.retrieve", path: &["file_id"], required: &["file_id"], optional: &[], stream: None,
//!       run: |c, a| Ok(finish::reply(a, c.files().retrieve(a.path("file_id")?))) }
//! Row { id: "files.list", path: &[], required: &[], optional: &["after", "limit", "order", "purpose"], stream: None,
//!       run: |c, a| Ok(finish::page(a, c.files().list_with(a.params()?))) }
//! Row { id: "chat.completions.create", path: &[], required: &["messages", "model"], optional: &["audio", …], stream: Some("stream"),
//!       run: |c, a| {
//!           if a.stream() {
//!               return Ok(finish::events(a, c.chat().completions().create_stream(a.params()?)));
//!           }
//!           Ok(finish::reply(a, c.chat().completions().create(a.params()?)))
//!       } }
//! ```
//!
//! and `crate::generated::find(id) -> Option<&'static Row>`; a second official name of a route has a row of its own.
//! The caller of a row has checked the argument names with [`Row::check`] before it calls `run`.
//!
//! What the rows need, and where it stands:
//!
//! - [`Arguments`] (`arguments.rs`): the parsed `args`, `options` and limits of one line of the call protocol.
//!   `path(name)` gives a path parameter as text, `params::<P>()` decodes all arguments that are not path parameters and
//!   not the stream flag into the typed parameters, strictly, and `stream()` tells whether a stream was asked for.
//! - `finish` (`finish.rs`): one function for each shape of typed call. Each lays the options of the line over the call,
//!   starts nothing yet, and gives the future of the outcome:
//!   `reply(a, Call<Reply<T>>)` (also `Reply<String>`), `empty(a, Call<Reply<()>>)`, `page(a, Call<Page<T>>)`,
//!   `events(a, Call<EventStream<E>>)`, `download(a, Call<Download>)`, each `-> Pending`.

pub(crate) mod answer;
pub mod arguments;
mod auth;
mod blocking;
mod clients;
pub mod finish;
mod line;
mod observed;
mod options;
mod program;

use std::pin::Pin;

use threadline::Client;

use crate::generated;

pub use answer::{Answer, ErrorRecord};
pub use arguments::{Arguments, Usage};
pub use line::{Driver, Watch};
pub use program::serve;

/// The outcome of one call, to be awaited.
pub type Pending = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// One official method name and the typed method behind it.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Official name: resource path and method.
    pub id: &'static str,
    /// Arguments that stand in the URL, in order; [`Arguments::new`] takes them. They are required too.
    pub path: &'static [&'static str],
    /// Arguments that must be given.
    pub required: &'static [&'static str],
    /// Arguments that may be given, the stream flag among them. `=chat.completions.create` stands for all arguments of
    /// that row.
    pub optional: &'static [&'static str],
    /// The argument that asks for a stream, where the method has one.
    pub stream: Option<&'static str>,
    /// Makes the typed call.
    pub run: fn(&Client, &Arguments) -> Result<Pending, Usage>,
}

impl Row {
    fn takes(&self, name: &str) -> bool {
        let of_other = |id: &str| generated::find(id).is_some_and(|row| row.takes(name));
        self.required.contains(&name)
            || self.optional.iter().any(|known| *known == name || known.strip_prefix('=').is_some_and(of_other))
    }

    /// Refuses unknown and missing arguments, as a call with keyword arguments does.
    pub fn check(&self, arguments: &Arguments) -> Result<(), Usage> {
        let known = |name: &str| self.takes(name);
        if let Some(name) = arguments.names().find(|name| !known(name)) {
            return Err(Usage::new(format!("{} got an unexpected argument `{name}`", self.id)));
        }
        match self.required.iter().find(|name| !arguments.has(name)) {
            Some(name) => Err(Usage::new(format!("{} misses the required argument `{name}`", self.id))),
            None => arguments.check_stream(),
        }
    }
}
