//! The generated operation table keeps what the client relies on.

use std::collections::BTreeSet;

use threadline::operation::{BodyKind, Operation, ReplyKind, Verb};
use threadline::operations::{ALIASES, ALL, find};

fn holes(path: &str) -> Vec<&str> {
    path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect()
}

#[test]
fn every_operation_is_found_by_its_names() {
    for operation in ALL {
        assert!(std::ptr::eq(find(operation.id).unwrap(), *operation), "{}", operation.id);
    }
    for (alias, operation) in ALIASES {
        assert!(std::ptr::eq(find(alias).unwrap(), *operation), "{alias}");
    }
    assert!(find("chat.completions").is_none());
    assert!(find("").is_none());
}

#[test]
fn names_and_routes_are_unique() {
    let ids: BTreeSet<&str> = ALL.iter().map(|operation| operation.id).collect();
    assert_eq!(ids.len(), ALL.len());
    let route =
        |operation: &&'static Operation| (format!("{:?}", operation.verb), operation.path, operation.stream.is_some());
    let routes: BTreeSet<_> = ALL.iter().map(route).collect();
    // Two operations of one route are told apart by what they send; there are very few.
    assert!(ALL.len() - routes.len() <= 3, "{} operations on {} routes", ALL.len(), routes.len());
}

#[test]
fn every_route_of_the_packages_is_there() {
    assert!(ALL.len() >= 389, "{}", ALL.len());
}

#[test]
fn path_parameters_are_those_of_the_path() {
    for operation in ALL {
        assert_eq!(holes(operation.path), operation.path_params, "{}", operation.id);
    }
}

#[test]
fn only_a_post_has_a_body_and_an_empty_reply_has_no_pages() {
    for operation in ALL {
        assert!(operation.body == BodyKind::None || operation.verb == Verb::Post, "{}", operation.id);
        assert!(operation.page.is_none() || operation.reply == ReplyKind::Json, "{}", operation.id);
        assert!(operation.reply != ReplyKind::Events || operation.stream.is_some(), "{}", operation.id);
    }
}
