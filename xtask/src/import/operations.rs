//! Operations from the packages' method lists, and one arguments struct for each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::arguments::{base_name, merge_variants, names as params_names};
use super::ir::{Field, Struct, Ty, World};
use super::openapi::Exchange;
use super::overrides::Overrides;
use super::words::camel;

/// How an operation streams, and its event.
pub(crate) type Stream = (Map<String, Value>, Ty);

/// One endpoint; what needs a type's name is kept as a type until names exist.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) verb: String,
    pub(crate) path: String,
    /// Keys of the record that need no naming.
    pub(crate) facts: Map<String, Value>,
    /// Struct that holds the arguments.
    pub(crate) params: Option<usize>,
    pub(crate) reply_kind: &'static str,
    pub(crate) reply: Option<Ty>,
    pub(crate) page: Option<(&'static str, Ty)>,
    pub(crate) stream: Option<Stream>,
}

/// The operations, and which typed dicts their arguments structs stand for.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    pub(crate) all: Vec<Operation>,
    pub(crate) absorbed: BTreeMap<usize, usize>,
    /// Arguments struct → names to try for it, best first.
    pub(crate) params_names: BTreeMap<usize, Vec<String>>,
}

/// Verb and path with the placeholders blanked: the same route in every source.
pub(crate) fn route(verb: &str, path: &str) -> (String, String) {
    let mut blank = String::new();
    let mut inside = false;
    for c in path.chars() {
        inside = match c {
            '{' => true,
            '}' => false,
            _ => inside,
        };
        if !inside || c == '{' {
            blank.push(c);
        }
    }
    (verb.to_uppercase(), blank)
}

/// Builds every operation; arguments structs are added to `world`.
pub(crate) fn read(
    world: &mut World,
    python: &Value,
    node: &Value,
    exchanges: &[Exchange],
    overrides: &Overrides,
) -> Result<Operations, String> {
    let node_methods = node_methods(node);
    let mut result = Operations::default();
    let mut ids = BTreeSet::new();
    let mut shared: BTreeMap<(String, String), usize> = BTreeMap::new();
    for method in python["methods"].as_array().into_iter().flatten() {
        *shared.entry(route(text(&method["http"], "verb"), text(&method["http"], "path"))).or_default() += 1;
    }
    let mut routes = BTreeSet::new();
    for method in python["methods"].as_array().ok_or("python-surface.json has no methods")? {
        let Some(verb) = method["http"]["verb"].as_str() else { continue };
        let path = method["http"]["path"].as_str().unwrap_or_default();
        let id = format!("{}.{}", text(method, "resource"), text(method, "name"));
        let key = route(verb, path);
        let exchange = exchanges.iter().find(|one| route(&one.verb, &one.path) == key);
        // Where two methods share a route, Node's is the one of the same name.
        let same = |one: &&(String, &Value)| camel(text(one.1, "name")) == camel(text(method, "name"));
        let node = node_methods.get(&key).filter(|one| shared.get(&key).is_none_or(|count| *count < 2) || same(one));
        let mut builder = Builder { world, result: &mut result, overrides };
        builder.add(&id, method, node, exchange).map_err(|why| format!("operation {id}: {why}"))?;
        routes.insert(key);
        if !ids.insert(id.clone()) {
            return Err(format!("two operations are called {id}"));
        }
    }
    for exchange in exchanges {
        let key = route(&exchange.verb, &exchange.path);
        if routes.contains(&key) {
            continue;
        }
        let operation = only_in_document(&result, exchange, overrides)?;
        result.all.push(operation);
        routes.insert(key);
    }
    for (key, (resource, method)) in &node_methods {
        if !routes.contains(key) {
            return Err(format!(
                "{resource}.{} of node-surface.json has no route in the other sources",
                text(method, "name")
            ));
        }
    }
    Ok(result)
}

