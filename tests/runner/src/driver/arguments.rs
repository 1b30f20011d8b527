//! The arguments of one line of the call protocol, as the generated dispatch rows ask for them.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use threadline::json::{Decode, Strict, decode_strict};
use threadline::{Call, RequestOptions};

use super::line::Watch;
use super::{Answer, Pending, blocking};

/// A call that cannot be made: reported with the kind `usage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// What is wrong with the call.
    pub message: String,
}

impl Usage {
    /// A usage error with this message.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// The lines are a test's own: they may name files. What an argument lacks inside is for the server to say: the vendor's own examples leave
/// out required members.
fn as_given() -> Strict {
    Strict::default().absent_members().local_files()
}

/// How much of a stream or a list is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) items: usize,
    pub(super) events: usize,
    /// Whether the blocking interface makes the call.
    pub(super) blocking: bool,
}

/// All arguments of a call by their official names, with the options that belong to this call.
#[derive(Debug, Clone)]
pub struct Arguments {
    // Each as the JSON text it came as: numbers keep their digits, members their order.
    values: BTreeMap<String, Box<RawValue>>,
    path: BTreeMap<&'static str, Option<String>>,
    stream: Option<&'static str>,
    options: RequestOptions,
    pub(super) limits: Limits,
    pub(super) ear: Ear,
}

/// Hears what a program could print of a call, if anybody listens.
#[derive(Clone, Default)]
pub(super) struct Ear(pub(super) Option<Watch>);

impl Ear {
    /// Says something that is worth making only where somebody listens.
    pub(super) fn hear(&self, text: impl FnOnce() -> String) {
        if let Some(watch) = &self.0 {
            watch(&text());
        }
    }
}

impl std::fmt::Debug for Ear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ear")
    }
}

impl Arguments {
    /// Arguments and options of one line. `path` names those that stand in the URL, `stream` the one that asks for a stream.
    pub(super) fn new(
        mut values: BTreeMap<String, Box<RawValue>>,
        options: RequestOptions,
        limits: Limits,
        path: &'static [&'static str],
        stream: Option<&'static str>,
    ) -> Self {
        let path = path
            .iter()
            .filter_map(|name| Some((*name, serde_json::from_str(values.remove(*name)?.get()).ok())))
            .collect();
        Self { values, path, stream, options, limits, ear: Ear::default() }
    }

    /// Names of the arguments given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str).chain(self.path.keys().copied())
    }

    /// Whether an argument was given.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name) || self.path.contains_key(name)
    }

    /// A path parameter, which must be a text.
    pub fn path(&self, name: &str) -> Result<&str, Usage> {
        match self.path.get(name) {
            Some(Some(text)) => Ok(text),
            Some(None) => Err(Usage::new(format!("the argument `{name}` must be a text, since it stands in the URL"))),
            None => Err(Usage::new(format!("misses the required argument `{name}`"))),
        }
    }

    /// Refuses a stream flag that is neither true, false nor null.
    pub(super) fn check_stream(&self) -> Result<(), Usage> {
        match self.stream.and_then(|name| Some((name, self.values.get(name)?.get()))) {
            Some((name, raw)) if !matches!(raw, "true" | "false" | "null") => {
                Err(Usage::new(format!("the argument `{name}` must be true or false")))
            }
            _ => Ok(()),
        }
    }

    /// Whether a stream was asked for.
    pub fn stream(&self) -> bool {
        self.stream.and_then(|name| self.values.get(name)).is_some_and(|raw| raw.get() == "true")
    }

    /// The typed parameters: all arguments but path parameters and the stream flag.
    pub fn params<P: Decode>(&self) -> Result<P, Usage> {
        decode_strict(&self.rest(), as_given()).map_err(|error| Usage::new(error.to_string()))
    }

    /// An argument of a helper's own, which the operations behind it do not know: taken out, so that
    /// [`params`](Self::params) does not see it. `None` if it was not given, or is `null`.
    pub fn take<T: Decode>(&mut self, name: &str) -> Result<Option<T>, Usage> {
        let Some(raw) = self.values.remove(name).filter(|raw| raw.get() != "null") else { return Ok(None) };
        let value = decode_strict(raw.get().as_bytes(), as_given());
        value.map(Some).map_err(|error| Usage::new(format!("the argument `{name}`: {error}")))
    }

    /// How many events of a stream are read.
    pub fn max_events(&self) -> usize {
        self.limits.events
    }

    /// A helper's work: awaited, or waited for where the blocking interface is to be used.
    pub fn pending(&self, work: impl Future<Output = Answer> + Send + 'static) -> Pending {
        if self.limits.blocking {
            return blocking::thread(move || threadline::blocking::run(work));
        }
        Box::pin(work)
    }

    /// The options of the line.
    pub fn options(&self) -> RequestOptions {
        self.options.clone()
    }

    fn rest(&self) -> Vec<u8> {
        let rest: BTreeMap<&str, &RawValue> = self
            .values
            .iter()
            .filter(|(name, _)| self.stream != Some(name.as_str()))
            .map(|(name, raw)| (name.as_str(), &**raw))
            .collect();
        // A map of texts to valid JSON always encodes.
        serde_json::to_vec(&rest).unwrap_or_default()
    }

    /// `Debug` of the options, for those who look for secrets in it.
    pub(super) fn shown(&self) -> String {
        format!("{:?}", self.options)
    }

    /// The call with the options of the line.
    pub(super) fn apply<R>(&self, call: Call<R>) -> Call<R> {
        call.options(self.options.clone())
    }
}
