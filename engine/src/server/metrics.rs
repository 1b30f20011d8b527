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
    requests: Mutex<BTreeMap<(&'static str, &'static str, u16), Count>>,
}

#[derive(Debug, Default, Clone)]
struct Count {
    number: u64,
    seconds: f64,
    buckets: [u64; BUCKETS.len()],
}

impl Metrics {
    pub(super) fn count(&self, verb: &Method, route: &'static str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let count = requests.entry((method(verb), route, status)).or_default();
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

/// Paths as they are counted. Only these, and few methods: whoever asks for something else makes no new line.
const ROUTES: &[&str] = &[
    "/assistants",
    "/assistants/{}",
    "/threads",
    "/threads/runs",
    "/threads/{}",
    "/threads/{}/messages",
    "/threads/{}/messages/{}",
    "/threads/{}/runs",
    "/threads/{}/runs/{}",
    "/threads/{}/runs/{}/cancel",
    "/threads/{}/runs/{}/submit_tool_outputs",
    "/threads/{}/runs/{}/events",
    "/threads/{}/runs/{}/steps",
    "/threads/{}/runs/{}/steps/{}",
    "/files",
    "/files/{}",
    "/files/{}/content",
    "/vector_stores",
    "/vector_stores/{}",
    "/vector_stores/{}/search",
    "/vector_stores/{}/files",
    "/vector_stores/{}/files/{}",
    "/vector_stores/{}/files/{}/content",
    "/vector_stores/{}/file_batches",
    "/vector_stores/{}/file_batches/{}",
    "/vector_stores/{}/file_batches/{}/cancel",
    "/vector_stores/{}/file_batches/{}/files",
];

/// A path without what differs from caller to caller.
pub(super) fn route(path: &str) -> &'static str {
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let is = |route: &&&str| {
        let (mut known, mut found) = (route.split('/'), path.split('/'));
        loop {
            match (known.next(), found.next()) {
                (None, None) => return true,
                (Some("{}"), Some(found)) if !found.is_empty() => {}
                (Some(known), Some(found)) if known == found => {}
                _ => return false,
            }
        }
    };
    ROUTES.iter().find(is).copied().unwrap_or("other")
}

/// A method that some endpoint has.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_name_no_ids() {
        assert_eq!(route("/v1/threads/thread_1/runs/run_2"), "/threads/{}/runs/{}");
        assert_eq!(route("/assistants"), "/assistants");
        assert_eq!(route("/v1/threads/runs"), "/threads/runs");
        assert_eq!(route("/v1/anything/at/all"), "other");
    }

    #[test]
    fn strangers_make_no_new_lines() {
        let metrics = Metrics::default();
        for number in 0..1000 {
            let path = format!("/v1/threads{}", "/runs".repeat(number));
            let verb = Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
            metrics.count(&verb, route(&path), 404, Duration::ZERO);
        }
        assert!(metrics.requests.lock().unwrap().len() < 10);
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
