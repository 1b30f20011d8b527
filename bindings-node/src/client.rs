//! The client as JavaScript holds it: the core's client, and calls.

use std::sync::{Arc, Mutex};

use napi::bindgen_prelude::Either;
use napi::{Error, Result};
use napi_derive::napi;
use threadline::observe::CallRecord;
use threadline::operation::{BodyKind, Operation, ReplyKind};
use threadline::operations;
use threadline::settings::Settings;
use threadline::usage::UsageCounter;
use threadline::{Args, Client as Core};
use threadline_engine::{Assistants, AssistantsExt};

use crate::call::{self, Way};
use crate::error;
use crate::files::{self, Upload};
use crate::host::Callback;
use crate::hub::{Hub, Queue, lock};
use crate::identity;
use crate::options;
use crate::runtime;
use crate::transport::HostTransport;

/// A client.
#[napi]
pub struct Client {
    pub(crate) core: Core,
    pub(crate) queue: Arc<Queue>,
    observed: Arc<Mutex<Vec<String>>>,
    counter: Option<UsageCounter>,
}

/// The operation of this number.
pub(crate) fn operation(number: u32) -> Result<&'static Operation> {
    let found = operations::ALL.get(number as usize);
    found.copied().ok_or_else(|| Error::from_reason(format!("there is no operation {number}")))
}

/// An error of the core's, thrown as its record.
pub(crate) fn thrown(error: &threadline::Error) -> Error {
    Error::from_reason(format!("record:{}", error::record(error)))
}

#[napi]
impl Client {
    /// A client of these settings (JSON, as `threadline::settings` has them). `tokens`: the number of the function that gives bearer
    /// tokens; `transport`: of the one that sends requests in place of the core's transport.
    #[napi(constructor)]
    pub fn new(hub: &Hub, settings: String, tokens: Option<u32>, transport: Option<u32>) -> Result<Self> {
        let callback = Callback::new(Arc::clone(hub.queue()), 0);
        let settings = Settings::from_json(&settings).map_err(|error| thrown(&error))?;
        let counter = settings.counter().map_err(|error| thrown(&error))?;
        let observe = settings.observe();
        let store =
            settings.assistants().map(|text| Assistants::parse(&text)).transpose().map_err(Error::from_reason)?;
        let mut builder = settings.builder(identity::hooks(tokens, &callback)).map_err(|error| thrown(&error))?;
        if let Some(function) = transport {
            builder = builder.transport(HostTransport::new(callback.sibling(function)));
        }
        let _guard = runtime::get()?.enter();
        let built = match store {
            Some(store) => builder.assistants(store),
            None => builder.build(),
        };
        let mut core = built.map_err(|error| thrown(&error))?;
        if let Some(counter) = &counter {
            core = core.with_observer(counter.clone());
        }
        Ok(Self { core, queue: Arc::clone(hub.queue()), observed: Arc::default(), counter }.watched(observe))
    }

    /// A client of other options (JSON) that shares connections.
    #[napi]
    pub fn with_options(&self, options: String, observe: bool) -> Result<Self> {
        let client = Self {
            core: self.core.with_options(options::parse(Some(&options))?),
            queue: Arc::clone(&self.queue),
            observed: Arc::default(),
            counter: self.counter.clone(),
        };
        Ok(client.watched(observe))
    }

    /// Starts a call. `fields`: all arguments but those of the path, as a JSON object. `way`: 0 whole, 1 events, 2 bytes.
    #[napi]
    #[allow(clippy::too_many_arguments)] // crosses into JavaScript, where an object for each call costs more
    pub fn call(
        &self,
        id: u32,
        number: u32,
        path: Option<Vec<String>>,
        fields: String,
        options: Option<String>,
        files: Option<Vec<Upload>>,
        way: u32,
    ) -> Result<()> {
        let operation = operation(number)?;
        let options = options::parse(options.as_deref())?;
        let files = files::inputs(files, &Callback::new(Arc::clone(&self.queue), 0));
        let args = Args::new(path.unwrap_or_default(), fields, files);
        let (core, queue) = (self.core.clone(), Arc::clone(&self.queue));
        let way = Way::from_number(way);
        let work = Box::pin(async move { call::send(&queue, id, core, (operation, args, options), way).await });
        self.queue.spawn(id, work)
    }

    /// Records of the calls made so far, as JSON texts, where the client is observed; they are then forgotten.
    #[napi]
    pub fn take_observed(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.observed))
    }

    /// What the client has used so far, as JSON, where it counts.
    #[napi]
    pub fn usage(&self) -> Option<String> {
        self.counter.as_ref().map(|counter| counter.report().to_json())
    }

    /// Where requests go.
    #[napi(getter)]
    pub fn base_url(&self) -> String {
        self.core.base_url().to_owned()
    }
}

impl Client {
    fn watched(mut self, observe: bool) -> Self {
        if observe {
            let records = Arc::clone(&self.observed);
            self.core = self.core.with_observer(move |record: &CallRecord| lock(&records).push(record.to_json()));
        }
        self
    }
}

/// What JavaScript needs to know of an operation.
#[napi(object)]
pub struct Row {
    /// Official name.
    pub id: String,
    /// HTTP method.
    pub verb: String,
    /// Path with placeholders.
    pub path: String,
    /// Names of the placeholders.
    pub path_params: Vec<String>,
    /// Whether files may stand among the arguments.
    pub uploads: bool,
    /// The argument that is the whole body, where it is one.
    pub raw: Option<String>,
    /// `json`, `json_or_text`, `text`, `binary`, `empty`, `events`.
    pub reply: String,
    /// The argument that asks for events; `true`: it always streams; `false`: never.
    pub stream: Either<String, bool>,
    /// Whether the client asks for vectors as base64 by itself.
    pub vectors: bool,
}

/// The operation of this number.
#[napi]
pub fn row(number: u32) -> Result<Row> {
    let found = operation(number)?;
    Ok(Row {
        id: found.id.to_owned(),
        verb: format!("{:?}", found.verb).to_uppercase(),
        path: found.path.to_owned(),
        path_params: found.path_params.iter().map(|name| (*name).to_owned()).collect(),
        uploads: matches!(found.body, BodyKind::Multipart | BodyKind::Raw { .. }),
        raw: match found.body {
            BodyKind::Raw { field, .. } => Some(field.to_owned()),
            _ => None,
        },
        reply: match found.reply {
            ReplyKind::Json => "json",
            ReplyKind::JsonOrText => "json_or_text",
            ReplyKind::Text => "text",
            ReplyKind::Binary => "binary",
            ReplyKind::Empty => "empty",
            ReplyKind::Events => "events",
        }
        .to_owned(),
        stream: match found.stream {
            Some(style) => style.param.map_or(Either::B(true), |param| Either::A(param.to_owned())),
            None => Either::B(false),
        },
        vectors: found.defaults.iter().any(|(name, _)| *name == "encoding_format"),
    })
}

/// The number of the operation of this official name.
#[napi]
pub fn operation_number(name: String) -> Option<u32> {
    let found = operations::find(&name)?;
    operations::ALL.iter().position(|operation| std::ptr::eq(*operation, found)).map(|number| number as u32)
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
