use super::*;

fn strict(schema: &str) -> Json {
    strict_schema(&Json::parse(schema).unwrap()).unwrap()
}

fn refusal(schema: &str) -> String {
    let error = strict_schema(&Json::parse(schema).unwrap()).unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Usage);
    error.message().to_owned()
}

/// An object with one member of this schema, and what became of it.
fn member(schema: &str) -> Json {
    let all = strict(&format!(r#"{{"type":"object","properties":{{"m":{schema}}}}}"#));
    all.get("properties").unwrap().get("m").unwrap()
}

#[track_caller]
fn same(found: Json, expected: &str) {
    assert_eq!(found, Json::parse(expected).unwrap(), "{found}");
}

#[test]
fn every_property_is_required_and_no_other_allowed() {
    let found = strict(
        r#"{"$schema":"x","title":"T","type":"object","properties":{"b":{"type":"string"},
            "a":{"type":"object","properties":{"x":{"type":"integer","format":"int64"}}}},"required":["b"]}"#,
    );
    same(
        found.clone(),
        r#"{"title":"T","type":"object","properties":{"b":{"type":"string"},
            "a":{"type":"object","properties":{"x":{"type":"integer"}},"required":["x"],"additionalProperties":false}},
            "required":["b","a"],"additionalProperties":false}"#,
    );
    let raw = found.raw();
    assert!(raw.find(r#""b":{"#) < raw.find(r#""a":{"#), "the order of members is the model's order of writing: {raw}");
}

#[test]
fn a_strict_schema_stays_as_it_is() {
    let once = strict(
        r##"{"type":"object","properties":{"n":{"anyOf":[{"$ref":"#/$defs/N"},{"type":"null"}]}},
            "$defs":{"N":{"type":"object","properties":{"next":{"$ref":"#"}}}}}"##,
    );
    assert_eq!(strict_schema(&once).unwrap().raw(), once.raw());
}

#[test]
fn limits_stay_and_what_only_describes_goes() {
    same(
        member(
            r#"{"type":"integer","format":"uint32","minimum":0,"default":null,"examples":[1],"deprecated":true,
                "x-order":1,"$comment":"c"}"#,
        ),
        r#"{"type":"integer","minimum":0}"#,
    );
    same(member(r#"{"type":"string","format":"date-time"}"#), r#"{"type":"string","format":"date-time"}"#);
    same(member(r#"{"type":"string","format":"uri","default":"x"}"#), r#"{"type":"string"}"#);
    same(
        member(r#"{"type":"array","uniqueItems":true,"items":{"type":"string"},"minItems":1}"#),
        r#"{"type":"array","items":{"type":"string"},"minItems":1}"#,
    );
}

#[test]
fn a_nullable_member_gets_the_type_null() {
    same(member(r#"{"type":"string","nullable":true}"#), r#"{"type":["string","null"]}"#);
    same(
        member(r#"{"type":"string","enum":["a"],"nullable":true}"#),
        r#"{"type":["string","null"],"enum":["a",null]}"#,
    );
    same(
        member(r#"{"oneOf":[{"type":"string"},{"type":"integer"}],"nullable":true}"#),
        r#"{"anyOf":[{"type":"string"},{"type":"integer"},{"type":"null"}]}"#,
    );
}

#[test]
fn a_described_reference_is_written_out() {
    let schema = r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/A","description":"mine"},
        "b":{"$ref":"#/$defs/B"}},
        "$defs":{"A":{"type":"string","description":"its","enum":["x"]},"B":{"type":"boolean"},"C":{"type":"null"}}}"##;
    same(
        strict(schema),
        r##"{"type":"object","properties":{"a":{"description":"mine","type":"string","enum":["x"]},
            "b":{"$ref":"#/$defs/B"}},"required":["a","b"],"additionalProperties":false,"$defs":{"B":{"type":"boolean"}}}"##,
    );
}

#[test]
fn a_described_reference_to_itself_stays_a_reference() {
    let schema = r##"{"type":"object","properties":{"left":{"$ref":"#/$defs/E","description":"left side"}},
        "$defs":{"E":{"type":"object","properties":{"of":{"$ref":"#/$defs/E","description":"inner"}}}}}"##;
    same(
        strict(schema),
        r##"{"type":"object","properties":{"left":{"description":"left side","anyOf":[{"$ref":"#/$defs/E"}]}},
            "required":["left"],"additionalProperties":false,
            "$defs":{"E":{"type":"object","properties":{"of":{"description":"inner","anyOf":[{"$ref":"#/$defs/E"}]}},
            "required":["of"],"additionalProperties":false}}}"##,
    );
}

#[test]
fn members_beside_a_reference_are_added_to_it() {
    let schema = r##"{"type":"object","properties":{"m":{"oneOf":[
          {"type":"object","properties":{"kind":{"type":"string","const":"circle"}},"$ref":"#/$defs/Circle","required":["kind"]}]}},
        "$defs":{"Circle":{"type":"object","properties":{"r":{"type":"number"}},"required":["r"]}}}"##;
    same(
        strict(schema).get("properties").unwrap().get("m").unwrap(),
        r#"{"type":"object","properties":{"kind":{"type":"string","const":"circle"},"r":{"type":"number"}},
            "required":["kind","r"],"additionalProperties":false}"#,
    );
}