/// A route that no package offers: named, and given a reply, by `overrides.json`.
fn only_in_document(known: &Operations, exchange: &Exchange, overrides: &Overrides) -> Result<Operation, String> {
    let name = &exchange.operation_id;
    let entry = overrides.get("operations", name).ok_or_else(|| {
        format!(
            "only openapi.json has {} {} ({name}); give it an \"id\" and a \"like\" in overrides.json, operations",
            exchange.verb, exchange.path
        )
    })?;
    let like = known.all.iter().find(|one| Some(one.id.as_str()) == entry["like"].as_str());
    let like = like.ok_or_else(|| format!("overrides.json, operations.{name}: \"like\" names no operation"))?;
    if like.params.is_some() {
        return Err(format!("overrides.json, operations.{name}: \"like\" must be an operation without arguments"));
    }
    let mut facts = like.facts.clone();
    facts.insert("operation_id".into(), json!(name));
    let names: Vec<&str> = exchange.path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
    facts.insert("path_params".into(), json!(names));
    facts.shift_remove("node");
    facts.shift_remove("deprecated");
    Ok(Operation {
        id: entry["id"].as_str().unwrap_or(name).to_owned(),
        verb: exchange.verb.clone(),
        path: exchange.path.clone(),
        facts,
        params: None,
        reply_kind: like.reply_kind,
        reply: like.reply.clone(),
        page: None,
        stream: None,
    })
}

type NodeMethods<'a> = BTreeMap<(String, String), (String, &'a Value)>;

fn node_methods(node: &Value) -> NodeMethods<'_> {
    let mut all = BTreeMap::new();
    for resource in node["resources"].as_array().into_iter().flatten() {
        for method in resource["methods"].as_array().into_iter().flatten() {
            if let (Some(verb), Some(path)) = (method["http"].as_str(), method["path"].as_str()) {
                all.insert(route(verb, path), (text(resource, "resource").to_owned(), method));
            }
        }
    }
    all
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

struct Builder<'a> {
    world: &'a mut World,
    result: &'a mut Operations,
    overrides: &'a Overrides,
}

