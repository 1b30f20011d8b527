//! Counters in Prometheus's text format.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::Method;

/// Upper bounds of the buckets of durations, in seconds.
const BUCKETS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Debug, Default)]
pub(super) struct Metrics {
    requests: Mutex<BTreeMap<(String, String, u16), Count>>,
}

#[derive(Debug, Default, Clone)]
struct Count {
    number: u64,
    seconds: f64,
    buckets: [u64; BUCKETS.len()],
}

impl Metrics {
    pub(super) fn count(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let count = requests.entry((method.to_string(), route.to_owned(), status)).or_default();
        let seconds = took.as_secs_f64();
        count.number += 1;
        count.seconds += seconds;
        for (bucket, bound) in count.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(seconds <= *bound);
        }
    }

    pub(super) fn text(&self, running: usize) -> String {
        let mut text = String::new();
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        text.push_str("# HELP threadline_running_runs Runs that this process works on.\n");
        let _ = writeln!(text, "# TYPE threadline_running_runs gauge\nthreadline_running_runs {running}");
        let name = "threadline_request_duration_seconds";
        let _ = writeln!(text, "# HELP {name} Time until a reply began.\n# TYPE {name} histogram");
        for ((method, route, status), count) in &requests {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            for (bucket, bound) in count.buckets.iter().zip(BUCKETS) {
                let _ = writeln!(text, "{name}_bucket{{{labels},le=\"{bound}\"}} {bucket}");
            }
            let _ = writeln!(text, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", count.number);
            let _ = writeln!(text, "{name}_sum{{{labels}}} {}", count.seconds);
            let _ = writeln!(text, "{name}_count{{{labels}}} {}", count.number);
        }
        text
    }
}

/// A path without what differs from caller to caller, so that there are few.
pub(super) fn route(path: &str) -> String {
    const WORDS: &[&str] = &[
        "assistants",
        "threads",
        "messages",
        "runs",
        "steps",
        "cancel",
        "submit_tool_outputs",
        "events",
        "files",
        "content",
        "vector_stores",
        "search",
        "file_batches",
    ];
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let parts = path.split('/').filter(|part| !part.is_empty());
    let known: Vec<&str> = parts.map(|part| if WORDS.contains(&part) { part } else { "{}" }).collect();
    match known.first() {
        Some(&("assistants" | "threads" | "files" | "vector_stores")) => format!("/{}", known.join("/")),
        _ => "other".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_name_no_ids() {
        assert_eq!(route("/v1/threads/thread_1/runs/run_2"), "/threads/{}/runs/{}");
        assert_eq!(route("/assistants"), "/assistants");
        assert_eq!(route("/v1/anything/at/all"), "other");
    }

    #[test]
    fn requests_are_counted_in_their_buckets() {
        let metrics = Metrics::default();
        metrics.count(&Method::GET, "/threads", 200, Duration::from_millis(7));
        metrics.count(&Method::GET, "/threads", 200, Duration::from_secs(60));
        let text = metrics.text(3);
        let labels = "method=\"GET\",route=\"/threads\",status=\"200\"";
        assert!(text.contains("threadline_running_runs 3\n"));
        assert!(text.contains(&format!("_bucket{{{labels},le=\"0.005\"}} 0\n")));
        assert!(text.contains(&format!("_bucket{{{labels},le=\"0.01\"}} 1\n")));
        assert!(text.contains(&format!("_bucket{{{labels},le=\"+Inf\"}} 2\n")));
        assert!(text.contains(&format!("_count{{{labels}}} 2\n")));
    }
}