#[test]
fn what_must_all_hold_becomes_one() {
    same(
        member(r#"{"allOf":[{"type":"string","minLength":1}],"description":"d"}"#),
        r#"{"description":"d","type":"string","minLength":1}"#,
    );
    same(
        member(
            r#"{"allOf":[{"type":"object","properties":{"a":{"type":"null"}}},
                {"type":"object","properties":{"b":{"type":"null"}}}]}"#,
        ),
        r#"{"type":"object","properties":{"a":{"type":"null"},"b":{"type":"null"}},"required":["a","b"],
            "additionalProperties":false}"#,
    );
    same(
        member(r#"{"allOf":[{"type":"number","minimum":1},{"type":"integer","minimum":3}]}"#),
        r#"{"type":"integer","minimum":3}"#,
    );
    let contradiction = r#"{"type":"object","properties":{"m":{"allOf":[{"type":"string"},{"type":"null"}]}}}"#;
    assert!(refusal(contradiction).contains("`$.properties.m.allOf[1]`"), "{}", refusal(contradiction));
}

#[test]
fn what_stands_beside_a_choice_holds_for_each_arm() {
    same(
        member(
            r#"{"description":"d","type":"object","properties":{"id":{"type":"integer"}},"oneOf":[
                {"type":"object","properties":{"a":{"type":"null"}}},{"type":"object","properties":{"b":{"type":"null"}}}]}"#,
        ),
        r#"{"description":"d","anyOf":[
            {"type":"object","properties":{"id":{"type":"integer"},"a":{"type":"null"}},"required":["id","a"],"additionalProperties":false},
            {"type":"object","properties":{"id":{"type":"integer"},"b":{"type":"null"}},"required":["id","b"],"additionalProperties":false}]}"#,
    );
}

#[test]
fn a_tuple_of_equal_items_is_a_list_of_that_length() {
    same(
        member(r#"{"type":"array","prefixItems":[{"type":"number"},{"type":"number"}],"minItems":2,"maxItems":2}"#),
        r#"{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2}"#,
    );
}

#[test]
fn definitions_of_older_drafts_move() {
    same(
        strict(
            r##"{"type":"object","properties":{"a":{"$ref":"#/definitions/a~1b%20c"}},"definitions":{"a/b c":{"const":1}}}"##,
        ),
        r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/a_b_c"}},"required":["a"],"additionalProperties":false,
            "$defs":{"a_b_c":{"const":1,"type":"integer"}}}"##,
    );
}