impl Builder<'_> {
    fn add(
        &mut self,
        id: &str,
        method: &Value,
        node: Option<&(String, &Value)>,
        exchange: Option<&Exchange>,
    ) -> Result<(), String> {
        let mut facts = Map::new();
        let mut put = |key: &str, value: Value| {
            if !(value.is_null() || value == false || value == json!([]) || value == json!({}) || value == "") {
                facts.insert(key.to_owned(), value);
            }
        };
        put("operation_id", method["operation_id"].clone());
        put("path_params", method["path_params"].clone());
        let mut query = texts(&method["query_params"]);
        let path_params = texts(&method["path_params"]);
        let theirs = exchange.map_or(&[][..], |exchange| &exchange.query);
        query.extend(theirs.iter().map(|field| field.name.as_str()).filter(|name| !path_params.contains(name)));
        let mut seen = BTreeSet::new();
        query.retain(|name| seen.insert(*name));
        put("query", json!(query));
        let header_params = texts(&method["header_params"]);
        put("header_params", header_params.iter().map(|name| ((*name).to_owned(), header_name(name))).collect());
        if let Some(entry) = self.overrides.get("defaults", id) {
            put("defaults", entry["defaults"].clone());
        }
        let special = self.overrides.get("operations", id);
        put("body", special.and_then(|entry| entry.get("body")).cloned().unwrap_or_else(|| body_kind(method)));
        put("part_types", special.map_or(Value::Null, |entry| entry["part_types"].clone()));
        let headers = method["headers"].as_object().into_iter().flatten().filter(|(name, value)| {
            *name != "Content-Type" && !value.as_str().is_some_and(|text| text.starts_with('<'))
        });
        put("headers", headers.map(|(name, value)| (name.clone(), value.clone())).collect());
        let admin = texts(&method["security"]) == ["admin_api_key_auth"];
        put("auth", json!(if admin { "admin" } else { "key" }));
        let deprecated = method["deprecated"] == true || exchange.is_some_and(|one| one.deprecated);
        put("deprecated", json!(deprecated));
        let positional = &method["positional_params"];
        put("python", if *positional == json!([]) { Value::Null } else { json!({"positional": positional}) });
        put("node", node.map_or(Value::Null, |(resource, method)| node_facts(resource, method)));

        let params = self.params(id, method, node, theirs.is_empty())?;
        let page = self.page(method)?;
        let stream = self.stream(id, method)?;
        // A list's result is the page; the method list repeats the item there.
        let (reply_kind, reply) = if page.is_some() { ("json", None) } else { self.reply(method, stream.as_ref())? };
        self.result.all.push(Operation {
            id: id.to_owned(),
            verb: text(&method["http"], "verb").to_owned(),
            path: text(&method["http"], "path").to_owned(),
            facts,
            params,
            reply_kind,
            reply,
            page,
            stream,
        });
        Ok(())
    }

    /// One struct with every argument that is no path parameter.
    /// What only the document knows is added later; `complete` says that there is no such argument.
    fn params(
        &mut self,
        id: &str,
        method: &Value,
        node: Option<&(String, &Value)>,
        complete: bool,
    ) -> Result<Option<usize>, String> {
        let path_params = texts(&method["path_params"]);
        let (mut fields, mut sources, mut names) = (Vec::new(), BTreeSet::new(), Vec::new());
        for key in ["body_type", "query_type"] {
            let Some(written) = method[key].as_str() else { continue };
            let base = written.trim_end_matches("NonStreaming");
            let mut variants = Vec::new();
            for ending in ["", "Base", "NonStreaming", "Streaming"] {
                let Some(name) = self.locate(text(method, "module"), &format!("{base}{ending}")) else { continue };
                let Some(ty) = self.world.resolve(&name) else { continue };
                // The base class has no member of its own: the variants repeat it.
                let repeats = ending == "Base" && !variants.is_empty();
                ty.refs(&mut |at| {
                    if sources.insert(at) && !repeats {
                        variants.push(at);
                    }
                });
                names.push(name);
            }
            if variants.is_empty() && sources.is_empty() {
                return Err(format!("the {key} \"{written}\" is no known type"));
            }
            let variants: Vec<&Struct> = variants.iter().map(|at| &self.world.structs[*at]).collect();
            for field in merge_variants(&variants) {
                if !path_params.contains(&field.name.as_str())
                    && fields.iter().all(|old: &Field| old.name != field.name)
                {
                    fields.push(field);
                }
            }
        }
        for name in texts(&method["header_params"]) {
            if fields.iter().all(|field| field.name != name) {
                let ty = if name == "betas" { Ty::List(Box::new(Ty::String)) } else { Ty::String };
                fields.push(Field::new(name, ty, false, false));
            }
        }
        let wanted = ["body_params", "query_params"].iter().flat_map(|key| texts(&method[*key]));
        for name in wanted {
            let streams_only = ["output_type", "tool_handlers"].contains(&name);
            if !streams_only && fields.iter().all(|field| field.name != name) {
                return Err(format!("the argument \"{name}\" is in no arguments type"));
            }
        }
        if fields.is_empty() && complete {
            return Ok(None);
        }
        let at = self.world.structs.len();
        for source in sources {
            self.result.absorbed.entry(source).or_insert(at);
        }
        let mut wanted = vec![super::resources::arguments(id, self.overrides)];
        wanted.extend(params_names(method, node, &names));
        self.result.params_names.insert(at, wanted);
        names = names.iter().map(|name| base_name(name).to_owned()).collect();
        names.dedup();
        let request = true;
        self.world.structs.push(Struct { key: format!("arguments of {id}"), fields, names, request });
        Ok(Some(at))
    }

    /// Finds `file.Name` beside the method's module, or beside the packages around it.
    fn locate(&self, module: &str, name: &str) -> Option<String> {
        let module = module.replace("openai.resources", "openai.types");
        let mut parts: Vec<&str> = module.split('.').collect();
        while !parts.is_empty() {
            let qualified = format!("{}.{name}", parts.join("."));
            if self.world.resolve(&qualified).is_some() {
                return Some(qualified);
            }
            parts.pop();
        }
        None
    }

    fn named(&self, value: &Value) -> Result<Option<Ty>, String> {
        let Some((_, place)) = value["where"].as_object().and_then(|table| table.iter().next()) else {
            return Ok(None);
        };
        let place = place.as_str().unwrap_or_default();
        if !place.starts_with("openai.types.") {
            return Ok(None);
        }
        self.world.resolve(place).map(Some).ok_or_else(|| format!("{place} is no known type"))
    }

    fn page(&self, method: &Value) -> Result<Option<(&'static str, Ty)>, String> {
        let Some(page) = method["page"].as_str() else { return Ok(None) };
        let style = match page {
            "SyncCursorPage" => "cursor",
            "SyncConversationCursorPage" => "last_id",
            "SyncTokenPage" => "token",
            "SyncNextCursorPage" => "next",
            "SyncPage" => "single",
            other => return Err(format!("unknown kind of page {other}")),
        };
        Ok(self.named(&method["item"])?.map(|item| (style, item)))
    }

    fn stream(&self, id: &str, method: &Value) -> Result<Option<Stream>, String> {
        if method["streams"] != true {
            return Ok(None);
        }
        let entry =
            self.overrides.get("streams", id).ok_or("it streams: say in overrides.json, streams, how it ends")?;
        let event = match self.named(&method["stream_event"])? {
            Some(event) => event,
            None => {
                let name = entry["event"]
                    .as_str()
                    .ok_or("the stream's event type is in no source; say it in overrides.json")?;
                self.world.resolve(name).ok_or_else(|| format!("overrides.json: {name} is no known type"))?
            }
        };
        let mut stream = Map::new();
        let asked =
            texts(&method["body_params"]).contains(&"stream") || texts(&method["query_params"]).contains(&"stream");
        if asked {
            stream.insert("param".into(), json!("stream"));
        }
        stream.insert("frame".into(), json!(entry["frame"].as_str().unwrap_or("data")));
        stream.insert("end".into(), entry["end"].clone());
        stream.extend(entry.get("count").map(|count| ("count".to_owned(), count.clone())));
        Ok(Some((stream, event)))
    }

    fn reply(&self, method: &Value, stream: Option<&Stream>) -> Result<(&'static str, Option<Ty>), String> {
        if stream.is_some_and(|(stream, _)| !stream.contains_key("param")) {
            return Ok(("events", None));
        }
        let name = text(&method["cast_to"], "name");
        if name.contains("HttpxBinaryResponseContent") {
            return Ok(("binary", None));
        }
        match name {
            "NoneType" => return Ok(("empty", None)),
            "str" => return Ok(("text", None)),
            _ => {}
        }
        if let Some(ty) = self.named(&method["cast_to"])? {
            return Ok(("json", Some(ty)));
        }
        // The reply's form depends on an argument: one of several types, or plain text.
        let mut arms = Vec::new();
        for (name, place) in method["returns"]["where"].as_object().into_iter().flatten() {
            let place = place.as_str().unwrap_or_default();
            if name != "Stream" && !name.ends_with("StreamEvent") && place.starts_with("openai.types.") {
                arms.push(self.world.resolve(place).ok_or_else(|| format!("{place} is no known type"))?);
            }
        }
        if arms.is_empty() {
            return Err(format!("nothing is known about the reply \"{name}\""));
        }
        Ok(("json_or_text", Some(Ty::union(arms).0)))
    }
}

