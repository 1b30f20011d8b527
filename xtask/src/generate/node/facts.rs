//! `api/node/` and `api/names/node_extras.json`: the interface of the official package, as data.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::generate::Problems;

/// The module that the client's class stands in.
pub const CLIENT: &str = "/client";

/// Everything known about the package.
#[derive(Debug, Default)]
pub struct Facts {
    /// Modules below `resources` by name, and [`CLIENT`].
    pub modules: BTreeMap<String, Module>,
    /// What was decided by hand.
    pub extras: Extras,
    /// Types of the description by namespace and name.
    pub names: BTreeMap<String, BTreeMap<String, String>>,
}

/// A module.
#[derive(Debug, Default)]
pub struct Module {
    /// Its types by dotted name, in their order.
    pub types: Vec<(String, Definition)>,
    /// Its resource.
    pub resource: Option<Resource>,
    /// What it offers of other modules.
    pub exports: Vec<(String, Offered)>,
    /// Classes that are no resource.
    pub classes_by_hand: Vec<String>,
    /// Whether all of it is written by hand.
    pub by_hand: bool,
}

/// Names of another module.
#[derive(Debug)]
pub enum Offered {
    /// Each of them.
    All,
    /// Only these.
    These(Vec<Offer>),
}

/// A name that is offered: of a type, or of a value, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Under this name.
    pub name: String,
    /// Module that defines it, where it is another one.
    pub module: Option<String>,
    /// Its name there.
    pub source: String,
    /// Whether it is a value, too.
    pub value: bool,
}

/// A type.
#[derive(Debug)]
pub struct Definition {
    /// Type parameters.
    pub generics: Option<String>,
    /// What it is.
    pub body: Body,
}

/// What a type is.
#[derive(Debug)]
pub enum Body {
    /// Another name for a type.
    Alias(String),
    /// An object: types that it extends, members with their types.
    Interface(Vec<String>, Vec<(String, String)>),
}

/// A resource's class.
#[derive(Debug)]
pub struct Resource {
    /// Its name.
    pub class: String,
    /// Resources below: member, module, class.
    pub below: Vec<(String, String, String)>,
    /// What its namespace offers.
    pub offers: Vec<Offer>,
    /// Methods with their signatures, one for each overload.
    pub methods: Vec<(String, Vec<Signature>)>,
}

/// A signature.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Type parameters.
    #[serde(default)]
    pub generics: Option<String>,
    /// Parameters as `name?: type`.
    pub parameters: Vec<String>,
    /// Type of the result.
    pub returns: String,
}

/// `api/names/node_extras.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extras {
    /// Why each section is there.
    #[serde(default)]
    pub why: BTreeMap<String, String>,
    /// Helper methods: resource path to method to the subject (a module of `lib/lib/helpers`) that has its function.
    #[serde(default)]
    pub helpers: BTreeMap<String, BTreeMap<String, String>>,
    /// Methods that the documents do not tie to an operation.
    #[serde(default)]
    pub operations: BTreeMap<String, String>,
    /// Methods of ours: resource path to method to its signature and operation.
    #[serde(default)]
    pub more: BTreeMap<String, BTreeMap<String, More>>,
    /// Modules and classes that are written by hand: official name to ours below `lib`; empty where there is none yet.
    #[serde(default)]
    pub by_hand: BTreeMap<String, String>,
}

/// A method that the official package does not have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct More {
    /// What it calls.
    pub operation: String,
    /// Its signature.
    pub signature: Signature,
    /// Path parameters that stand in its params object.
    #[serde(default)]
    pub path_in_params: Vec<String>,
}

