//! Checks a request against the description.

mod form;
mod json;
mod multipart;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use self::{form::Leaf, json::report};
pub(crate) use self::{
    form::{percent_decode, query_pairs},
    json::{FILE_MARK, join},
    multipart::find,
};
pub use self::{json::Checker, multipart::Part};
use crate::{
    api::{Api, Body, Field, Matched, Operation, TypeDef, TypeExpr},
    wire::Head,
};

/// One way in which a request breaks the description.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Where: `body.messages[0].role`, `query.limit`, `header.openai-beta`, `path.thread_id`.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

/// A request as the description sees it.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub violations: Vec<Violation>,
    /// Arguments of query and body, by name. A file part is an object with the member [`FILE_MARK`].
    pub args: Map<String, Value>,
    /// Decoded path parameters, by name.
    pub path: Map<String, Value>,
    pub parts: Vec<Part>,
    /// Whether a credential is missing where one is needed.
    pub unauthorised: bool,
}

impl Checked {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.args.get(name).or_else(|| self.path.get(name)).and_then(Value::as_str)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.args.get(name).and_then(Value::as_bool).unwrap_or(false)
    }
}

/// The parts of a multipart request, or why they cannot be read; `None` if it is not one.
pub(crate) fn parts_of(head: &Head, body: &Bytes) -> Option<Result<Vec<Part>, String>> {
    let boundary = multipart::boundary(head.header("content-type")?)?;
    Some(multipart::parse(body, &boundary))
}

/// Checks one request. `body` is `None` if it was too long to be kept; it is then not looked at.
pub(crate) fn request(api: &Api, matched: &Matched<'_>, head: &Head, body: Option<&Bytes>) -> Checked {
    let op = matched.operation;
    let allow_unknown = head.header("x-mock-allow").is_some_and(|v| v.contains("unknown"));
    let mut check = RequestCheck {
        api,
        op,
        checker: Checker::new(api, allow_unknown),
        fields: fields_of(api, op),
        done: Checked::default(),
    };
    check.path(&matched.path_values);
    check.headers(head);
    check.query(head);
    if let Some(body) = body {
        check.body(head, body);
    }
    check.done
}

/// The members of the operation's arguments; of all arms, where they are a union.
fn fields_of<'a>(api: &'a Api, op: &Operation) -> Vec<&'a Field> {
    match op.params.as_deref().and_then(|name| api.type_def(name)) {
        Some(TypeDef::Struct(s)) => s.fields.iter().collect(),
        _ => Vec::new(),
    }
}

struct RequestCheck<'a> {
    api: &'a Api,
    op: &'a Operation,
    checker: Checker<'a>,
    fields: Vec<&'a Field>,
    done: Checked,
}

impl<'a> RequestCheck<'a> {
    fn report(&mut self, path: &str, message: impl Into<String>) {
        report(&mut self.done.violations, path, message);
    }

    fn path(&mut self, values: &[String]) {
        for (name, raw) in self.op.path_params.iter().zip(values) {
            let value = percent_decode(raw);
            if value.is_empty() {
                self.report(&format!("path.{name}"), "must not be empty");
            }
            if value == "." || value == ".." {
                self.report(&format!("path.{name}"), "must not be a step to another folder");
            }
            self.done.path.insert(name.clone(), Value::String(value));
        }
    }

    fn headers(&mut self, head: &Head) {
        if self.op.auth.as_deref() != Some("none") {
            let key = head.header("authorization").and_then(|v| v.strip_prefix("Bearer ")).unwrap_or_default();
            if key.trim().is_empty() {
                self.done.unauthorised = true;
                self.report("header.authorization", "must be `Bearer` and a key");
            }
        }
        for (name, want) in &self.op.headers {
            let have = head.header(name).unwrap_or_default();
            if !have.split(',').any(|part| part.trim() == want) {
                self.report(&format!("header.{}", name.to_lowercase()), format!("must be {want:?}, is {have:?}"));
            }
        }
        for field in self.header_fields().filter(|f| f.required).collect::<Vec<_>>() {
            let name = self.op.header_params[&field.name].to_lowercase();
            if head.header(&name).is_none() {
                self.report(&format!("header.{name}"), "is required");
            }
        }
    }

    fn header_fields(&self) -> impl Iterator<Item = &'a Field> + '_ {
        self.fields.iter().copied().filter(|f| self.op.header_params.contains_key(&f.name))
    }

