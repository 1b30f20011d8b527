use std::time::Duration;

use super::super::target::{BATCHES, FILE_BATCHES, FILES, RESPONSES, RUNS, VECTOR_STORE_FILES};
use super::*;

const MS: Duration = Duration::from_millis(1);

fn step(poller: &mut Poller, status: &str, poll_after: Option<&str>, elapsed: Duration) -> Step {
    let body = format!(r#"{{"id":"x","status":"{status}"}}"#);
    poller.observe(body.as_bytes(), poll_after, elapsed).unwrap()
}

fn ends(target: &'static Target, body: &str) -> bool {
    Poller::new(target).observe(body.as_bytes(), None, Duration::ZERO).unwrap() == Step::Done
}

#[test]
fn runs_end_where_the_caller_has_to_act_and_go_on_while_they_are_cancelled() {
    for status in ["requires_action", "cancelled", "completed", "failed", "expired", "incomplete"] {
        assert!(ends(&RUNS, &format!(r#"{{"status":"{status}"}}"#)), "{status}");
    }
    for status in ["queued", "in_progress", "cancelling", "a_status_of_next_year"] {
        assert!(!ends(&RUNS, &format!(r#"{{"status":"{status}"}}"#)), "{status}");
    }
    assert!(!ends(&VECTOR_STORE_FILES, r#"{"status":"a_status_of_next_year"}"#));
}

#[test]
fn the_wait_is_the_callers_else_the_servers_else_the_targets() {
    let mut poller = Poller::new(&RUNS);
    assert_eq!(step(&mut poller, "queued", None, MS), Step::Wait(1000 * MS));
    assert_eq!(step(&mut poller, "queued", Some("250"), MS), Step::Wait(250 * MS));
    assert_eq!(step(&mut poller, "queued", Some(" 40 "), MS), Step::Wait(40 * MS));
    for nonsense in ["", "-5", "soon", "1.5", "99999999999999999999999"] {
        assert_eq!(step(&mut poller, "queued", Some(nonsense), MS), Step::Wait(1000 * MS), "{nonsense}");
    }
    assert_eq!(step(&mut poller, "queued", Some("0"), MS), Step::Wait(MS));
    assert_eq!(step(&mut poller, "queued", Some("99999999999"), MS), Step::Wait(LONGEST));
    let mut own = Poller::new(&RUNS).interval(30 * MS);
    assert_eq!(step(&mut own, "queued", Some("250"), MS), Step::Wait(30 * MS));
}

#[test]
fn long_jobs_are_asked_for_less_and_less() {
    let mut poller = Poller::new(&BATCHES);
    let mut waits = Vec::new();
    for _ in 0..20 {
        match step(&mut poller, "in_progress", None, MS) {
            Step::Wait(wait) => waits.push(wait),
            other => panic!("{other:?}"),
        }
    }
    assert!(waits.is_sorted() && waits[0] == 1000 * MS && waits[19] == 60_000 * MS, "{waits:?}");
}

#[test]
fn the_helper_says_that_it_polls_and_how_often() {
    assert_eq!(Poller::new(&RUNS).headers(), [("X-Stainless-Poll-Helper", "true".into())]);
    let own = Poller::new(&RUNS).interval(1500 * MS).headers();
    assert_eq!(own[1], ("X-Stainless-Custom-Poll-Interval", "1500".into()));
}

#[test]
fn a_last_look_is_made_before_the_limit_and_none_after_it() {
    let mut poller = Poller::new(&RUNS).max_wait(10_000 * MS).interval(4000 * MS);
    assert_eq!(step(&mut poller, "queued", None, Duration::ZERO), Step::Wait(4000 * MS));
    assert_eq!(step(&mut poller, "queued", None, 4000 * MS), Step::Wait(4000 * MS));
    assert_eq!(step(&mut poller, "queued", None, 8000 * MS), Step::Wait(1000 * MS));
    assert_eq!(step(&mut poller, "queued", None, 9000 * MS), Step::Expired);

    let mut done = Poller::new(&RUNS).max_wait(1000 * MS).interval(4000 * MS);
    assert_eq!(step(&mut done, "queued", None, Duration::ZERO), Step::Wait(500 * MS));
    assert_eq!(step(&mut done, "completed", None, 2000 * MS), Step::Done, "what is done is done, even late");
}

#[test]
fn a_limit_of_zero_prevents_any_look() {
    assert!(Poller::new(&RUNS).max_wait(Duration::ZERO).is_expired(Duration::ZERO));
    assert!(!Poller::new(&RUNS).is_expired(Duration::MAX));
    assert_eq!(Poller::new(&FILES).limit(), Some(Duration::from_secs(1800)));
}

#[test]
fn a_batch_is_done_when_none_of_its_files_is_in_progress() {
    let batch = |status: &str, busy: i64, total: i64| {
        format!(r#"{{"status":"{status}","file_counts":{{"in_progress":{busy},"total":{total}}}}}"#)
    };
    let table = [
        ("in_progress", 2, 3, false),
        ("in_progress", 0, 3, true),
        // Not counted yet.
        ("in_progress", 0, 0, false),
        ("completed", 0, 0, true),
        ("completed", 1, 3, false),
        ("cancelled", 2, 3, true),
        ("failed", 2, 3, true),
        ("a_status_of_next_year", 1, 3, false),
    ];
    for (status, busy, total, done) in table {
        assert_eq!(ends(&FILE_BATCHES, &batch(status, busy, total)), done, "{status} {busy}/{total}");
    }
    assert!(ends(&FILE_BATCHES, r#"{"status":"completed"}"#));
    assert!(!ends(&FILE_BATCHES, r#"{"status":"in_progress","file_counts":null}"#));
}

#[test]
fn a_reply_without_a_status_is_an_error_and_no_endless_loop() {
    for body in ["{}", r#"{"status":null}"#, r#"{"status":""}"#, r#"{"status":7}"#, "[]", "not json"] {
        let error = Poller::new(&RUNS).observe(body.as_bytes(), None, MS).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
    }
    assert!(ends(&RESPONSES, r#"{"id":"resp_1"}"#));
}

#[test]
fn only_some_things_may_be_done_when_they_are_created() {
    let done = br#"{"status":"completed"}"#;
    assert!(Poller::new(&RESPONSES).created(done));
    // The reply to submitted tool outputs may still show the action that they answer.
    assert!(!Poller::new(&RUNS).created(br#"{"status":"requires_action"}"#));
}

#[test]
fn an_expired_poll_tells_what_goes_on() {
    let mut poller = Poller::new(&RUNS).max_wait(30_000 * MS);
    step(&mut poller, "in_progress", None, MS);
    let error = poller.expired("run_1");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("run_1 was still in_progress when the limit of 30s"), "{error}");
    let unfinished = error.unfinished().unwrap();
    assert_eq!((unfinished.id.as_deref(), unfinished.status.as_deref()), (Some("run_1"), Some("in_progress")));
}
