//! `tests/conformance/cases/generated/`: the cases that follow from the description (format: `tests/README.md`).
//!
//! Each operation gets a call with its smallest and, where it has optional arguments, one with its fullest arguments; one
//! that streams, a call that does; a list, a walk over two pages. Requests are spelled out. What comes back is made by
//! the mock server and must be the same JSON after it went through the client's types; pages are spelled out.

mod pattern;
mod values;
mod wire;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::output::Files;
use super::schema::defs::{PageDef, StructDef, TypeDef};
use super::schema::expr::Expr;
use super::schema::{Operation, Schema};
use values::{Extent, Maker};

const DIR: &str = "tests/conformance/cases/generated";

/// Optional members are made down to this level below the arguments.
const FULLEST: Extent = Extent::Levels(2);

/// Writes the cases of each group.
pub fn generate(schema: &Schema, files: &mut Files) {
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for operation in &schema.operations {
        let cases = Subject { schema, operation }.cases();
        groups.entry(&operation.group).or_default().extend(cases.iter().map(Value::to_string));
    }
    for (group, cases) in groups {
        files.cases(format!("{DIR}/{group}.json"), &cases);
    }
}

struct Subject<'a> {
    schema: &'a Schema,
    operation: &'a Operation,
}

impl<'a> Subject<'a> {
    fn cases(&self) -> Vec<Value> {
        let smallest = self.arguments(Extent::Smallest);
        let fullest = self.arguments(FULLEST);
        let mut cases = Vec::new();
        if !self.operation.only_streams() {
            cases.push(self.single("smallest", &smallest));
            if fullest != smallest {
                cases.push(self.single("fullest", &fullest));
            }
        }
        if self.operation.def.stream.is_some() {
            cases.push(self.stream("stream", &fullest));
        }
        if let Some(page) = &self.operation.def.page {
            // The page's size shows that arguments are kept from page to page.
            let mut arguments = smallest;
            arguments.extend(fullest.get("limit").map(|limit| ("limit".to_owned(), limit.clone())));
            cases.extend(self.pages(page, &arguments));
        }
        cases
    }

