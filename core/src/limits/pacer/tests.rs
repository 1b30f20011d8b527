use super::*;
use crate::response::Quota;

const M: &str = "m";

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn pacer(limits: Limits) -> Pacer {
    Pacer::new(&limits)
}

/// Sends a request as soon as it may be; the time it took.
fn send(pacer: &mut Pacer, lane: &str, tokens: u64, now: Duration) -> (Place, Duration) {
    let place = pacer.join(lane, tokens, now);
    let time = match pacer.poll(&place, now) {
        Turn::Go => now,
        Turn::Wait { until, .. } => {
            assert_eq!(pacer.poll(&place, until), Turn::Go, "the time that was promised holds");
            until
        }
    };
    pacer.sent(&place, time);
    (place, time)
}

fn wait(pacer: &mut Pacer, place: &Place, now: Duration) -> (u64, Hold) {
    match pacer.poll(place, now) {
        Turn::Go => panic!("it went"),
        Turn::Wait { until, hold, .. } => ((until - now).as_secs(), hold),
    }
}

fn left(limit: u64, remaining: u64, reset: u64) -> RateLimit {
    let requests = Quota { limit: Some(limit), remaining: Some(remaining), reset: Some(s(reset)) };
    RateLimit { requests, ..RateLimit::default() }
}

#[test]
fn no_minute_holds_more_requests_than_allowed() {
    let mut pacer = pacer(Limits::new().requests_per_minute(3));
    let times: Vec<u64> = (0..9).map(|n| send(&mut pacer, M, 1, s(n)).1.as_secs()).collect();
    assert_eq!(times, [0, 1, 2, 60, 61, 62, 120, 121, 122]);
}

#[test]
fn no_minute_holds_more_tokens_than_allowed() {
    let mut pacer = pacer(Limits::new().tokens_per_minute(100));
    let times: Vec<u64> = [60, 40, 50, 50, 1].map(|tokens| send(&mut pacer, M, tokens, s(0)).1.as_secs()).to_vec();
    assert_eq!(times, [0, 0, 60, 60, 120]);
}

#[test]
fn a_request_above_the_limit_goes_alone() {
    let mut pacer = pacer(Limits::new().tokens_per_minute(100));
    let times: Vec<u64> = [10, 500, 10].map(|tokens| send(&mut pacer, M, tokens, s(0)).1.as_secs()).to_vec();
    assert_eq!(times, [0, 60, 120]);
}

#[test]
fn what_a_request_really_took_counts() {
    let mut pacer = pacer(Limits::new().tokens_per_minute(100));
    let (place, _) = send(&mut pacer, M, 90, s(0));
    pacer.used(&place, 20);
    assert_eq!(send(&mut pacer, M, 80, s(1)).1, s(1));
    assert_eq!(send(&mut pacer, M, 10, s(2)).1, s(60));
}

#[test]
fn models_do_not_wait_for_each_other() {
    let limits = Limits::new().requests_per_minute(1).model("fast", Some(2), None);
    let mut pacer = pacer(limits);
    let times = ["a", "a", "b", "fast", "fast", "fast", ""].map(|lane| send(&mut pacer, lane, 1, s(0)).1.as_secs());
    assert_eq!(times, [0, 60, 0, 0, 0, 60, 0]);
}

#[test]
fn those_who_came_first_go_first_and_everybody_knows_the_wait() {
    let mut pacer = pacer(Limits::new().requests_per_minute(1));
    send(&mut pacer, M, 1, s(0));
    let waiting: Vec<Place> = (0..3).map(|_| pacer.join(M, 1, s(10))).collect();
    let waits: Vec<_> = waiting.iter().map(|place| wait(&mut pacer, place, s(10))).collect();
    assert_eq!(waits, [(50, Hold::Own), (110, Hold::Own), (170, Hold::Own)]);
    // The second is not served before the first, even when there is room.
    assert!(matches!(pacer.poll(&waiting[1], s(60)), Turn::Wait { first: false, .. }));
    assert_eq!(pacer.poll(&waiting[0], s(60)), Turn::Go);
    assert_eq!(pacer.first(M), Some(waiting[1].ticket));
}

#[test]
fn who_leaves_makes_room_for_the_next() {
    let mut pacer = pacer(Limits::new().requests_per_minute(1));
    send(&mut pacer, M, 1, s(0));
    let (first, second) = (pacer.join(M, 1, s(0)), pacer.join(M, 1, s(0)));
    pacer.leave(&first);
    assert_eq!(wait(&mut pacer, &second, s(0)).0, 60);
    assert_eq!(pacer.poll(&second, s(60)), Turn::Go);
    // Admitted and never sent: it does not count either.
    pacer.leave(&second);
    assert_eq!(send(&mut pacer, M, 1, s(60)).1, s(60));
}

#[test]
fn the_minute_counts_from_the_sending_not_from_the_admission() {
    let mut pacer = pacer(Limits::new().requests_per_minute(1));
    let place = pacer.join(M, 1, s(0));
    assert_eq!(pacer.poll(&place, s(0)), Turn::Go);
    let next = pacer.join(M, 1, s(1));
    assert_eq!(wait(&mut pacer, &next, s(30)).0, 60, "it has not been sent yet");
    pacer.sent(&place, s(30));
    assert_eq!(wait(&mut pacer, &next, s(40)).0, 50);
}

