//! The client: calls by the official names of operations.

use std::sync::{Arc, Mutex, PoisonError};

use threadline::accumulate::accumulate_raw;
use threadline::json::Doc;
use threadline::observe::CallRecord;
use threadline::operation::{Operation, ReplyKind};
use threadline::settings::Settings;
use threadline::undocumented::{self, Answer};
use threadline::usage::UsageCounter;
use threadline::{Args, RequestOptions, operations};
use threadline_engine::{Assistants, AssistantsExt};

use crate::cancel::CancelHandle;
use crate::error::CallError;
use crate::files::{Upload, inputs};
use crate::identity::{TokenProvider, hooks};
use crate::options::options as call_options;
use crate::reply::{Download, Reply};
use crate::runtime;
use crate::stream::{AccumulatedStream, EventStream};

/// A client. Cheap to share; those made by `with_options` share its connections.
#[derive(Debug, uniffi::Object)]
pub struct Client {
    pub(crate) core: threadline::Client,
    records: Option<Arc<Mutex<Vec<String>>>>,
    counter: Option<UsageCounter>,
}

/// The operation of this official name, or of a route that the description does not have: `get`, `post json` and their kin
/// ([`undocumented::named`]), with the route as its one path argument.
fn operation(name: &str, path: &[String], answer: Answer) -> Result<&'static Operation, CallError> {
    let route = path.first().map_or("", String::as_str);
    let found = operations::find(name).or_else(|| undocumented::named(name, route, answer));
    found.ok_or_else(|| CallError::usage(format!("there is no operation `{name}`")))
}

/// What goes to the core for one call.
pub(crate) fn prepared(
    name: &str,
    path: Vec<String>,
    fields: Vec<u8>,
    files: Vec<Upload>,
    options: &str,
    answer: Answer,
) -> Result<(&'static Operation, Args, RequestOptions), CallError> {
    let operation = operation(name, &path, answer)?;
    Ok((operation, Args::new(path, fields, inputs(files)?), call_options(options)?))
}

/// A client whose calls' records are added to this list.
fn watched(core: &threadline::Client, records: &Arc<Mutex<Vec<String>>>) -> threadline::Client {
    let place = Arc::clone(records);
    core.with_observer(move |record: &CallRecord| {
        place.lock().unwrap_or_else(PoisonError::into_inner).push(record.to_json());
    })
}

impl Client {
    /// What [`execute`](Self::execute) does, for a task of the runtime.
    pub(crate) fn execute_here(
        &self,
        operation: String,
        path: Vec<String>,
        fields: Vec<u8>,
        files: Vec<Upload>,
        options: String,
    ) -> impl Future<Output = Result<Reply, CallError>> + Send + use<> {
        let core = self.core.clone();
        async move {
            let (operation, args, options) = prepared(&operation, path, fields, files, &options, Answer::Whole)?;
            let raw = core.execute(operation, args, options).await?;
            let is_json = match operation.reply {
                ReplyKind::Json => true,
                ReplyKind::JsonOrText => raw.is_json(),
                _ => false,
            };
            // Hosts' parsers are not all strict; what is no JSON is reported here, in the same words for all.
            if is_json && let Err(error) = Doc::parse(&raw.body) {
                return Err(raw.decode_error(error).into());
            }
            Ok(raw.into())
        }
    }

    /// What [`stream`](Self::stream) does, for a task of the runtime.
    pub(crate) fn stream_here(
        &self,
        operation: String,
        path: Vec<String>,
        fields: Vec<u8>,
        files: Vec<Upload>,
        options: String,
    ) -> impl Future<Output = Result<Arc<EventStream>, CallError>> + Send + use<> {
        let core = self.core.clone();
        async move {
            let (operation, args, options) = prepared(&operation, path, fields, files, &options, Answer::Events)?;
            Ok(EventStream::new(core.stream(operation, args, options).await?))
        }
    }
}