#[test]
fn what_has_no_strict_form_is_refused_with_its_path() {
    let cases = [
        (r#"{"type":"object","additionalProperties":{"type":"string"}}"#, "a map with free names"),
        ("{}", "a value of any type"),
        ("true", "a value of any type"),
        (r#"{"description":"anything"}"#, "a value of any type"),
        (r#"{"type":"array"}"#, "`$.properties.m.items`"),
        (r#"{"type":"array","prefixItems":[{"type":"string"},{"type":"null"}]}"#, "a tuple of different items"),
        (r#"{"not":{"type":"null"}}"#, "`not`"),
        (r#"{"type":"object","patternProperties":{"^x":{"type":"null"}}}"#, "`patternProperties`"),
        (r#"{"type":"text"}"#, "`type`"),
        (r##"{"$ref":"#/$defs/none"}"##, "leads nowhere"),
        (r#"{"$ref":"https://example.com/s"}"#, "leads out"),
        (r#"7"#, "a schema is an object"),
    ];
    for (schema, expected) in cases {
        let message = refusal(&format!(r#"{{"type":"object","properties":{{"m":{schema}}}}}"#));
        assert!(message.contains(expected) && message.contains("`$.properties.m"), "{schema}: {message}");
    }
}

#[test]
fn the_root_must_be_a_plain_object() {
    for schema in [
        r#"{"type":"array","items":{"type":"string"}}"#,
        r#"{"type":"string","enum":["a"]}"#,
        r#"{"anyOf":[{"type":"object","properties":{}},{"type":"null"}]}"#,
        r#"{"type":["object","null"],"properties":{}}"#,
    ] {
        assert!(refusal(schema).contains("outermost"), "{schema}");
    }
    let by_reference =
        r##"{"$ref":"#/$defs/N","$defs":{"N":{"type":"object","properties":{"n":{"$ref":"#/$defs/N"}}}}}"##;
    assert_eq!(strict(by_reference).get("type").unwrap().as_string().unwrap(), "object");
}

#[test]
fn schemas_without_end_are_refused() {
    for schema in [
        r##"{"$ref":"#"}"##.to_owned(),
        r##"{"type":"object","properties":{"m":{"$ref":"#/$defs/A"}},"$defs":{"A":{"allOf":[{"$ref":"#/$defs/A"}]}}}"##
            .to_owned(),
        r##"{"type":"object","properties":{"m":{"minLength":1,"$ref":"#"}}}"##.to_owned(),
        // Each level doubles what is written out.
        {
            let mut defs: Vec<String> = (0..40)
                .map(|n| {
                    let next = n + 1;
                    let part = format!(r##"{{"$ref":"#/$defs/d{next}","description":"x"}}"##);
                    format!(r#""d{n}":{{"type":"object","properties":{{"a":{part},"b":{part}}}}}"#)
                })
                .collect();
            defs.push(r#""d40":{"type":"null"}"#.to_owned());
            format!(
                r##"{{"type":"object","properties":{{"m":{{"$ref":"#/$defs/d0","description":"x"}}}},"$defs":{{{}}}}}"##,
                defs.join(",")
            )
        },
    ] {
        refusal(&schema);
    }
}

#[cfg(feature = "schemars")]
mod of_types {
    use std::collections::{BTreeMap, HashSet};

    use schemars::JsonSchema;

    use super::*;
    use crate::structured::{FunctionSchema, OutputFormat};

    fn of<T: JsonSchema>() -> Json {
        OutputFormat::of::<T>().unwrap().schema
    }

    fn path(json: &Json, path: &str) -> Json {
        path.split('.').fold(json.clone(), |json, name| json.get(name).unwrap_or_else(|| panic!("no {name} in {json}")))
    }

    /// What the model found.
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Found {
        /// Read this first.
        zeta: Option<String>,
        alpha: u32,
        big: i64,
        list: HashSet<String>,
        #[serde(default)]
        shape: Option<Shape>,
        corner: (f64, f64),
        level: Level,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    enum Shape {
        Point,
        /// Round.
        Circle {
            radius: f32,
        },
        Line(Vec<i8>),
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    enum Level {
        /// Little.
        Low,
        /// Much.
        High,
    }

    #[test]
    fn a_struct_of_many_kinds_of_fields() {
        let found = of::<Found>();
        assert_eq!(path(&found, "description").as_string().unwrap(), "What the model found.");
        same(path(&found, "properties.zeta"), r#"{"description":"Read this first.","type":["string","null"]}"#);
        same(path(&found, "properties.alpha"), r#"{"type":"integer","minimum":0}"#);
        same(path(&found, "properties.big"), r#"{"type":"integer"}"#);
        same(path(&found, "properties.list"), r#"{"type":"array","items":{"type":"string"}}"#);
        same(path(&found, "properties.shape"), r##"{"anyOf":[{"$ref":"#/$defs/Shape"},{"type":"null"}]}"##);
        same(
            path(&found, "properties.corner"),
            r#"{"type":"array","items":{"type":"number"},"minItems":2,"maxItems":2}"#,
        );
        same(
            path(&found, "$defs.Shape"),
            r#"{"anyOf":[{"type":"string","enum":["Point"]},
                {"description":"Round.","type":"object","properties":{"Circle":{"type":"object","properties":{"radius":{"type":"number"}},
                  "required":["radius"],"additionalProperties":false}},"required":["Circle"],"additionalProperties":false},
                {"type":"object","properties":{"Line":{"type":"array","items":{"type":"integer","minimum":-128,"maximum":127}}},
                  "required":["Line"],"additionalProperties":false}]}"#,
        );
        same(
            path(&found, "$defs.Level"),
            r#"{"anyOf":[{"description":"Little.","type":"string","const":"Low"},{"description":"Much.","type":"string","const":"High"}]}"#,
        );
        same(path(&found, "required"), r#"["zeta","alpha","big","list","shape","corner","level"]"#);
        assert!(found.get("$schema").is_none());
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Node {
        /// Its children.
        children: Vec<Node>,
        parent: Option<Box<Node>>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    #[serde(tag = "op", rename_all = "snake_case")]
    enum Expression {
        Number {
            value: f64,
        },
        Sum {
            /// Left side.
            left: Box<Expression>,
            right: Box<Expression>,
        },
        Negated(Inner),
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Inner {
        of: Box<Expression>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Sheet {
        expression: Expression,
    }

    #[test]
    fn recursive_types_keep_their_references() {
        let node = of::<Node>();
        assert!(node.raw().contains("\"$ref\""), "{node}");
        let sheet = of::<Sheet>();
        let arms = path(&sheet, "$defs.Expression.anyOf");
        same(
            path(&arms, "1.properties.left"),
            r##"{"description":"Left side.","anyOf":[{"$ref":"#/$defs/Expression"}]}"##,
        );
        same(path(&arms, "2.required"), r#"["op","of"]"#);
        assert_eq!(strict_schema(&sheet).unwrap(), sheet);
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Flat {
        id: u8,
        #[serde(flatten)]
        more: More,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct More {
        text: String,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct FlatChoice {
        inner: WithChoice,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct WithChoice {
        id: u8,
        #[serde(flatten)]
        shape: Tagged,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    #[serde(tag = "kind")]
    enum Tagged {
        A { a: String },
        B { b: String },
    }

    #[test]
    fn flattened_fields_stand_with_the_others() {
        same(path(&of::<Flat>(), "required"), r#"["id","text"]"#);
        let inner = path(&of::<FlatChoice>(), "$defs.WithChoice");
        same(path(&inner, "anyOf.0.required"), r#"["id","kind","a"]"#);
        same(path(&inner, "anyOf.1.required"), r#"["id","kind","b"]"#);
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct WithMap {
        scores: BTreeMap<String, u8>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct WithRest {
        id: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, String>,
    }

    #[test]
    fn maps_and_bare_lists_are_refused() {
        let error = OutputFormat::of::<WithMap>().unwrap_err();
        assert!(error.message().contains("`$.properties.scores`"), "{error}");
        assert!(error.message().contains("a list of structs"), "{error}");
        assert!(OutputFormat::of::<WithRest>().is_err());
        assert!(OutputFormat::of::<Vec<String>>().unwrap_err().message().contains("field of a struct"));
        assert!(OutputFormat::of::<Shape>().is_err());
        assert!(OutputFormat::of::<serde_json::Value>().is_err());
    }

    /// Looks something up.
    #[derive(JsonSchema)]
    #[allow(dead_code)]
    struct Lookup<T> {
        key: T,
    }

    #[test]
    fn a_function_takes_name_and_description_of_its_type() {
        let function = FunctionSchema::of::<Lookup<String>>().unwrap();
        assert!(
            function.name.starts_with("Lookup")
                && function.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        );
        assert_eq!(function.description.as_deref(), Some("Looks something up."));
        let chat = crate::encode(&function.named("look up!").chat()).unwrap();
        let chat = Json::parse(&chat).unwrap();
        same(path(&chat, "function.name"), r#""look_up_""#);
        same(path(&chat, "function.strict"), "true");
    }
}