#[test]
fn what_the_provider_has_left_is_learned() {
    let mut pacer = pacer(Limits::new());
    let (place, _) = send(&mut pacer, M, 1, s(0));
    // 2 of 10 are left, the other 8 flow back within 80 seconds.
    pacer.answered(&place, &left(10, 2, 80), None, s(0));
    let times: Vec<u64> = (0..4).map(|_| send(&mut pacer, M, 1, s(0)).1.as_secs()).collect();
    assert_eq!(times, [0, 0, 10, 20]);
    let place = pacer.join(M, 1, s(20));
    assert_eq!(wait(&mut pacer, &place, s(20)), (10, Hold::Provider));
}

#[test]
fn requests_under_way_count_until_a_reply_counts_them() {
    let mut pacer = pacer(Limits::new());
    let (first, _) = send(&mut pacer, M, 1, s(0));
    let (second, _) = send(&mut pacer, M, 1, s(0));
    pacer.answered(&first, &left(10, 1, 90), None, s(0));
    // One is left, and the second request may be the one to take it.
    let place = pacer.join(M, 1, s(0));
    assert_eq!(wait(&mut pacer, &place, s(0)), (10, Hold::Provider));
    pacer.answered(&second, &left(10, 1, 90), None, s(0));
    assert_eq!(pacer.poll(&place, s(0)), Turn::Go);
}

#[test]
fn what_was_learned_ends_when_the_provider_is_full_again() {
    let mut pacer = pacer(Limits::new());
    let (place, _) = send(&mut pacer, M, 1, s(0));
    pacer.answered(&place, &left(5, 0, 30), None, s(0));
    let late: Vec<u64> = (0..5).map(|_| send(&mut pacer, M, 1, s(40)).1.as_secs()).collect();
    assert_eq!(late, [40; 5]);
}

#[test]
fn tokens_left_are_learned_too() {
    let mut pacer = pacer(Limits::new());
    let (place, _) = send(&mut pacer, M, 100, s(0));
    let tokens = Quota { limit: Some(1000), remaining: Some(100), reset: Some(s(90)) };
    pacer.answered(&place, &RateLimit { tokens, ..RateLimit::default() }, None, s(0));
    let place = pacer.join(M, 300, s(0));
    assert_eq!(wait(&mut pacer, &place, s(0)), (20, Hold::Provider));
}

#[test]
fn a_pause_that_one_is_asked_for_holds_everybody() {
    let mut pacer = pacer(Limits::new());
    let (place, _) = send(&mut pacer, M, 1, s(0));
    let waiting = pacer.join(M, 1, s(0));
    pacer.answered(&place, &RateLimit::default(), Some(s(7)), s(0));
    assert_eq!(wait(&mut pacer, &waiting, s(0)), (7, Hold::Pause));
    assert_eq!(send(&mut pacer, "other", 1, s(0)).1, s(0));
    assert_eq!(pacer.poll(&waiting, s(7)), Turn::Go);
}

#[test]
fn learning_can_be_left_out() {
    let mut pacer = pacer(Limits::new().learn(false));
    let (place, _) = send(&mut pacer, M, 1, s(0));
    pacer.answered(&place, &left(10, 0, 80), Some(s(9)), s(0));
    assert_eq!(send(&mut pacer, M, 1, s(0)).1, s(0));
}

#[test]
fn odd_headers_neither_divide_by_zero_nor_wait_for_ever() {
    for said in [left(0, 0, 0), left(10, 20, 5), left(10, 0, 0), left(u64::MAX, 0, u64::MAX / 4)] {
        let mut pacer = pacer(Limits::new());
        let (place, _) = send(&mut pacer, M, u64::MAX, s(0));
        pacer.answered(&place, &said, None, s(0));
        let place = pacer.join(M, u64::MAX, s(0));
        let _ = pacer.poll(&place, s(0));
    }
}

#[test]
fn idle_models_are_forgotten() {
    let mut pacer = pacer(Limits::new());
    for n in 0..1000 {
        let lane = format!("model-{n}");
        let (place, _) = send(&mut pacer, &lane, 1, s(0));
        pacer.leave(&place);
    }
    send(&mut pacer, M, 1, s(100));
    assert!(pacer.lanes.len() < 10, "{} lanes", pacer.lanes.len());
}

proptest::proptest! {
    #[test]
    fn any_traffic_keeps_the_limits(
        steps in proptest::collection::vec((0u64..20, 1u64..60), 1..60), requests in 1u64..6, tokens in 20u64..100,
    ) {
        let mut pacer = pacer(Limits::new().requests_per_minute(requests).tokens_per_minute(tokens));
        let (mut now, mut sent): (Duration, Vec<(Duration, u64)>) = (s(0), Vec::new());
        for (pause, wanted) in steps {
            now += s(pause);
            let (_, time) = send(&mut pacer, M, wanted, now);
            proptest::prop_assert!(time >= now);
            now = time;
            sent.push((time, wanted));
            let within: Vec<_> = sent.iter().filter(|(at, _)| *at + s(60) > time).collect();
            proptest::prop_assert!(within.len() as u64 <= requests);
            let sum: u64 = within.iter().map(|(_, tokens)| tokens).sum();
            proptest::prop_assert!(sum <= tokens || within.len() == 1);
        }
    }
}