#[uniffi::export]
impl Client {
    /// A client of these settings: one JSON object, whose members `threadline::settings` lists. `tokens` gives bearer tokens; where
    /// the settings have a `workload_identity` whose `provider` is `{"type": "function"}`, its subject tokens.
    #[uniffi::constructor]
    pub fn new(settings: String, tokens: Option<Arc<dyn TokenProvider>>) -> Result<Arc<Self>, CallError> {
        let settings = Settings::from_json(&settings)?;
        let counter = settings.counter()?;
        let records = settings.observe().then(Arc::default);
        let assistants = settings.assistants().map(|store| Assistants::parse(&store).map_err(CallError::usage));
        let hooks = hooks(tokens, settings.wants_subject_function());
        let _guard = runtime::get()?.enter();
        let builder = settings.builder(hooks)?;
        let mut core = match assistants.transpose()? {
            Some(store) => builder.assistants(store)?,
            None => builder.build()?,
        };
        if let Some(counter) = &counter {
            core = core.with_observer(counter.clone());
        }
        if let Some(records) = &records {
            core = watched(&core, records);
        }
        Ok(Arc::new(Self { core, records, counter }))
    }

    /// A client of other defaults, which shares connections with this one.
    pub fn with_options(&self, options: String) -> Result<Arc<Self>, CallError> {
        let core = self.core.with_options(call_options(&options)?);
        Ok(Arc::new(Self { core, records: self.records.clone(), counter: self.counter.clone() }))
    }

    /// A client that keeps records of its own calls, and shares all else with this one.
    pub fn observing(&self) -> Arc<Self> {
        let records: Arc<Mutex<Vec<String>>> = Arc::default();
        let core = watched(&self.core, &records);
        Arc::new(Self { core, records: Some(records), counter: self.counter.clone() })
    }

    /// Where requests go.
    pub fn base_url(&self) -> String {
        self.core.base_url().to_owned()
    }

    /// Records of the calls made so far as a JSON list, where the client observes; they are then forgotten.
    pub fn take_observed(&self) -> Option<String> {
        let records = std::mem::take(&mut *self.records.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner));
        Some(format!("[{}]", records.join(",")))
    }

    /// What the client has used so far, as JSON, where it counts.
    pub fn usage(&self) -> Option<String> {
        self.counter.as_ref().map(|counter| counter.report().to_json())
    }

    /// Makes a call and reads its reply to the end.
    pub async fn execute(
        &self,
        operation: String,
        path: Vec<String>,
        fields: Vec<u8>,
        files: Vec<Upload>,
        options: String,
        cancel: Option<Arc<CancelHandle>>,
    ) -> Result<Reply, CallError> {
        let work = self.execute_here(operation, path, fields, files, options);
        runtime::run(cancel, work).await
    }

    /// Makes a call whose reply is read piece by piece.
    pub async fn download(
        &self,
        operation: String,
        path: Vec<String>,
        fields: Vec<u8>,
        files: Vec<Upload>,
        options: String,
        cancel: Option<Arc<CancelHandle>>,
    ) -> Result<Arc<Download>, CallError> {
        let (operation, args, options) = prepared(&operation, path, fields, files, &options, Answer::Bytes)?;
        let core = self.core.clone();
        runtime::run(cancel, async move { Ok(Download::new(core.download(operation, args, options).await?)) }).await
    }

    /// Makes a call whose reply is a stream of events; returns with the first event.
    pub async fn stream(
        &self,
        operation: String,
        path: Vec<String>,
        fields: Vec<u8>,
        files: Vec<Upload>,
        options: String,
        cancel: Option<Arc<CancelHandle>>,
    ) -> Result<Arc<EventStream>, CallError> {
        let work = self.stream_here(operation, path, fields, files, options);
        runtime::run(cancel, work).await
    }

    /// Makes a call whose reply is a stream, and puts the stream together: of `chat.completions.create`, `completions.create`,
    /// `responses.create`, `responses.retrieve`, and runs of assistants.
    pub async fn accumulate(
        &self,
        operation: String,
        path: Vec<String>,
        fields: Vec<u8>,
        options: String,
        cancel: Option<Arc<CancelHandle>>,
    ) -> Result<Arc<AccumulatedStream>, CallError> {
        let (operation, args, options) = prepared(&operation, path, fields, Vec::new(), &options, Answer::Events)?;
        let core = self.core.clone();
        runtime::run(cancel, async move {
            Ok(AccumulatedStream::new(accumulate_raw(&core, operation, args, options).await?))
        })
        .await
    }
}
