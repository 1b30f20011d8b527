//! Reads `openapi.json`: component schemas and operations, in the vocabulary of [`super::ir`].
//!
//! Structs are added to the world's list behind those of the package; a component is read once.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ir::{Field, Scalar, Struct, Ty};

/// What one operation of the document sends and receives.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    pub(crate) operation_id: String,
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) deprecated: bool,
    /// Query parameters as fields.
    pub(crate) query: Vec<Field>,
    pub(crate) body: Option<Ty>,
    pub(crate) reply: Option<Ty>,
    pub(crate) event: Option<Ty>,
}

/// Reader of the document.
pub(crate) struct Reader<'a> {
    schemas: &'a Map<String, Value>,
    document: &'a Value,
    structs: &'a mut Vec<Struct>,
    done: BTreeMap<String, (Ty, bool)>,
    open: Vec<String>,
    /// Struct that `$recursiveRef` means.
    anchor: Option<usize>,
}

const LIMITS: [(&str, &str); 12] = [
    ("minimum", "minimum"),
    ("maximum", "maximum"),
    ("exclusiveMinimum", "exclusive_minimum"),
    ("minLength", "min_length"),
    ("maxLength", "max_length"),
    ("minItems", "min_items"),
    ("min_items", "min_items"),
    ("maxItems", "max_items"),
    ("max_items", "max_items"),
    ("pattern", "pattern"),
    ("format", "format"),
    ("default", "default"),
];

impl<'a> Reader<'a> {
    /// A reader that adds structs to `structs`.
    pub(crate) fn new(document: &'a Value, structs: &'a mut Vec<Struct>) -> Result<Self, String> {
        let schemas = document["components"]["schemas"].as_object().ok_or("openapi.json has no components.schemas")?;
        Ok(Reader { schemas, document, structs, done: BTreeMap::new(), open: Vec::new(), anchor: None })
    }

    /// Every component by name.
    pub(crate) fn components(&mut self) -> Result<BTreeMap<String, Ty>, String> {
        let names: Vec<String> = self.schemas.keys().cloned().collect();
        names.into_iter().map(|name| Ok((name.clone(), self.component(&name)?.0))).collect()
    }

    /// Every operation.
    pub(crate) fn exchanges(&mut self) -> Result<Vec<Exchange>, String> {
        let mut all = Vec::new();
        let paths = self.document["paths"].as_object().ok_or("openapi.json has no paths")?;
        for (path, item) in paths {
            for verb in ["get", "post", "put", "patch", "delete"] {
                let Some(operation) = item.get(verb) else { continue };
                let context = |why| format!("openapi.json, {verb} {path}: {why}");
                all.push(self.exchange(verb, path, item, operation).map_err(context)?);
            }
        }
        Ok(all)
    }

    fn exchange(&mut self, verb: &str, path: &str, item: &Value, operation: &Value) -> Result<Exchange, String> {
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        let mut one = Exchange {
            verb: verb.to_uppercase(),
            path: path.to_owned(),
            deprecated: operation["deprecated"].as_bool().unwrap_or(false),
            ..Exchange::default()
        };
        let lists = [&item["parameters"], &operation["parameters"]];
        for parameter in lists.into_iter().filter_map(Value::as_array).flatten() {
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().unwrap_or_default().trim_end_matches("[]");
            let place = format!("{id}.{name}");
            let required = parameter["required"].as_bool().unwrap_or(false);
            let field = self.field(name, &parameter["schema"], &place, required)?;
            one.query.push(field);
        }
        let content = &operation["requestBody"]["content"];
        let body = ["multipart/form-data", "application/json"].iter().find_map(|kind| content.get(kind));
        if let Some(body) = body {
            one.body = Some(self.ty(&body["schema"], &format!("{id}.body"))?.0);
        }
        for status in ["200", "201"] {
            let content = &operation["responses"][status]["content"];
            if let Some(reply) = content.get("application/json") {
                one.reply = Some(self.ty(&reply["schema"], &format!("{id}.reply"))?.0);
            }
            if let Some(event) = content.get("text/event-stream") {
                one.event = Some(self.ty(&event["schema"], &format!("{id}.event"))?.0);
            }
        }
        one.operation_id = id;
        Ok(one)
    }