    fn params(&self) -> Option<&'a StructDef> {
        self.schema.structure(self.operation.def.params.as_deref()?)
    }

    /// Arguments that are not in the path, without the stream flag.
    fn arguments(&self, extent: Extent) -> Map<String, Value> {
        let skip = self.operation.stream_param();
        self.params().map(|def| Maker::new(self.schema).members(def, extent, skip)).unwrap_or_default()
    }

    /// A value for each path parameter.
    fn path_values(&self) -> Vec<(String, String)> {
        self.operation.def.path_params.iter().map(|name| (name.clone(), format!("{name}-1"))).collect()
    }

    fn call(&self, arguments: &Map<String, Value>) -> Value {
        let mut all: Map<String, Value> =
            self.path_values().into_iter().map(|(name, value)| (name, Value::String(value))).collect();
        all.extend(arguments.clone());
        json!({ "resource": self.operation.resource(), "method": self.operation.method(), "args": all })
    }

    fn request(&self, arguments: &Map<String, Value>) -> Value {
        wire::request(self.operation, &self.path_values(), arguments)
    }

    fn case(
        &self,
        kind: &str,
        arguments: &Map<String, Value>,
        server: Value,
        requests: Vec<Value>,
        expect: Value,
    ) -> Value {
        json!({
            "name": format!("{}/{kind}", self.operation.def.id),
            "call": self.call(arguments),
            "server": server,
            "requests": requests,
            "expect": expect,
        })
    }

    /// One request, answered by the mock server with what it makes of the description.
    fn single(&self, kind: &str, arguments: &Map<String, Value>) -> Value {
        if self.operation.def.page.is_some() {
            // A walk over the pages is a case of its own: here only the first page is wanted, so that one request is made.
            let mut case = self.case(
                kind,
                arguments,
                json!("synthesise"),
                vec![self.request(arguments)],
                json!({ "items": { "$len": 1 }, "pages": 1 }),
            );
            case["call"]["options"] = json!({ "max_items": 1 });
            return case;
        }
        let value = match self.operation.reply_kind() {
            "empty" => Value::Null,
            "binary" => json!({ "$sent": "bytes" }),
            // Vectors travel as base64 and are encoded as numbers, unless the caller asks for base64.
            _ if self.operation.def.defaults.contains_key("encoding_format")
                && arguments.get("encoding_format") != Some(&json!("base64")) =>
            {
                json!({ "$sent": "vectors" })
            }
            _ => json!({ "$sent": "value" }),
        };
        self.case(kind, arguments, json!("synthesise"), vec![self.request(arguments)], json!({ "value": value }))
    }

    fn stream(&self, kind: &str, arguments: &Map<String, Value>) -> Value {
        let mut arguments = arguments.clone();
        if let Some(flag) = self.operation.stream_param() {
            arguments.insert(flag.to_owned(), json!(true));
        }
        let named = self.operation.def.stream.as_ref().is_some_and(|stream| stream.frame.as_deref() == Some("named"));
        let expect = json!({ "events": { "$sent": if named { "named_events" } else { "events" } } });
        self.case(kind, &arguments, json!("synthesise"), vec![self.request(&arguments)], expect)
    }

    /// Two pages with three items, spelled out; one page for a list that has no second.
    fn pages(&self, page: &PageDef, first: &Map<String, Value>) -> Option<Value> {
        let item = self.item(&page.item);
        let items: Option<Vec<Value>> = (1..=3).map(|number| with_id(&item, &format!("item-{number}"))).collect();
        let (style, cursor) = (page.style.as_str(), if page.style == "token" { "page" } else { "after" });
        // Without an id, a cursor cannot be seen to move: such a list says its cursor in the page.
        let items = match (items, style) {
            (Some(items), _) => items,
            (None, "cursor") => return None,
            (None, _) => vec![item.clone(), item.clone(), item],
        };
        let reply = |data: &[Value], more: bool| {
            let mut body = Map::from_iter([("object".to_owned(), json!("list")), ("data".to_owned(), json!(data))]);
            let next = if more { json!("next-1") } else { Value::Null };
            match style {
                "cursor" => drop(body.insert("has_more".into(), json!(more))),
                "last_id" => {
                    body.insert("has_more".into(), json!(more));
                    body.insert("last_id".into(), json!("next-1"));
                }
                "token" => {
                    body.insert("has_more".into(), json!(more));
                    body.insert("next_page".into(), next);
                }
                "next" => drop(body.insert("next".into(), next)),
                _ => {}
            }
            json!({ "json": body })
        };
        let mut second = first.clone();
        second.insert(cursor.to_owned(), if style == "cursor" { json!("item-2") } else { json!("next-1") });
        let (server, requests, pages) = if style == "single" {
            (json!([reply(&items, false)]), vec![self.request(first)], 1)
        } else {
            let replies = json!([reply(&items[..2], true), reply(&items[2..], false)]);
            (replies, vec![self.request(first), self.request(&second)], 2)
        };
        Some(self.case("pages", first, server, requests, json!({ "pages": pages, "items": items })))
    }

    /// An item; of a union, one of an arm that has an id, if there is one.
    fn item(&self, expr: &'a Expr) -> Value {
        let has_id = |expr: &Expr| {
            let def = expr.name().and_then(|name| self.schema.structure(name));
            def.is_some_and(|def| def.fields.iter().any(|field| field.name == "id" && field.required))
        };
        let union = match expr {
            Expr::Named(name) => self.schema.get(name).map(|ty| &ty.def).and_then(TypeDef::union),
            _ => None,
        };
        let arm = union.and_then(|def| def.arms.iter().map(|arm| &arm.ty).find(|expr| has_id(expr)));
        Maker::new(self.schema).expr(arm.unwrap_or(expr), "item", Extent::Smallest)
    }
}

/// The item with this id, if it is an object that has one.
fn with_id(item: &Value, id: &str) -> Option<Value> {
    let mut item = item.clone();
    match item.get_mut("id") {
        Some(slot @ Value::String(_)) => *slot = json!(id),
        _ => return None,
    }
    Some(item)
}
