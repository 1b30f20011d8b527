use super::super::body::collect;
use super::*;
use crate::operation::{Auth, End, Frame, ReplyKind, StreamStyle, Verb};

const ROW: Operation = Operation {
    id: "things.create",
    verb: Verb::Post,
    path: "/things",
    path_params: &[],
    query: &[],
    header_params: &[],
    defaults: &[],
    body: BodyKind::Json,
    part_types: &[],
    reply: ReplyKind::Json,
    page: None,
    stream: Some(StreamStyle { param: Some("stream"), frame: Frame::Data, end: End::Done }),
    headers: &[],
    auth: Auth::Key,
    deprecated: false,
};

const MIXED: Operation = Operation {
    query: &["include", "after"],
    header_params: &[("betas", "OpenAI-Beta"), ("key", "Idempotency-Key")],
    ..ROW
};

const GET: Operation = Operation { verb: Verb::Get, body: BodyKind::None, ..ROW };

const EMBEDDINGS: Operation = Operation { defaults: &[("encoding_format", "\"base64\"")], ..ROW };

const FORM: Operation = Operation { body: BodyKind::Multipart, ..ROW };

const RAW: Operation = Operation { body: BodyKind::Raw { field: "sdp", content_type: "application/sdp" }, ..ROW };

fn try_split(
    row: &Operation,
    fields: &str,
    files: &[FileInput],
    extra: &[&str],
    stream: bool,
) -> Result<Parts, String> {
    let extra: Vec<Json> = extra.iter().map(|text| Json::parse(text).expect("valid JSON")).collect();
    let fields = Bytes::copy_from_slice(fields.as_bytes());
    let arguments = Arguments { fields: &fields, files, extra_body: &extra, stream };
    split(row, arguments).map_err(|error| error.to_string())
}

fn sorted(row: &Operation, fields: &str) -> Parts {
    try_split(row, fields, &[], &[], false).expect(fields)
}

fn json(parts: &Parts) -> &str {
    match &parts.body {
        BodyRecipe::Bytes { bytes, content_type: "application/json" } => std::str::from_utf8(&bytes.0).expect("text"),
        other => panic!("no JSON body: {other:?}"),
    }
}

fn query(parts: &Parts) -> String {
    parts.query.iter().map(|(name, value)| format!("{name}={value};")).collect()
}

/// The parts of a form, their line ends as `|`.
async fn form(parts: &Parts) -> Vec<String> {
    let content_type = parts.body.content_type().expect("a body");
    let boundary = content_type.strip_prefix("multipart/form-data; boundary=").expect("a form");
    let body = collect(parts.body.open().await.expect("readable")).await.expect("readable");
    let body = String::from_utf8(body).expect("text");
    let delimiter = format!("--{boundary}");
    let found: Vec<&str> = body.split(&delimiter).map(str::trim).collect();
    let cut = |part: &&str| part.trim_start_matches("Content-Disposition: form-data; ").replace("\r\n", "|");
    found[1..found.len() - 1].iter().map(cut).collect()
}

#[test]
fn fields_that_are_the_body_are_handed_on_as_they_are() {
    let same = |row, fields: &'static str| {
        let fields = Bytes::from_static(fields.as_bytes());
        let arguments = Arguments { fields: &fields, files: &[], extra_body: &[], stream: false };
        match split(row, arguments).expect("valid").body {
            BodyRecipe::Bytes { bytes, .. } => bytes.0.as_ptr() == fields.as_ptr() && bytes.0.len() == fields.len(),
            _ => false,
        }
    };
    for fields in ["{}", "{\"a\": 1}", " { \"a\" :1 } ", "{\"a\":{\"$file\":0}}", "not even JSON"] {
        assert!(same(&ROW, fields), "{fields}");
    }
    assert!(same(&EMBEDDINGS, "{\"encoding_format\":\"float\"}"));
    assert!(same(&MIXED, "{\"a\":1, \"b\":[]}"));
}

