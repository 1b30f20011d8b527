//! What fields hold, and what becomes of assignments.

use super::samples::{Content, FunctionTool, Input, Params, Run, SearchTool, Status, Tool, Usage};
use crate::json::{Json, Map, decode, encode};

fn run(text: &str) -> Run {
    decode(text.as_bytes()).unwrap()
}

#[test]
fn a_later_assignment_wins() {
    let mut run = run(r#"{"id":7,"score":null,"usage":"x","late":null,"steps":[null,{"total":1}],"new":1}"#);
    assert_eq!((run.id.as_str(), run.usage.is_none(), run.steps.as_ref().unwrap().len()), ("", true, 1));
    run.id = "a".into();
    run.score = 0.5;
    run.usage = Some(Usage::default());
    run.late = Some(String::new());
    run.steps.as_mut().unwrap().clear();
    let found = encode(&run).unwrap();
    assert_eq!(found, r#"{"id":"a","score":0.5,"usage":{},"steps":[],"late":"","new":1}"#);
}

#[test]
fn extra_can_be_read_and_changed() {
    let mut run = run(r#"{"id":7,"new":{"a":1},"n\u0065w2":2}"#);
    assert_eq!(run.extra.get("id"), Some(Json::parse("7").unwrap()));
    assert_eq!(run.extra.get("new").unwrap().get("a"), Some(Json::parse("1").unwrap()));
    assert_eq!(run.extra.iter().map(|(name, _)| name.into_owned()).collect::<Vec<_>>(), ["id", "new", "new2"]);
    run.extra.insert("new", Json::string("x\"y"));
    assert_eq!(run.extra.remove("new2"), Some(Json::parse("2").unwrap()));
    assert_eq!(encode(&run).unwrap(), r#"{"id":7,"new":"x\"y"}"#);
    let params = {
        let mut params = Params::new();
        params.extra.insert("object", Json::string("params"));
        params
    };
    assert_eq!(encode(&params).unwrap(), r#"{"object":"params"}"#);
    assert_eq!(size_of_val(&params.extra), 24);
}

#[test]
fn only_what_was_set_is_sent() {
    assert_eq!(encode(&Params::new()).unwrap(), "{}");
    let params = Params::new()
        .temperature(1.0)
        .metadata_null()
        .tools([Tool::from(FunctionTool::new("f").strict_null()), SearchTool::new().limit(3).into()])
        .input("text".to_owned());
    assert_eq!(
        encode(&params).unwrap(),
        r#"{"temperature":1,"tools":[{"type":"function","name":"f","strict":null},{"type":"search","limit":3}],"metadata":null,"input":"text"}"#
    );
    assert_eq!(encode(&Params::new().metadata_null().metadata([("a", "b")])).unwrap(), r#"{"metadata":{"a":"b"}}"#);
    assert_eq!(encode(&Run::default()).unwrap(), "{}");
}

#[test]
fn a_number_that_is_not_finite_is_refused_with_its_path() {
    let mut run = Run { steps: None, ..Run::default() };
    run.tools = vec![SearchTool::new().into()];
    run.score = f64::NAN;
    assert_eq!(encode(&run).unwrap_err().path, "$.score");
    assert_eq!(encode(&vec![1.0, f64::INFINITY]).unwrap_err().path, "$[1]");
}

#[test]
fn a_union_picks_its_arm_by_tag_then_by_shape() {
    let tool = |text: &str| decode::<Tool>(text.as_bytes()).unwrap();
    assert!(matches!(tool(r#"{"type":"fn"}"#), Tool::Function(_)));
    assert!(matches!(tool(r#"{"type":"search","role":"user","content":"x"}"#), Tool::Search(_)));
    assert!(matches!(tool(r#"{"type":"message","role":"user","content":"x"}"#), Tool::Plain(_)));
    assert!(matches!(tool(r#"{"role":"user","content":"x"}"#), Tool::Plain(_)));
    assert!(matches!(tool(r#"{"name":"a provider without tags"}"#), Tool::Function(_)));
    assert!(matches!(tool(r#"{"type":"new","name":"x"}"#), Tool::Unknown(_)));
    assert!(matches!(tool("3"), Tool::Unknown(_)));
    let input = |text: &str| decode::<Input>(text.as_bytes()).unwrap();
    assert_eq!(input("\"a\""), Input::Text("a".into()));
    assert_eq!(input("[\"a\"]"), Input::Texts(vec!["a".into()]));
    assert_eq!(input("[1]"), Input::Tokens(vec![1]));
    assert_eq!(input("[[1],[2]]"), Input::TokenLists(vec![vec![1], vec![2]]));
    assert_eq!(input("null"), Input::Nothing(()));
    assert!(matches!(input("true"), Input::Unknown(_)));
    assert!(matches!(decode::<Content>(b"[]").unwrap(), Content::Parts(parts) if parts.is_empty()));
}

#[test]
fn an_enum_keeps_what_it_does_not_know() {
    assert!(matches!(Status::from("queued"), Status::Queued));
    assert_eq!(Status::from("new".to_owned()).as_str(), "new");
    assert_eq!(Status::Unknown("queued".into()), Status::Queued);
    assert_eq!(format!("{:>8}", Status::Queued), "  queued");
}

#[test]
fn debug_shows_the_json_and_no_secret() {
    let params = Params::new().key("sk-secret").temperature(0.5);
    assert_eq!(format!("{params:?}"), r#"Params {"temperature":0.5,"key":"***"}"#);
    assert!(format!("{params:#?}").starts_with("Params {\n"));
}

#[test]
fn serde_carries_our_types() {
    let text = r#"{"id":"a","score":1.5,"new":[null,{"x":18446744073709551615}],"late":null}"#;
    let run = run(text);
    let tree = serde_json::to_value(&run).unwrap();
    assert_eq!(tree, serde_json::from_str::<serde_json::Value>(text).unwrap());
    assert_eq!(serde_json::from_value::<Run>(tree).unwrap(), run);
    assert!(serde_json::from_str::<Run>("[]").is_err());
    assert_eq!(serde_json::to_string(&Json::parse(" [1] ").unwrap()).unwrap(), "[1]");
}

#[test]
fn a_map_keeps_its_order() {
    let map: Map<i64> = decode(br#"{"b":1,"a":2,"b":3}"#).unwrap();
    assert_eq!(map.iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>(), [("b", 3), ("a", 2)]);
}