    fn component(&mut self, name: &str) -> Result<(Ty, bool), String> {
        if let Some(done) = self.done.get(name) {
            return Ok(done.clone());
        }
        let schema = self.schemas.get(name).ok_or_else(|| format!("no schema is called \"{name}\""))?;
        // A component that contains itself without an object between has no finite spelling here.
        if self.open.iter().any(|open| open == name) {
            return Ok((Ty::Json, false));
        }
        if self.is_object(schema) {
            let at = self.structs.len();
            self.structs.push(Struct { key: name.to_owned(), ..Struct::default() });
            self.done.insert(name.to_owned(), (Ty::Ref(at), false));
            let outer = self.anchor;
            if schema["$recursiveAnchor"] == true {
                self.anchor = Some(at);
            }
            let fields = self.fields(schema, name)?;
            self.anchor = outer;
            self.structs[at].fields = fields;
            return Ok((Ty::Ref(at), schema["nullable"] == true));
        }
        self.open.push(name.to_owned());
        let read = self.ty(schema, name)?;
        self.open.pop();
        self.done.insert(name.to_owned(), read.clone());
        Ok(read)
    }

    fn ty(&mut self, schema: &Value, place: &str) -> Result<(Ty, bool), String> {
        let (ty, nullable) = self.bare(schema, place)?;
        Ok((ty, nullable || schema["nullable"] == true))
    }

    fn bare(&mut self, schema: &Value, place: &str) -> Result<(Ty, bool), String> {
        if let (Some(_), Some(at)) = (schema.get("$recursiveRef"), self.anchor) {
            return Ok((Ty::Ref(at), false));
        }
        if let Some(target) = schema["$ref"].as_str() {
            return self.component(target.rsplit('/').next().unwrap_or(target));
        }
        if self.is_object(schema) {
            let at = self.structs.len();
            self.structs.push(Struct { key: place.to_owned(), ..Struct::default() });
            let fields = self.fields(schema, place)?;
            self.structs[at].fields = fields;
            return Ok((Ty::Ref(at), false));
        }
        for key in ["anyOf", "oneOf"] {
            let Some(arms) = schema[key].as_array() else { continue };
            let mut types = Vec::new();
            for (at, arm) in arms.iter().enumerate() {
                let title = arm["title"].as_str().map_or_else(|| at.to_string(), str::to_owned);
                let (arm, nullable) = self.ty(arm, &format!("{place}.{title}"))?;
                types.push(arm);
                if nullable {
                    types.push(Ty::Null);
                }
            }
            return Ok(Ty::union(types));
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return match parts.iter().find(|part| part.get("$ref").is_some() || part.get("type").is_some()) {
                Some(first) => self.ty(first, place),
                None => Ok((Ty::Json, false)),
            };
        }
        if let Some(value) = schema.get("const") {
            return Ok((Scalar::read(value).map_or(Ty::Json, Ty::Const), false));
        }
        if let Some(values) = schema["enum"].as_array() {
            return Ok((enumeration(values), values.contains(&Value::Null)));
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
            Value::String(kind) => vec![kind],
            _ if schema.get("items").is_some() => vec!["array"],
            _ => return Ok((Ty::Json, false)),
        };
        let mut types = Vec::new();
        for kind in kinds {
            types.push(match kind {
                "string" if schema["format"] == "binary" => Ty::File,
                "string" => Ty::String,
                "integer" => Ty::Integer,
                "number" => Ty::Number,
                "boolean" => Ty::Boolean,
                "null" => Ty::Null,
                "array" => Ty::List(Box::new(self.inner(&schema["items"], &format!("{place}.items"))?)),
                _ => match &schema["additionalProperties"] {
                    inside @ Value::Object(_) => Ty::Map(Box::new(self.inner(inside, &format!("{place}.values"))?)),
                    _ => Ty::Map(Box::new(Ty::Json)),
                },
            });
        }
        Ok(Ty::union(types))
    }

    fn inner(&mut self, schema: &Value, place: &str) -> Result<Ty, String> {
        Ok(match self.ty(schema, place)? {
            (Ty::Const(Scalar::Text(text)), _) => Ty::Enum(vec![text]),
            (Ty::Union(mut arms), true) => {
                arms.push(Ty::Null);
                Ty::Union(arms)
            }
            (Ty::Json, _) => Ty::Json,
            (one, true) if one != Ty::Null => Ty::Union(vec![one, Ty::Null]),
            (one, _) => one,
        })
    }

