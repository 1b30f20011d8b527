//! Writes operations and types as files of the description.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::aliases::{leaf, module};
use super::describe::Vocabulary;
use super::ir::{Field, Ty, World};
use super::merge::Catalog;
use super::operations::Operation;
use super::overrides::Overrides;
use super::text::{files, filled, inline, member};
use super::unions;
use super::words::camel;

/// Files stay well below 2,000 lines.
const LINES: usize = 1800;

/// What writing needs to know.
pub(crate) struct Writer<'a> {
    pub(crate) world: &'a World,
    pub(crate) catalog: &'a Catalog,
    pub(crate) vocabulary: &'a Vocabulary<'a>,
    pub(crate) overrides: &'a Overrides,
}

/// Name of the file an official module belongs to: its package, two segments deep where that is large.
pub(crate) fn group(module: &str) -> String {
    let path: Vec<&str> = module.trim_start_matches("openai.types").trim_matches('.').split('.').collect();
    let packages = &path[..path.len() - 1];
    match packages {
        [] => "top".to_owned(),
        [first @ ("beta" | "admin"), second, ..] => format!("{first}_{second}"),
        ["shared" | "shared_params"] => "shared".to_owned(),
        [first, ..] => (*first).to_owned(),
    }
}

impl Writer<'_> {
    /// `operations/*.json`.
    pub(crate) fn operations(&self, all: &[Operation]) -> Result<Vec<(String, String)>, String> {
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for one in all {
            let mut path = one.id.split('.');
            let first = path.next().unwrap_or_default();
            let group =
                if first == "admin" { format!("admin_{}", path.next().unwrap_or_default()) } else { first.to_owned() };
            groups.entry(group).or_default().push(self.operation(one)?);
        }
        let write = |(group, records): (String, Vec<String>)| {
            (format!("operations/{group}.json"), format!("{{\"operations\": [\n{}\n]}}\n", records.join(",\n")))
        };
        Ok(groups.into_iter().map(write).collect())
    }

    fn operation(&self, one: &Operation) -> Result<String, String> {
        let mut facts = one.facts.clone();
        facts.insert("id".into(), json!(one.id));
        facts.insert("verb".into(), json!(one.verb));
        facts.insert("path".into(), json!(one.path));
        if let Some(at) = one.params {
            facts.insert("params".into(), json!(self.expression(&Ty::Ref(self.catalog.of[at]), "", "")?));
        }
        if let Some((style, item)) = &one.page {
            facts.insert(
                "page".into(),
                json!({"style": style, "item": self.expression(item, &result_name(&one.id), "")?}),
            );
        } else {
            let mut reply = Map::new();
            reply.insert("kind".into(), json!(one.reply_kind));
            if let Some(ty) = &one.reply {
                reply.insert("type".into(), json!(self.expression(ty, &result_name(&one.id), "")?));
            }
            facts.insert("reply".into(), Value::Object(reply));
        }
        if let Some((stream, event)) = &one.stream {
            let mut written = Map::new();
            written.extend(stream.get("param").map(|param| ("param".to_owned(), param.clone())));
            written.insert("event".into(), json!(self.expression(event, "", "")?));
            written.extend(["frame", "end"].map(|key| (key.to_owned(), stream[key].clone())));
            written.extend(stream.get("count").map(|count| ("count".to_owned(), count.clone())));
            facts.insert("stream".into(), Value::Object(written));
        }
        let lines: [&[&str]; 10] = [
            &["id", "verb", "path", "operation_id"],
            &["path_params", "params"],
            &["query", "header_params", "defaults"],
            &["body", "part_types"],
            &["reply"],
            &["page"],
            &["stream"],
            &["headers", "auth", "deprecated"],
            &["python"],
            &["node"],
        ];
        let lines: Vec<String> = lines
            .iter()
            .map(|keys| {
                keys.iter().filter_map(|key| Some(member(key, facts.get(*key)?))).collect::<Vec<_>>().join(", ")
            })
            .filter(|line| !line.is_empty())
            .collect();
        Ok(format!("  {{{}}}", lines.join(",\n   ")))
    }

    fn expression(&self, ty: &Ty, leaf: &str, owner: &str) -> Result<String, String> {
        self.vocabulary.expression(ty, leaf, owner).ok_or_else(|| format!("a type has no name: {ty:?}"))
    }

    /// `types/*.json`.
    pub(crate) fn types(&self) -> Result<Vec<(String, String)>, String> {
        let mut groups: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let mut home: BTreeMap<String, String> = BTreeMap::new();
        let mut used = BTreeSet::new();
        let mut faults = Vec::new();
        for (&at, name) in &self.vocabulary.names.groups {
            let place = self.home_of_group(at);
            home.insert(name.clone(), place.clone());
            groups.entry(place).or_default().insert(name.clone(), self.structure(at, name, &mut used)?);
        }
        for (&at, name) in &self.vocabulary.names.aliases {
            let alias = &self.catalog.aliases[at];
            let mut modules: Vec<&str> = alias.names.iter().map(|name| module(name)).collect();
            modules.sort_by_key(|module| (module.contains(".beta."), module.len(), *module));
            let place = group(modules[0]);
            home.insert(name.clone(), place.clone());
            groups
                .entry(place)
                .or_default()
                .insert(name.clone(), collect(self.alternative(name, name, name, &alias.ty), &mut faults));
        }
        for (key, one) in &self.vocabulary.unnamed {
            let name = &self.vocabulary.given[key];
            let place = one.owner().and_then(|owner| home.get(owner)).cloned().unwrap_or_else(|| "shared".into());
            groups
                .entry(place)
                .or_default()
                .insert(name.clone(), collect(self.alternative(name, &one.leaf, one.first(), &one.ty), &mut faults));
        }
        if !faults.is_empty() {
            return Err(faults.join("\n"));
        }
        for (key, _) in self.overrides.entries("fields") {
            if !used.contains(key) {
                return Err(format!("overrides.json, fields: no type has the member {key}"));
            }
        }
        let mut written = Vec::new();
        for (group, types) in groups {
            let entries: Vec<(String, String)> = types.into_iter().collect();
            let files = files("types", &group, &entries, LINES);
            written.extend(files.into_iter().map(|(file, text)| (format!("types/{file}"), text)));
        }
        Ok(written)
    }

    fn home_of_group(&self, at: usize) -> String {
        let names = self.catalog.groups[at].members.iter().flat_map(|at| &self.world.structs[*at].names);
        let mut modules: Vec<&str> = names.map(|name| module(name)).collect();
        modules.sort_by_key(|module| (module.contains(".beta."), module.len(), *module));
        let key = &self.world.structs[self.catalog.groups[at].rep].key;
        match (modules.first(), key.strip_prefix("arguments of ")) {
            (Some(module), _) => group(module),
            (None, Some(operation)) => group(&format!("openai.types.{operation}")),
            (None, None) => "document".to_owned(),
        }
    }

    fn structure(&self, at: usize, name: &str, used: &mut BTreeSet<String>) -> Result<String, String> {
        let mut lines = Vec::new();
        for field in &self.catalog.groups[at].fields {
            let place = format!("{name}.{}", field.name);
            let mut written = self.field(field, name).map_err(|why| format!("{place}: {why}"))?;
            if let Some(entry) = self.overrides.get("fields", &place) {
                for (key, value) in entry.as_object().into_iter().flatten().filter(|(key, _)| *key != "why") {
                    written.insert(key.clone(), value.clone());
                }
                used.insert(place);
            }
            lines.push(format!("\n    {}", inline(&Value::Object(written))));
        }
        Ok(format!("{{\"fields\": [{}]}}", lines.join(",")))
    }

    fn field(&self, field: &Field, owner: &str) -> Result<Map<String, Value>, String> {
        let mut out = Map::new();
        out.insert("name".into(), json!(field.name));
        match &field.ty {
            Ty::Const(value) => out.insert("const".into(), value.json()),
            ty => out.insert("type".into(), json!(self.expression(ty, &camel(&field.name), owner)?)),
        };
        for (key, set) in [("required", field.required), ("nullable", field.nullable)] {
            if set {
                out.insert(key.into(), json!(true));
            }
        }
        if let Ty::Integers(values) = &field.ty {
            out.insert("values".into(), json!(values));
        }
        let keys = [
            "default",
            "minimum",
            "maximum",
            "exclusive_minimum",
            "min_length",
            "max_length",
            "min_items",
            "max_items",
            "pattern",
            "format",
            "deprecated",
        ];
        let constant = matches!(field.ty, Ty::Const(_));
        for key in keys {
            // What a constant's default or format says is already in its value.
            if let Some(value) = field.attrs.get(key).filter(|_| !constant || key == "deprecated") {
                out.insert(key.into(), value.clone());
            }
        }
        Ok(out)
    }

    fn alternative(&self, name: &str, leaf: &str, owner: &str, ty: &Ty) -> Result<String, String> {
        let arms = match ty {
            Ty::Enum(values) => return Ok(format!("{{\"enum\": {}}}", filled(values, name.len()))),
            Ty::Union(arms) => arms,
            other => return Err(format!("{name} is neither enum nor union: {other:?}")),
        };
        let union = unions::build(name, (leaf, owner), arms, self.catalog, self.vocabulary, self.overrides)?;
        let tag = union.tag.map(|tag| format!("{}, ", member("tag", &json!(tag)))).unwrap_or_default();
        let lines: Vec<String> = union
            .arms
            .iter()
            .map(|arm| {
                let mut out = Map::new();
                out.insert("name".into(), json!(arm.name));
                out.insert("type".into(), json!(arm.ty));
                if !arm.tags.is_empty() {
                    out.insert("tags".into(), json!(arm.tags));
                }
                format!("\n    {}", inline(&Value::Object(out)))
            })
            .collect();
        Ok(format!("{{{tag}\"union\": [{}]}}", lines.join(",")))
    }
}

/// The value, or nothing and one more fault to report with the others.
fn collect(made: Result<String, String>, faults: &mut Vec<String>) -> String {
    made.unwrap_or_else(|fault| {
        faults.push(fault);
        String::new()
    })
}

/// Natural name of an operation's result that has no type name: `audio.transcriptions.create` →
/// `TranscriptionCreateResponse`.
pub(crate) fn result_name(id: &str) -> String {
    let (resource, method) = id.rsplit_once('.').unwrap_or(("", id));
    format!("{}{}Response", super::words::singular(&camel(leaf(resource))), camel(method))
}
