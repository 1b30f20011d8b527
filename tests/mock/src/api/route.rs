//! From a request line to an operation.

use std::collections::HashMap;

use super::Operation;

/// Operations by verb and number of path segments.
#[derive(Debug, Default)]
pub(super) struct Routes {
    by_shape: HashMap<(String, usize), Vec<usize>>,
}

/// What of a request decides its route.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// HTTP method.
    pub verb: &'a str,
    /// Path below `/v1`, without query.
    pub path: &'a str,
    /// Query, still encoded.
    pub query: &'a str,
    /// Header `Accept`; empty if there is none.
    pub accept: &'a str,
}

/// An operation and the raw (still encoded) values of its path parameters.
#[derive(Debug)]
pub struct Matched<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// Value of each placeholder as it was sent, in order; may be empty.
    pub path_values: Vec<String>,
}

impl Routes {
    pub(super) fn new(operations: &[Operation]) -> Self {
        let mut routes = Self::default();
        for (i, op) in operations.iter().enumerate() {
            let path = op.path.split('?').next().unwrap_or_default();
            routes.by_shape.entry((op.verb.clone(), path.split('/').count())).or_default().push(i);
        }
        routes
    }

    /// The best match: most fixed query, then fixed segments before placeholders, from the left, then the one that
    /// wants this `Accept`: `files.content` and `files.retrieve_content` differ in nothing else.
    pub(super) fn find<'a>(&self, ops: &'a [Operation], line: &Line<'_>) -> Option<Matched<'a>> {
        let Line { verb, path, query, accept } = *line;
        let candidates = self.by_shape.get(&(verb.to_owned(), path.split('/').count()))?;
        let mut best: Option<(Rank, Matched<'a>)> = None;
        for op in candidates.iter().map(|i| &ops[*i]) {
            let (template, fixed_query) = op.path.split_once('?').unwrap_or((&op.path, ""));
            let pairs: Vec<&str> = fixed_query.split('&').filter(|p| !p.is_empty()).collect();
            if !pairs.iter().all(|pair| query.split('&').any(|q| q == *pair)) {
                continue;
            }
            let Some((fixed, path_values)) = fit(template, path) else { continue };
            let wants = match op.headers.get("Accept") {
                Some(want) if want == accept => 1,
                Some(_) => -1,
                None => 0,
            };
            let rank = (pairs.len(), fixed, wants, op.page.is_some());
            if best.as_ref().is_none_or(|(so_far, _)| rank > *so_far) {
                best = Some((rank, Matched { operation: op, path_values }));
            }
        }
        best.map(|(_, matched)| matched)
    }
}

/// Pairs of fixed query, which segments are fixed, whether `Accept` is the wanted one, whether it pages: of two operations
/// that nothing on the wire tells apart, a page serves both.
type Rank = (usize, Vec<bool>, i8, bool);

fn fit(template: &str, path: &str) -> Option<(Vec<bool>, Vec<String>)> {
    let (mut fixed, mut values) = (Vec::new(), Vec::new());
    for (want, have) in template.split('/').zip(path.split('/')) {
        let placeholder = want.starts_with('{') && want.ends_with('}');
        if placeholder {
            values.push(have.to_owned());
        } else if want != have {
            return None;
        }
        fixed.push(!placeholder);
    }
    Some((fixed, values))
}

#[cfg(test)]
mod tests {
    use super::{super::Api, Line, Matched};

    fn find<'a>(api: &'a Api, verb: &str, path: &str, query: &str) -> Option<Matched<'a>> {
        api.route(&Line { verb, path, query, accept: "*/*" })
    }

    fn api() -> Api {
        Api::from_json(
            r#"{"operations": [
                {"id": "get", "verb": "GET", "path": "/things/{thing_id}", "path_params": ["thing_id"]},
                {"id": "special", "verb": "GET", "path": "/things/special"},
                {"id": "beta", "verb": "GET", "path": "/things/{thing_id}?beta=true", "path_params": ["thing_id"]}],
                "types": {}}"#,
        )
        .expect("the description is well formed")
    }

    #[test]
    fn fixed_segment_wins_over_placeholder() {
        let api = api();
        assert_eq!(find(&api, "GET", "/things/special", "").map(|m| m.operation.id.as_str()), Some("special"));
        let found = find(&api, "GET", "/things/a%2Fb", "").expect("a route");
        assert_eq!((found.operation.id.as_str(), found.path_values), ("get", vec!["a%2Fb".to_owned()]));
    }

    #[test]
    fn fixed_query_picks_the_route_that_names_it() {
        let api = api();
        assert_eq!(find(&api, "GET", "/things/1", "x=1&beta=true").map(|m| m.operation.id.as_str()), Some("beta"));
        assert_eq!(find(&api, "GET", "/things/1", "beta=false").map(|m| m.operation.id.as_str()), Some("get"));
    }

    #[test]
    fn unknown_verb_or_path_has_no_route() {
        let api = api();
        assert!(find(&api, "PUT", "/things/1", "").is_none());
        assert!(find(&api, "GET", "/things", "").is_none());
    }

    #[test]
    fn a_name_that_is_not_defined_is_refused() {
        let text = r#"{"operations": [], "types": {"A": {"fields": [{"name": "b", "type": "list<B>"}]}}}"#;
        let error = Api::from_json(text).expect_err("B is missing").to_string();
        assert!(error.contains("type A: type B is not defined"), "{error}");
    }
}