    /// The arguments in the query: those the row names, and all where there is no body.
    fn query_fields(&self) -> Vec<&'a Field> {
        let op = self.op;
        let in_query =
            |f: &&Field| !op.header_params.contains_key(&f.name) && (op.body.is_none() || op.query.contains(&f.name));
        self.fields.iter().copied().filter(|f| in_query(f)).collect()
    }

    fn query(&mut self, head: &Head) {
        let fixed: Vec<_> = self.op.path.split_once('?').map(|(_, q)| query_pairs(q)).unwrap_or_default();
        let mut pairs = query_pairs(&head.query);
        pairs.retain(|pair| !fixed.contains(pair));
        let fields = self.query_fields();
        let stream = self.op.stream.as_ref().and_then(|s| s.param.as_deref()).filter(|_| self.op.body.is_none());
        let object = self.tree("query", pairs.into_iter().map(|(k, v)| (k, Leaf::Text(v))), &fields, stream);
        self.members("query", &fields, object, stream);
    }

    /// Unfolds names with brackets and gives the values the types of the description.
    fn tree(
        &mut self,
        place: &str,
        pairs: impl Iterator<Item = (String, Leaf)>,
        fields: &[&Field],
        stream: Option<&str>,
    ) -> Map<String, Value> {
        let (root, errors) = form::unfold(pairs);
        for error in errors {
            self.report(place, error);
        }
        let typed = root.into_iter().map(|(name, node)| {
            let ty = fields.iter().find(|f| f.name == name).map_or(&TypeExpr::Json, |f| &f.ty);
            let ty = if stream == Some(name.as_str()) { &TypeExpr::Boolean } else { ty };
            let value = form::value_of(self.api, ty, &node);
            (name, value)
        });
        typed.collect()
    }

    fn members(&mut self, place: &str, fields: &[&Field], object: Map<String, Value>, stream: Option<&str>) {
        let mut known = object.clone();
        if let Some(value) =
            stream.filter(|name| fields.iter().all(|f| f.name != **name)).and_then(|s| known.shift_remove(s))
            && !value.is_boolean()
            && !value.is_null()
        {
            self.report(&join(place, stream.unwrap_or_default()), "must be true or false");
        }
        self.checker.members(fields, &known, place, &mut self.done.violations);
        self.done.args.extend(object);
    }

    fn body(&mut self, head: &Head, body: &Bytes) {
        let query: Vec<_> = self.query_fields().iter().map(|f| f.name.clone()).collect();
        let op = self.op;
        let in_body = |f: &&Field| !query.contains(&f.name) && !op.header_params.contains_key(&f.name);
        let fields: Vec<_> = self.fields.iter().copied().filter(in_body).collect();
        let content_type = head.header("content-type").unwrap_or_default().to_owned();
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let stream = op.stream.as_ref().and_then(|s| s.param.as_deref());
        match &op.body {
            None => {
                if !body.is_empty() {
                    self.report("body", format!("must be empty, has {} bytes", body.len()));
                }
            }
            Some(Body::Kind(want)) if want == "multipart" => match parts_of(head, body) {
                None => self.report("header.content-type", format!("must be multipart/form-data, is {kind:?}")),
                Some(Err(why)) => self.report("body", why),
                Some(Ok(parts)) => {
                    for (name, want) in &op.part_types {
                        for part in parts.iter().filter(|p| p.name == *name && p.content_type.as_ref() != Some(want)) {
                            self.report(&join("body", name), format!("must be {want}, is {:?}", part.content_type));
                        }
                    }
                    let leaf = |(i, part): (usize, &Part)| {
                        let is_json = part.content_type.as_deref() == Some("application/json");
                        let leaf = match serde_json::from_slice(&part.data) {
                            Ok(value) if is_json => Leaf::Json(value),
                            _ if part.filename.is_some() => Leaf::File(i),
                            _ => Leaf::Text(String::from_utf8_lossy(&part.data).into_owned()),
                        };
                        (part.name.clone(), leaf)
                    };
                    let object = self.tree("body", parts.iter().enumerate().map(leaf), &fields, stream);
                    self.done.parts = parts;
                    self.members("body", &fields, object, stream);
                }
            },
            Some(Body::Kind(_)) => self.json_body(&kind, body, &fields, stream),
            Some(Body::Raw { raw }) => {
                if kind != raw.content_type {
                    self.report("header.content-type", format!("must be {}, is {kind:?}", raw.content_type));
                }
                if body.is_empty() {
                    self.report("body", "must not be empty");
                }
                self.done.args.insert(raw.field.clone(), String::from_utf8_lossy(body).into());
            }
        }
    }

    fn json_body(&mut self, kind: &str, body: &Bytes, fields: &[&Field], stream: Option<&str>) {
        if body.is_empty() {
            // Where nothing is required, no body says the same as `{}`.
            self.members("body", fields, Map::new(), stream);
            return;
        }
        if kind != "application/json" {
            self.report("header.content-type", format!("must be application/json, is {kind:?}"));
        }
        let value = match serde_json::from_slice::<Value>(body) {
            Ok(value) => value,
            Err(e) => return self.report("body", format!("is not JSON: {e}")),
        };
        match (value, self.op.params.as_deref().map(|name| (name, self.api.type_def(name)))) {
            (Value::Object(object), Some((_, Some(TypeDef::Struct(_)))) | None) => {
                self.members("body", fields, object, stream);
            }
            (value, Some((name, Some(TypeDef::Union(_))))) => {
                let mut known = value.clone();
                if let (Some(map), Some(name)) = (known.as_object_mut(), stream) {
                    map.shift_remove(name);
                }
                let found = self.checker.check(&TypeExpr::Named(name.to_owned()), &known, "body");
                self.done.violations.extend(found);
                self.done.args.extend(value.as_object().cloned().unwrap_or_default());
            }
            _ => self.report("body", "must be an object"),
        }
    }
}
