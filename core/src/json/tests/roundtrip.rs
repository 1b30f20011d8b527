//! `encode(decode(x))` means the same as `x`.

use super::samples::{Params, Run};
use crate::json::{Decode, Json, decode, encode};

fn again<T: Decode>(text: &str) -> String {
    encode(&decode::<T>(text.as_bytes()).unwrap()).unwrap()
}

#[track_caller]
fn assert_same(found: &str, text: &str) {
    assert_eq!(Json::parse(found).unwrap(), Json::parse(text).unwrap(), "found {found} for {text}");
}

const FULL: &str = r#"{"object":"run","id":"run_1","status":"queued","created_at":1,"score":0.5,"done":true,
    "tools":[{"type":"function","name":"f"}],"content":"text","function":{"type":"function","name":"g"}}"#;

#[test]
fn any_object_survives_a_round_trip() {
    for text in [
        "{}",
        FULL,
        // Unknown members, with escapes in their names.
        r#"{"id":"a","new":{"x":[1, 2]},"\u0041\n":1,"\ud800":2,"\ud801":3}"#,
        // Constants: absent, of another value, of another type, optional.
        r#"{"object":"other"}"#,
        r#"{"object":null}"#,
        r#"{"object":7}"#,
        r#"{"object":"\u0072un"}"#,
        r#"{"deleted":true}"#,
        r#"{"deleted":false}"#,
        r#"{"deleted":"true"}"#,
        // Nulls, in optional and in required places, in structs with numbers above 63.
        r#"{"usage":null,"late":null,"any":null,"metadata":null,"id":null,"tools":null,"content":null}"#,
        r#"{"usage":{"total":null,"parts":null,"by_name":null}}"#,
        r#"{"usage":{"total":1}}"#,
        r#"{"late":"x","usage":{"parts":[1,2,3]}}"#,
        // Values of another type.
        r#"{"id":1,"status":2,"created_at":"x","score":"y","done":0,"tools":{},"content":5,"function":[],"usage":"z"}"#,
        r#"{"metadata":[],"embedding":{},"steps":1,"late":false}"#,
        r#"{"temperature":"hot","tools":7,"metadata":"m","input":{},"key":1}"#,
        // Items of another type.
        r#"{"steps":[null,{"total":1},"x",{"parts":[1,null,2]}],"tools":[null,1,{"type":"new"},[]]}"#,
        r#"{"metadata":{"a":1,"b":"x","c":null}}"#,
        r#"{"usage":{"by_name":{"a":1,"b":"x","a":"y"}}}"#,
        // Numbers.
        r#"{"created_at":1.0,"score":1}"#,
        r#"{"created_at":1e3,"score":12345678901234567890}"#,
        r#"{"created_at":9223372036854775808,"score":1e400}"#,
        r#"{"created_at":-0,"score":-0.0}"#,
        r#"{"score":0.1000000000000000055511151231257827}"#,
        r#"{"any":123456789012345678901234567890.10}"#,
        r#"{"embedding":[1, -0.006929283495992422, 1e-7]}"#,
        r#"{"embedding":[]}"#,
        r#"{"embedding":[1,"x"]}"#,
        r#"{"embedding":"not base64!"}"#,
        // Strings.
        r#"{"id":"\ud800 \ud83d\ude00 \u0000","status":"\udfff"}"#,
        r#"{"metadata":{"\ud800":1}}"#,
        // Names that are written with escapes, and repeated ones: the last counts.
        r#"{"\u0069d":"a","stat\u0075s":"queued"}"#,
        r#"{"id":"a","id":"b"}"#,
        r#"{"id":1,"id":"b","new":1,"new":2}"#,
        r#"{"id":"b","id":1}"#,
        // Unions.
        r#"{"content":[{"type":"fn","name":"x"},{"type":"search"},{"role":"user","content":"hi"}]}"#,
        r#"{"tools":[{"type":"message","role":"user","content":"hi"},{"type":"message"},{"name":"x"},{}]}"#,
        r#"{"input":"x"}"#,
        r#"{"input":["x",1]}"#,
        r#"{"input":[]}"#,
        r#"{"input":[1,2.5]}"#,
        r#"{"input":[[1],[2]]}"#,
        r#"{"input":null}"#,
        r#"{"input":true}"#,
    ] {
        assert_same(&again::<Run>(text), text);
        assert_same(&again::<Params>(text), text);
    }
}
