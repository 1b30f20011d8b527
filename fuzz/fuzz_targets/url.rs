//! Base URL and path value, one a line: what is joined stays on its host and within its segment.
#![no_main]

use libfuzzer_sys::fuzz_target;
use threadline::request::url::{BaseUrl, Origin};
use url::Url;

fuzz_target!(|text: &str| {
    let (base, value) = text.split_once('\n').unwrap_or((text, "x"));
    let Ok(base) = BaseUrl::parse(base) else { return };
    let empty = base.join("/a", &[""; 0], &[]).expect("no values");
    let segments = |url: &str| Url::parse(url).expect("valid").path_segments().expect("a path").count();
    let query = [(value.to_owned(), value.to_owned())];
    let Ok(joined) = base.join("/a/{b}/c", &[value], &query) else { return };
    assert_eq!(Origin::parse(&joined).as_ref(), Some(base.origin()));
    assert_eq!(segments(&joined), segments(&empty) + 2);
    let joined = Url::parse(&joined).expect("valid");
    let pair = joined.query_pairs().last().expect("one pair");
    assert_eq!((&*pair.0, &*pair.1), (value, value));
    assert!(joined.fragment().is_none() && joined.username().is_empty() && joined.password().is_none());
});
