//! Metrics of the OpenTelemetry conventions for generative AI.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry::{KeyValue, Value};

use super::{CallRecord, Entry, Ledger, Observer};

/// Boundaries that the conventions advise.
const TOKENS: [f64; 14] = [
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16384.0,
    65536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
const SECONDS: [f64; 14] = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const FIRST_CHUNK: [f64; 16] =
    [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
const EACH_CHUNK: [f64; 13] = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5];

/// Records four histograms: `gen_ai.client.token.usage`, `gen_ai.client.operation.duration`,
/// `gen_ai.client.operation.time_to_first_chunk` and `gen_ai.client.operation.time_per_output_chunk`.
///
/// ```
/// use threadline::Client;
/// use threadline::observe::OpenTelemetryMetrics;
///
/// # fn run() -> Result<(), threadline::Error> {
/// let meter = opentelemetry::global::meter("threadline");
/// let client = Client::builder().api_key("sk-...").observer(OpenTelemetryMetrics::new(&meter)).build()?;
/// # let _ = client; Ok(()) }
/// # run().expect("a key is enough");
/// ```
pub struct OpenTelemetryMetrics {
    tokens: Histogram<u64>,
    duration: Histogram<f64>,
    first_chunk: Histogram<f64>,
    each_chunk: Histogram<f64>,
    ledger: Mutex<Ledger>,
}

impl fmt::Debug for OpenTelemetryMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenTelemetryMetrics").finish_non_exhaustive()
    }
}

impl OpenTelemetryMetrics {
    /// Metrics on this meter, which the program's SDK provides.
    pub fn new(meter: &Meter) -> Self {
        let seconds = |name: &'static str, what: &'static str, boundaries: &[f64]| {
            let histogram = meter.f64_histogram(name).with_unit("s").with_description(what);
            histogram.with_boundaries(boundaries.to_vec()).build()
        };
        let tokens = meter.u64_histogram("gen_ai.client.token.usage").with_unit("{token}");
        Self {
            tokens: tokens
                .with_description("Number of input and output tokens used.")
                .with_boundaries(TOKENS.to_vec())
                .build(),
            duration: seconds("gen_ai.client.operation.duration", "Duration of a call.", &SECONDS),
            first_chunk: seconds(
                "gen_ai.client.operation.time_to_first_chunk",
                "Time to the first event of a stream.",
                &FIRST_CHUNK,
            ),
            each_chunk: seconds(
                "gen_ai.client.operation.time_per_output_chunk",
                "Time between two events of a stream.",
                &EACH_CHUNK,
            ),
            ledger: Mutex::new(Ledger::new()),
        }
    }
}

impl Observer for OpenTelemetryMetrics {
    fn call(&self, record: &CallRecord) {
        let mut attributes = attributes(record);
        let entry = self.ledger.lock().unwrap_or_else(PoisonError::into_inner).enter(record);
        if let Entry::Usage { usage, .. } = entry {
            for (kind, count) in [("input", usage.input), ("output", usage.output)] {
                attributes.push(KeyValue::new("gen_ai.token.type", kind));
                self.tokens.record(count, &attributes);
                attributes.pop();
            }
        }
        if let Some(time) = record.time_to_first_chunk {
            self.first_chunk.record(time.as_secs_f64(), &attributes);
        }
        if let Some(kind) = record.error() {
            attributes.push(KeyValue::new("error.type", kind.as_str()));
        }
        self.duration.record(record.duration.as_secs_f64(), &attributes);
    }

    fn chunk(&self, record: &CallRecord, since_last: Option<Duration>) {
        if let Some(time) = since_last {
            self.each_chunk.record(time.as_secs_f64(), &attributes(record));
        }
    }
}