#[test]
fn no_arguments_are_an_empty_object_where_a_body_is_due() {
    assert_eq!(json(&sorted(&ROW, "")), "{}");
    assert!(matches!(sorted(&GET, "").body, BodyRecipe::Empty));
    assert_eq!(json(&try_split(&ROW, "", &[], &["{\"a\":1}"], true).expect("valid")), r#"{"stream":true,"a":1}"#);
}

#[test]
fn query_and_header_arguments_leave_the_body() {
    let fields = r#"{"a":1,"include":["x","y"],"betas":["b1","b2"],"b":{"c":[null]},"key":"k","after":null}"#;
    let parts = sorted(&MIXED, fields);
    assert_eq!(json(&parts), r#"{"a":1,"b":{"c":[null]}}"#);
    assert_eq!(query(&parts), "include[]=x;include[]=y;");
    let headers: Vec<_> = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    assert_eq!(headers, [("openai-beta", &b"b1,b2"[..]), ("idempotency-key", b"k")]);
    assert_eq!(json(&sorted(&MIXED, r#"{"include":"x"}"#)), "{}");
}

#[test]
fn header_arguments_are_text() {
    assert!(sorted(&MIXED, r#"{"key":null}"#).headers.is_empty());
    assert_eq!(sorted(&MIXED, r#"{"key":true}"#).headers[0].1, "true");
    let bad = [
        r#"{"key":{"a":1}}"#,
        r#"{"key":[["a"]]}"#,
        r#"{"key":[{"a":1}]}"#,
        r#"{"key":"a\nb: c"}"#,
        r#"{"key":{"$file":0}}"#,
    ];
    for fields in bad {
        assert!(try_split(&MIXED, fields, &[], &[], false).is_err(), "{fields}");
    }
}

#[test]
fn without_a_body_everything_goes_into_the_query() {
    let parts = sorted(&GET, r#"{"limit":20,"metadata":{"a":"b"},"order":"asc","empty":""}"#);
    assert!(matches!(parts.body, BodyRecipe::Empty));
    assert_eq!(query(&parts), "limit=20;metadata[a]=b;order=asc;empty=;");
    assert_eq!(query(&try_split(&GET, "{\"a\":1}", &[], &[], true).expect("valid")), "a=1;stream=true;");
    assert!(try_split(&GET, r#"{"file":{"$file":0}}"#, &[FileInput::from_bytes("")], &[], false).is_err());
}

#[test]
fn a_stream_is_asked_for_once() {
    let ask = |fields| json(&try_split(&ROW, fields, &[], &[], true).expect(fields)).to_owned();
    assert_eq!(ask(r#"{"a":1}"#), r#"{"a":1,"stream":true}"#);
    assert_eq!(ask("{ }"), r#"{ "stream":true}"#);
    assert_eq!(ask(r#"{"stream":true,"a":1}"#), r#"{"a":1,"stream":true}"#);
    assert_eq!(ask(r#"{"stream":false}"#), r#"{"stream":true}"#);
    let always = Operation { stream: Some(StreamStyle { param: None, frame: Frame::Data, end: End::Eof }), ..ROW };
    assert_eq!(json(&try_split(&always, r#"{"a":1}"#, &[], &[], true).expect("valid")), r#"{"a":1}"#);
}

#[test]
fn defaults_fill_what_is_left_out_and_nothing_else() {
    assert_eq!(json(&sorted(&EMBEDDINGS, r#"{"input":"a"}"#)), r#"{"input":"a","encoding_format":"base64"}"#);
    assert_eq!(json(&sorted(&EMBEDDINGS, r#"{"encoding_format":null}"#)), r#"{"encoding_format":null}"#);
    let extra = try_split(&EMBEDDINGS, "{}", &[], &[r#"{"encoding_format":"float"}"#], false).expect("valid");
    assert_eq!(json(&extra), r#"{"encoding_format":"float"}"#);
    let in_query = Operation { query: &["encoding_format"], ..EMBEDDINGS };
    let parts = sorted(&in_query, "{}");
    assert_eq!((json(&parts), query(&parts).as_str()), ("{}", "encoding_format=base64;"));
}

#[test]
fn extra_members_replace_and_add() {
    let merge = |fields, extra: &[&str]| json(&try_split(&ROW, fields, &[], extra, false).expect(fields)).to_owned();
    assert_eq!(merge(r#"{"a":1}"#, &[r#"{"b":2}"#]), r#"{"a":1,"b":2}"#);
    assert_eq!(merge(r#"{"a":{"x":1},"b":2}"#, &[r#"{"a":{"y":2}}"#]), r#"{"b":2,"a":{"y":2}}"#);
    assert_eq!(merge(r#"{"a":1}"#, &[r#"{"b":1,"c":1}"#, r#"{"b":2}"#]), r#"{"a":1,"c":1,"b":2}"#);
    assert_eq!(merge(r#"{"a":1}"#, &["{}"]), r#"{"a":1}"#);
    assert_eq!(json(&try_split(&GET, "", &[], &[r#"{"a":1}"#], false).expect("valid")), r#"{"a":1}"#);
    assert!(try_split(&ROW, "{}", &[], &["[1]"], false).expect_err("no object").contains("`extra_body`"));
}

#[tokio::test]
async fn a_form_holds_text_first_and_then_the_files() {
    let files = [FileInput::from_bytes("A").with_filename("a.txt"), FileInput::from_bytes("B").with_filename("b.txt")];
    let fields = r#"{"file":{"$file":1},"image":[{"$file":0},{"$file":1}],"purpose":"x","n":2,"f":1.50,"ok":true,
        "none":null,"empty":"","tags":["a","b"],"expires_after":{"anchor":"created_at","seconds":3600}}"#;
    let parts = try_split(&FORM, fields, &files, &[r#"{"purpose":"y"}"#], true).expect("valid");
    let expected = [
        "name=\"n\"||2",
        "name=\"f\"||1.50",
        "name=\"ok\"||true",
        "name=\"empty\"",
        "name=\"tags[]\"||a",
        "name=\"tags[]\"||b",
        "name=\"expires_after[anchor]\"||created_at",
        "name=\"expires_after[seconds]\"||3600",
        "name=\"stream\"||true",
        "name=\"purpose\"||y",
        "name=\"file\"; filename=\"b.txt\"|Content-Type: text/plain||B",
        "name=\"image[]\"; filename=\"a.txt\"|Content-Type: text/plain||A",
        "name=\"image[]\"; filename=\"b.txt\"|Content-Type: text/plain||B",
    ];
    assert_eq!(form(&parts).await, expected);
}

#[tokio::test]
async fn a_part_with_a_type_of_its_own_is_one_part() {
    let row = Operation { part_types: &[("session", "application/json"), ("sdp", "application/sdp")], ..FORM };
    let parts = sorted(&row, r#"{"session":{"a":[1, 2]},"sdp":"v=0\n","other":[1]}"#);
    let expected = [
        "name=\"session\"|Content-Type: application/json||{\"a\":[1, 2]}",
        "name=\"sdp\"|Content-Type: application/sdp||v=0\n",
        "name=\"other[]\"||1",
    ];
    let found: Vec<String> = form(&parts).await;
    assert_eq!(found, expected.map(|part| part.trim_end().to_owned()));
    assert!(form(&sorted(&row, r#"{"session":null}"#)).await.is_empty());
}

#[test]
fn files_have_no_place_in_json_and_must_exist_in_forms() {
    let files = [FileInput::from_bytes("")];
    let error = try_split(&ROW, r#"{"a":{"$file":0}}"#, &files, &[], false).expect_err("a file");
    assert!(error.contains("`things.create`"), "{error}");
    let error = try_split(&FORM, r#"{"a":{"$file":1}}"#, &files, &[], false).expect_err("no such file");
    assert!(error.contains("upload 1"), "{error}");
    let named = [FileInput::from_bytes("").with_filename("../x")];
    assert!(try_split(&FORM, r#"{"a":{"$file":0}}"#, &named, &[], false).is_err());
}

#[tokio::test]
async fn a_raw_body_is_one_argument() {
    let parts = sorted(&RAW, r#"{"sdp":"v=0\r\n\"é"}"#);
    assert_eq!(parts.body.content_type().as_deref(), Some("application/sdp"));
    assert_eq!(collect(parts.body.open().await.expect("text")).await.expect("text"), "v=0\r\n\"é".as_bytes());
    let files = [FileInput::from_bytes("abc")];
    let parts = try_split(&RAW, r#"{"sdp":{"$file":0}}"#, &files, &[], false).expect("valid");
    assert_eq!(collect(parts.body.open().await.expect("bytes")).await.expect("bytes"), b"abc");
    for bad in ["{}", r#"{"sdp":1}"#, r#"{"sdp":"x","other":1}"#, r#"{"sdp":null}"#] {
        assert!(try_split(&RAW, bad, &[], &[], false).is_err(), "{bad}");
    }
}

#[test]
fn fields_that_are_no_object_are_refused_where_they_are_read() {
    for bad in ["[]", "1", "{\"a\":}", "{\"include\":nope}"] {
        assert!(try_split(&MIXED, bad, &[], &[], false).is_err(), "{bad}");
    }
}