impl Facts {
    /// Reads everything; without `api/node` there is nothing to generate.
    pub fn load(api: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut facts = Self::default();
        for (path, file) in read_dir::<TypesFile>(&api.join("node/types"), &mut problems) {
            for (name, types) in file.modules {
                let name = name.split('#').next().unwrap_or(&name).to_owned();
                let module = facts.modules.entry(name.clone()).or_default();
                for (leaf, value) in types.as_object().into_iter().flatten() {
                    match definition(value) {
                        Ok(definition) => module.types.push((leaf.clone(), definition)),
                        Err(why) => problems.add(format!("{path}: {name}.{leaf}"), why),
                    }
                }
            }
        }
        for (path, file) in read_dir::<ResourcesFile>(&api.join("node/resources"), &mut problems) {
            for (name, value) in file.resources {
                if let Err(why) = facts.modules.entry(name.clone()).or_default().resource(&value) {
                    problems.add(format!("{path}: {name}"), why);
                }
            }
        }
        if facts.modules.is_empty() {
            return problems.or(facts);
        }
        let read = |name: &str, problems: &mut Problems| read_file::<Value>(&api.join("names").join(name), problems);
        facts.names = read("node.json", &mut problems)
            .and_then(|mut value| serde_json::from_value(value["names"].take()).ok())
            .unwrap_or_default();
        if let Some(extras) = read_file(&api.join("names/node_extras.json"), &mut problems) {
            facts.extras = extras;
        }
        facts.check(&mut problems);
        facts.leave_out();
        problems.or(facts)
    }

    /// Signatures and types that name a module of the runtime which is not there yet do not come out.
    fn leave_out(&mut self) {
        let missing = self.extras.by_hand.iter().filter(|(name, ours)| name.starts_with('/') && ours.is_empty());
        let marks: Vec<String> = missing.map(|(name, _)| format!("@{name}:")).collect();
        let named = |text: &str| marks.iter().any(|mark| text.contains(mark.as_str()));
        for module in self.modules.values_mut() {
            let mut gone = Vec::new();
            module.types.retain_mut(|(name, definition)| {
                let stays = match &mut definition.body {
                    Body::Alias(text) => !named(text),
                    Body::Interface(bases, fields) => {
                        fields.retain(|(_, ty)| !named(ty));
                        !bases.iter().any(|base| named(base))
                    }
                };
                if !stays {
                    gone.push(name.clone());
                }
                stays
            });
            let Some(resource) = &mut module.resource else { continue };
            for (_, signatures) in &mut resource.methods {
                signatures.retain(|one| !named(&one.returns) && !one.parameters.iter().any(|text| named(text)));
            }
            resource.methods.retain(|(_, signatures)| !signatures.is_empty());
            resource.offers.retain(|offer| offer.module.is_some() || !gone.contains(&offer.source));
        }
    }

    fn check(&self, problems: &mut Problems) {
        let extras = &self.extras;
        let sections = [
            ("helpers", extras.helpers.is_empty()),
            ("operations", extras.operations.is_empty()),
            ("more", extras.more.is_empty()),
            ("by_hand", extras.by_hand.is_empty()),
        ];
        for (section, _) in sections.into_iter().filter(|(_, empty)| !empty) {
            if extras.why.get(section).is_none_or(|why| why.trim().is_empty()) {
                problems.add("api/names/node_extras.json", format!("`{section}` has no reason under `why`"));
            }
        }
        for (name, module) in &self.modules {
            let classes = module.classes_by_hand.iter().map(|class| format!("{name}:{class}"));
            for wanted in classes.chain(module.by_hand.then(|| name.clone())) {
                if !extras.by_hand.contains_key(&wanted) {
                    problems
                        .add("api/names/node_extras.json", format!("`by_hand` does not say what becomes of {wanted}"));
                }
            }
        }
    }

    /// Whether a module comes out: it is generated, or there is one by hand.
    pub fn comes_out(&self, name: &str) -> bool {
        self.modules.get(name).is_some_and(|module| !module.by_hand)
            || self.extras.by_hand.get(name).is_some_and(|ours| !ours.is_empty())
    }

    /// Resources with their path, and the namespace that their class is.
    pub fn tree(&self) -> Vec<(String, String, &str)> {
        let mut found = Vec::new();
        self.below(CLIENT, "", "OpenAI", &mut found);
        found
    }