fn attributes(record: &CallRecord) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(8);
    attributes.push(KeyValue::new("gen_ai.operation.name", record.name));
    attributes.push(KeyValue::new("gen_ai.provider.name", record.provider));
    attributes.push(KeyValue::new("server.address", record.server_address.clone()));
    attributes.push(KeyValue::new("server.port", Value::I64(record.server_port.into())));
    if let Some(model) = &record.request_model {
        attributes.push(KeyValue::new("gen_ai.request.model", model.clone()));
    }
    if let Some(model) = &record.response.model {
        attributes.push(KeyValue::new("gen_ai.response.model", model.clone()));
    }
    attributes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use opentelemetry::metrics::{HistogramBuilder, InstrumentProvider, SyncInstrument};

    use super::*;
    use crate::error::ErrorKind;
    use crate::observe::record::tests::record;
    use crate::observe::{CallEnd, TokenUsage};

    type Seen = Arc<Mutex<Vec<(String, f64, BTreeMap<String, String>)>>>;

    /// Takes the place of an SDK.
    struct Notes(Seen);

    struct Note(String, Seen);

    impl Note {
        fn write(&self, value: f64, attributes: &[KeyValue]) {
            let attributes = attributes.iter().map(|pair| (pair.key.to_string(), pair.value.to_string())).collect();
            self.1.lock().unwrap().push((self.0.clone(), value, attributes));
        }
    }

    impl SyncInstrument<f64> for Note {
        fn measure(&self, value: f64, attributes: &[KeyValue]) {
            self.write(value, attributes);
        }
    }

    impl SyncInstrument<u64> for Note {
        fn measure(&self, value: u64, attributes: &[KeyValue]) {
            self.write(value as f64, attributes);
        }
    }

    impl InstrumentProvider for Notes {
        fn f64_histogram(&self, builder: HistogramBuilder<'_, Histogram<f64>>) -> Histogram<f64> {
            assert_eq!(builder.unit.as_deref(), Some("s"));
            Histogram::new(Arc::new(Note(builder.name.to_string(), self.0.clone())))
        }

        fn u64_histogram(&self, builder: HistogramBuilder<'_, Histogram<u64>>) -> Histogram<u64> {
            assert_eq!(builder.unit.as_deref(), Some("{token}"));
            Histogram::new(Arc::new(Note(builder.name.to_string(), self.0.clone())))
        }
    }

    #[test]
    fn a_streamed_chat_gives_all_four_metrics() {
        let seen = Seen::default();
        let metrics = OpenTelemetryMetrics::new(&Meter::new(Arc::new(Notes(seen.clone()))));
        let mut record = record("chat.completions.create");
        record.request_model = Some("m".into());
        record.response.usage = Some(TokenUsage { input: 3, output: 4, ..TokenUsage::default() });
        record.time_to_first_chunk = Some(Duration::from_millis(250));
        record.duration = Duration::from_secs(2);
        metrics.chunk(&record, None);
        metrics.chunk(&record, Some(Duration::from_millis(500)));
        metrics.call(&record);
        let seen = seen.lock().unwrap();
        let values: Vec<_> =
            seen.iter().map(|(name, value, _)| (name.trim_start_matches("gen_ai.client."), *value)).collect();
        let expected = [
            ("operation.time_per_output_chunk", 0.5),
            ("token.usage", 3.0),
            ("token.usage", 4.0),
            ("operation.time_to_first_chunk", 0.25),
            ("operation.duration", 2.0),
        ];
        assert_eq!(values, expected);
        let types: Vec<_> = seen.iter().filter_map(|(.., attributes)| attributes.get("gen_ai.token.type")).collect();
        assert_eq!(types, ["input", "output"]);
        let duration = &seen[4].2;
        assert_eq!(duration["gen_ai.operation.name"], "chat");
        assert_eq!(duration["gen_ai.request.model"], "m");
        assert_eq!(duration["server.port"], "443");
        assert!(!duration.contains_key("error.type"));
    }

    #[test]
    fn a_failure_names_its_kind_and_no_tokens() {
        let seen = Seen::default();
        let metrics = OpenTelemetryMetrics::new(&Meter::new(Arc::new(Notes(seen.clone()))));
        let mut record = record("embeddings.create");
        record.end = CallEnd::Failed(ErrorKind::RateLimit);
        record.status = Some(429);
        metrics.call(&record);
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].2["error.type"], "rate_limit");
    }
}