    /// Whether the schema lists members, itself or through an object among several `allOf` parts.
    fn is_object(&self, schema: &Value) -> bool {
        let lists = |schema: &Value| schema["properties"].as_object().is_some_and(|members| !members.is_empty());
        let part_lists = |part: &Value| {
            let target = part["$ref"].as_str().and_then(|target| self.schemas.get(target.rsplit('/').next()?));
            self.is_object(target.unwrap_or(part))
        };
        lists(schema) || schema["allOf"].as_array().is_some_and(|parts| parts.len() > 1 && parts.iter().any(part_lists))
    }

    /// The members of an object schema, those of its `allOf` parts included.
    fn fields(&mut self, schema: &Value, place: &str) -> Result<Vec<Field>, String> {
        let mut fields: Vec<Field> = Vec::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            let target = part["$ref"].as_str().map(|target| target.rsplit('/').next().unwrap_or(target));
            let part = target.and_then(|name| self.schemas.get(name)).unwrap_or(part);
            for field in self.fields(part, place)? {
                fields.retain(|old| old.name != field.name);
                fields.push(field);
            }
        }
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let field = self.field(name, schema, &format!("{place}.{name}"), required.contains(&name.as_str()))?;
            fields.retain(|old| old.name != *name);
            fields.push(field);
        }
        for field in &mut fields {
            field.required |= required.contains(&field.name.as_str());
        }
        Ok(fields)
    }

    fn field(&mut self, name: &str, schema: &Value, place: &str, required: bool) -> Result<Field, String> {
        let (ty, nullable) = self.ty(schema, place)?;
        let mut field = Field::new(name, ty, required, nullable);
        self.limits(schema, &mut field.attrs, 0);
        if schema["deprecated"] == true {
            field.attrs.insert("deprecated".into(), Value::Bool(true));
        }
        Ok(field)
    }

    /// Collects limits from a schema, from what it refers to, and from the arms of a union; two arms that
    /// disagree cancel out.
    fn limits(&self, schema: &Value, into: &mut BTreeMap<String, Value>, depth: usize) {
        for (from, to) in LIMITS {
            match schema.get(from) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) if from == "format" && (text == "binary" || text == "byte") => {}
                // Bounds of 64-bit integers, which JSON numbers cannot say exactly.
                Some(Value::Number(number)) if number.as_f64().is_some_and(|n| n.abs() > 9e15) => {}
                Some(value) => {
                    into.insert(to.to_owned(), value.clone());
                }
            }
        }
        // The older spelling: a flag that makes `minimum` exclusive.
        if into.get("exclusive_minimum") == Some(&Value::Bool(true))
            && let Some(minimum) = into.remove("minimum")
        {
            into.insert("exclusive_minimum".into(), minimum);
        }
        if depth == 4 {
            return;
        }
        let target = schema["$ref"].as_str().and_then(|target| self.schemas.get(target.rsplit('/').next()?));
        if let Some(target) = target {
            self.merge_limits(std::slice::from_ref(target), into, depth);
        }
        for key in ["anyOf", "oneOf", "allOf"] {
            if let Some(arms) = schema[key].as_array() {
                self.merge_limits(arms, into, depth);
            }
        }
    }

    fn merge_limits(&self, arms: &[Value], into: &mut BTreeMap<String, Value>, depth: usize) {
        let mut found: BTreeMap<String, Option<Value>> = BTreeMap::new();
        for arm in arms {
            let mut one = BTreeMap::new();
            self.limits(arm, &mut one, depth + 1);
            for (key, value) in one {
                let slot = found.entry(key).or_insert_with(|| Some(value.clone()));
                if slot.as_ref() != Some(&value) {
                    *slot = None;
                }
            }
        }
        for (key, value) in found {
            if let Some(value) = value {
                into.entry(key).or_insert(value);
            }
        }
    }
}

fn enumeration(values: &[Value]) -> Ty {
    let some: Vec<&Value> = values.iter().filter(|value| !value.is_null()).collect();
    if let [one] = some.as_slice() {
        return Scalar::read(one).map_or(Ty::Json, Ty::Const);
    }
    if let Some(texts) = some.iter().map(|value| value.as_str().map(str::to_owned)).collect() {
        return Ty::Enum(texts);
    }
    let numbers: Option<Vec<i64>> = some.iter().map(|value| value.as_i64()).collect();
    numbers.map_or(Ty::Json, Ty::Integers)
}