    fn below<'a>(&'a self, module: &'a str, path: &str, space: &str, found: &mut Vec<(String, String, &'a str)>) {
        found.push((path.to_owned(), space.to_owned(), module));
        let resource = self.modules.get(module).and_then(|module| module.resource.as_ref());
        for (member, module, class) in resource.into_iter().flat_map(|resource| &resource.below) {
            let path = if path.is_empty() { member.clone() } else { format!("{path}.{member}") };
            self.below(module, &path, &format!("{space}.{class}"), found);
        }
    }
}

impl Module {
    fn resource(&mut self, value: &Value) -> Result<(), String> {
        self.by_hand = value["by_hand"] == true;
        self.classes_by_hand = texts(&value["classes_by_hand"]);
        for pair in value["exports"].as_array().into_iter().flatten() {
            let from = pair[0].as_str().ok_or("an export without a module")?.to_owned();
            let names = match &pair[1] {
                Value::String(_) => Offered::All,
                list => Offered::These(texts(list).iter().map(|text| Offer::read(text)).collect()),
            };
            self.exports.push((from, names));
        }
        let Some(class) = value["class"].as_str() else { return Ok(()) };
        let below = value["below"].as_object().into_iter().flatten().map(|(member, target)| {
            let target = target.as_str().unwrap_or_default();
            let (module, class) = target.split_once(':').ok_or_else(|| format!("`{target}` names no module"))?;
            Ok((member.clone(), module.to_owned(), class.to_owned()))
        });
        let methods = value["methods"].as_object().into_iter().flatten().map(|(name, list)| {
            let list = serde_json::from_value(list.clone()).map_err(|why| format!("{name}: {why}"))?;
            Ok((name.clone(), list))
        });
        self.resource = Some(Resource {
            class: class.to_owned(),
            below: below.collect::<Result<_, String>>()?,
            offers: texts(&value["offers"]).iter().map(|text| Offer::read(text)).collect(),
            methods: methods.collect::<Result<_, String>>()?,
        });
        Ok(())
    }
}

impl Offer {
    /// `Name`, `module:Name`, `Exported=module:Name`; a value has `+` in front.
    fn read(text: &str) -> Self {
        let (text, value) = text.strip_prefix('+').map_or((text, false), |text| (text, true));
        let (name, target) = text.split_once('=').map_or((None, text), |(name, target)| (Some(name), target));
        let (module, source) = target.split_once(':').map_or((None, target), |(module, name)| (Some(module), name));
        Self {
            name: name.unwrap_or(source).to_owned(),
            module: module.map(str::to_owned),
            source: source.to_owned(),
            value,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TypesFile {
    modules: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourcesFile {
    resources: Map<String, Value>,
}

fn read_dir<T: DeserializeOwned>(dir: &Path, problems: &mut Problems) -> Vec<(String, T)> {
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    // `beta_2` continues `beta`, `beta_10` comes after `beta_9`.
    paths.sort_by_key(|path| {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let part = stem.rsplit_once('_').and_then(|(base, part)| Some((base.to_owned(), part.parse::<u32>().ok()?)));
        part.unwrap_or((stem, 1))
    });
    paths.iter().filter_map(|path| Some((path.display().to_string(), read_file(path, problems)?))).collect()
}

fn read_file<T: DeserializeOwned>(path: &Path, problems: &mut Problems) -> Option<T> {
    let read = fs::read_to_string(path).map_err(|error| error.to_string());
    let value = read.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
    value.map_err(|why| problems.add(path.display(), format!("cannot be read: {why}"))).ok()
}

fn definition(value: &Value) -> Result<Definition, String> {
    let generics = value["generics"].as_str().map(str::to_owned);
    if let Some(alias) = value["alias"].as_str() {
        return Ok(Definition { generics, body: Body::Alias(alias.to_owned()) });
    }
    let fields = value["fields"].as_object().ok_or("neither `alias` nor `fields`")?;
    let fields = fields.iter().map(|(name, ty)| (name.clone(), ty.as_str().unwrap_or("unknown").to_owned())).collect();
    Ok(Definition { generics, body: Body::Interface(texts(&value["bases"]), fields) })
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