fn header_name(argument: &str) -> Value {
    match argument {
        "betas" => json!("openai-beta"),
        "idempotency_key" => json!("Idempotency-Key"),
        other => json!(other.replace('_', "-")),
    }
}

fn body_kind(method: &Value) -> Value {
    if method["multipart"].is_string() {
        json!("multipart")
    } else if method["body_params"].as_array().is_some_and(|names| !names.is_empty()) {
        json!("json")
    } else {
        Value::Null
    }
}

/// Name of the arguments type in a Node signature, which may be wrapped in unions of options.
pub(crate) fn node_params(method: &Value) -> Option<String> {
    let written = method["params"].as_array()?.iter().find_map(|param| {
        let of = |c: char| !(c.is_alphanumeric() || c == '_');
        param["type"].as_str()?.split(of).find(|word| word.contains("Params"))
    })?;
    Some(written.strip_suffix("Base").unwrap_or(written).to_owned())
}

fn node_facts(resource: &str, method: &Value) -> Value {
    let mut facts = Map::new();
    facts.insert("resource".into(), json!(resource));
    facts.insert("method".into(), method["name"].clone());
    if let Some(params) = node_params(method) {
        facts.insert("params".into(), json!(params));
    }
    if let Some(names) = method.get("path_params_in_params_object") {
        facts.insert("path_in_params".into(), names.clone());
    }
    Value::Object(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_route_has_one_spelling() {
        assert_eq!(route("post", "/a/{threadID}/b"), route("POST", "/a/{thread_id}/b"));
        assert_ne!(route("POST", "/a/{x}"), route("POST", "/a/x"));
    }
}
