//! `Json`, `Vector` and the writer.

use crate::json::{Json, Vector, Writer, decode, encode};
use base64::Engine as _;

#[test]
fn json_keeps_its_text_and_compares_by_meaning() {
    let json = |text| Json::parse(text).unwrap();
    assert_eq!(format!("{:?} {0}", json("1.0")), "1.0 1.0");
    assert_eq!(json(r#"{"a":1,"b":[true,null]}"#), json(r#" {"b" : [true, null], "\u0061":1.0} "#));
    assert_ne!(json("[1,2]"), json("[2,1]"));
    assert_ne!(json("\"1\""), json("1"));
    assert_ne!(json("123456789012345678901234567890"), json("123456789012345678901234567891"));
    assert_eq!(Json::string("a\"b").raw(), r#""a\"b""#);
    assert_eq!(Json::from(serde_json::json!({"a": [1]})).decode::<serde_json::Value>().unwrap()["a"][0], 1);
    assert_eq!(Json::from_serialize(&vec![1, 2]).unwrap(), json("[1,2]"));
    assert!(Json::parse("[").is_err());
}

#[test]
fn an_embedding_reads_from_numbers_and_from_base64() {
    let bytes: Vec<u8> = [0.5f32, -0.006_929_283_4].iter().flat_map(|number| number.to_le_bytes()).collect();
    let text = format!("\"{}\"", base64::engine::general_purpose::STANDARD.encode(bytes));
    let short: Vector = decode(text.as_bytes()).unwrap();
    let long: Vector = decode(b"[ 0.5 , -0.006929283495992422 ]").unwrap();
    assert_eq!(short.to_f32(), long.to_f32());
    assert_eq!(encode(&long).unwrap(), "[0.5,-0.006929283495992422]");
    assert_eq!((short.len(), short.is_empty(), short.iter().next()), (2, false, Some(0.5)));
    assert_eq!(decode::<Vector>(encode(&short).unwrap().as_bytes()).unwrap(), short);
    for bad in ["\"AAA=\"", "[1,null]", "[1e400]", "{}"] {
        assert!(decode::<Vector>(bad.as_bytes()).is_err(), "{bad}");
    }
}

#[test]
fn strings_are_escaped_wherever_they_need_it() {
    for length in 0..70 {
        for special in ["\"", "\\", "\n", "\u{0}", "\u{1f}", "\u{7f}", "é", "😀", ""] {
            let text = format!("{}{special}{}", "a".repeat(length), "b".repeat(69 - length));
            let written = encode(&text).unwrap();
            assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
            assert_eq!(decode::<String>(written.as_bytes()).unwrap(), text);
        }
    }
}

#[test]
fn the_writer_puts_commas_where_they_belong() {
    let mut w = Writer::new();
    w.begin_object();
    w.key("a");
    w.begin_list();
    w.int(-1);
    w.float(1e300);
    w.null();
    w.begin_object();
    w.end_object();
    w.string("[");
    w.bool(true);
    w.end_list();
    w.key("b");
    w.raw("[]");
    w.end_object();
    assert_eq!(w.text(), r#"{"a":[-1,1e+300,null,{},"[",true],"b":[]}"#);
}
