//! `api/python/` and `api/names/python_extras.json`: the interface of the official package, as data.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::ty::Ty;
use crate::generate::Problems;
use crate::generate::schema::expr::Expr;

/// Everything known about the package.
#[derive(Debug, Default)]
pub struct Facts {
    /// Modules below `types` by name; `""` is `types` itself.
    pub modules: BTreeMap<String, Module>,
    /// Resources by path.
    pub resources: BTreeMap<String, Resource>,
    /// What was decided by hand.
    pub extras: Extras,
    /// The description's type for a full name.
    pub core: BTreeMap<String, Expr>,
}

/// A module of types.
#[derive(Debug)]
pub enum Module {
    /// A package: the names it offers, and the definition that each one means.
    Package(Vec<(String, String)>),
    /// A file: its definitions in their order, and names that are written by hand.
    File(Vec<(String, Definition)>, Vec<String>),
}

/// A definition of a module.
#[derive(Debug)]
pub enum Definition {
    /// Another name of a type, or a union, or a set of values.
    Alias(Ty),
    /// A class of replies.
    Model(Class),
    /// A `TypedDict`.
    Params(Class),
}

/// A class.
#[derive(Debug)]
pub struct Class {
    /// Base classes, as full names.
    pub bases: Vec<String>,
    /// Whether members may be read that nobody declared.
    pub open: bool,
    /// Members in their order.
    pub fields: Vec<Field>,
}

/// A member of a class.
#[derive(Debug)]
pub struct Field {
    /// Its name in Python.
    pub name: String,
    /// Its name on the wire.
    pub wire: String,
    /// Whether it may be left out.
    pub optional: bool,
    /// Its type.
    pub ty: Ty,
}

/// A resource.
#[derive(Debug)]
pub struct Resource {
    /// Module below `resources`.
    pub module: String,
    /// Name of the synchronous class.
    pub class: String,
    /// Resources below: attribute, and the class that it holds, as `module.Class`.
    pub below: Vec<(String, String)>,
    /// Methods that `with_raw_response` offers beyond those of operations.
    pub viewed: Vec<String>,
    /// Methods of operations, in their order.
    pub methods: Vec<Method>,
}

/// A method.
#[derive(Debug, Clone)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// Its signature.
    pub signature: Signature,
    /// Signatures for type checkers.
    pub overloads: Vec<Signature>,
    /// Whether a call warns.
    pub deprecated: bool,
    /// Of a method that is no operation's but code: the asynchronous method.
    pub helper: Option<Helper>,
}

/// The asynchronous twin of a method that is code.
#[derive(Debug, Clone)]
pub struct Helper {
    /// Its signature.
    pub signature: Signature,
    /// Signatures for type checkers.
    pub overloads: Vec<Signature>,
    /// Whether it is a coroutine.
    pub asynchronous: bool,
}

/// A signature.
#[derive(Debug, Clone)]
pub struct Signature {
    /// Parameters that may be given by place.
    pub positional: Vec<Parameter>,
    /// The others.
    pub keywords: Vec<Parameter>,
    /// Whether it takes the options of every call.
    pub options: bool,
    /// What comes back.
    pub returns: Ty,
}

/// A parameter.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type, without what stands for a value left out.
    pub ty: Ty,
    /// The default, as Python writes it.
    pub default: Option<String>,
}

/// Decisions about Python that no document makes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Extras {
    /// Resource path → class of ours with further methods; the one of the asynchronous resource has `Async` in front.
    pub mixins: BTreeMap<String, String>,
    /// Type → class of ours with further members.
    pub type_mixins: BTreeMap<String, String>,
    /// Module of types → module of ours that defines what `api/python` lists as written by hand.
    pub by_hand: BTreeMap<String, String>,
    /// Resource path → methods of operations that the mixin writes.
    pub skip: BTreeMap<String, Vec<String>>,
    /// Operation that the official package lacks → the official operation with the same signature.
    pub like: BTreeMap<String, String>,
    /// Method of an operation → parameters that it does not take here.
    pub without: BTreeMap<String, Vec<String>>,
    /// Class of the official runtime → the type that a method gives here instead.
    pub stands_for: BTreeMap<String, String>,
    /// Resource path → methods of its mixin that get the official signature.
    pub helpers: BTreeMap<String, Vec<String>>,
    /// Method → parameters that it takes beyond the official ones, as in `api/python`.
    pub more: BTreeMap<String, Vec<String>>,
    /// Resource path → type of the events of its connections.
    pub connections: BTreeMap<String, String>,
    /// Method → its arguments in the order in which they are sent, where the signature has another.
    pub order: BTreeMap<String, Vec<String>>,
    /// Resource path → module of ours whose names its module offers too.
    pub offers: BTreeMap<String, String>,
    /// Why, by key.
    pub why: BTreeMap<String, String>,
}

impl Facts {
    /// Reads everything. A description without facts about Python is complete: there is no package then.
    pub fn load(api: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut facts = Self::default();
        for (path, file) in read_dir::<ModulesFile>(&api.join("python/types"), &mut problems) {
            for (name, value) in &file.modules {
                match module(name, value) {
                    Ok(module) => drop(facts.modules.insert(name.clone(), module)),
                    Err(why) => problems.add(format!("{path}: {name}"), why),
                }
            }
        }
        for (path, file) in read_dir::<ResourcesFile>(&api.join("python/resources"), &mut problems) {
            for (name, value) in &file.resources {
                match resource(value) {
                    Ok(resource) => drop(facts.resources.insert(name.clone(), resource)),
                    Err(why) => problems.add(format!("{path}: {name}"), why),
                }
            }
        }
        let extras = api.join("names/python_extras.json");
        if extras.exists() {
            facts.extras = read_file(&extras, &mut problems).unwrap_or_default();
        }
        let names = api.join("names/python.json");
        if names.exists() {
            let file: NamesFile = read_file(&names, &mut problems).unwrap_or_default();
            for (module, names) in &file.names {
                let Some(module) = module.strip_prefix("openai.types.") else { continue };
                let named = names.iter().map(|(name, entry)| (format!("{module}.{name}"), entry.ty.clone()));
                facts.core.extend(named);
            }
        }
        facts.settle_signatures(&mut problems);
        facts.borrow_signatures(&mut problems);
        facts.check(&mut problems);
        problems.or(facts)
    }

    /// The definition of this full name.
    pub fn definition(&self, name: &str) -> Option<&Definition> {
        let (module, leaf) = name.rsplit_once('.')?;
        let Module::File(definitions, _) = self.modules.get(module)? else { return None };
        definitions.iter().find(|(known, _)| known == leaf).map(|(_, definition)| definition)
    }

    /// Members of a class with those of its bases.
    pub fn fields<'a>(&'a self, class: &'a Class) -> Vec<&'a Field> {
        let mut fields: Vec<&Field> = Vec::new();
        for base in &class.bases {
            if let Some(Definition::Model(base) | Definition::Params(base)) = self.definition(base) {
                fields.extend(self.fields(base));
            }
        }
        fields.retain(|field| class.fields.iter().all(|own| own.name != field.name));
        fields.extend(&class.fields);
        fields
    }

    /// Whether methods of this operation are the mixin's.
    pub fn skipped(&self, path: &str, method: &str) -> bool {
        self.extras.skip.get(path).is_some_and(|methods| methods.iter().any(|known| known == method))
    }

    /// Takes parameters and classes away that this package does not have.
    fn settle_signatures(&mut self, problems: &mut Problems) {
        let stands: Vec<(&String, Result<Ty, String>)> =
            self.extras.stands_for.iter().map(|(name, ty)| (name, Ty::parse(ty, ""))).collect();
        for (name, ty) in &stands {
            if let Err(why) = ty {
                problems.add(format!("api/names/python_extras.json: stands_for: {name}"), why);
            }
        }
        let settle = |ty: &mut Ty| {
            let found = |ty: &Ty| match ty {
                Ty::Runtime(name, _) => {
                    stands.iter().find(|(known, _)| *known == name).and_then(|(_, ty)| ty.clone().ok())
                }
                _ => None,
            };
            match ty {
                Ty::Union { arms, .. } => arms.iter_mut().for_each(|arm| *arm = found(arm).unwrap_or(arm.clone())),
                other => *other = found(other).unwrap_or(other.clone()),
            }
        };
        for (path, resource) in &mut self.resources {
            for method in &mut resource.methods {
                let without = self.extras.without.get(&format!("{path}.{}", method.name));
                for signature in std::iter::once(&mut method.signature).chain(&mut method.overloads) {
                    settle(&mut signature.returns);
                    signature.keywords.retain(|one| without.is_none_or(|names| !names.contains(&one.name)));
                }
                let id = format!("{path}.{}", method.name);
                let twins = method.helper.iter_mut();
                let twins = twins.flat_map(|twin| std::iter::once(&mut twin.signature).chain(&mut twin.overloads));
                let signatures = std::iter::once(&mut method.signature).chain(&mut method.overloads).chain(twins);
                for signature in signatures {
                    for text in self.extras.more.get(&id).into_iter().flatten() {
                        match parameter(text) {
                            Ok(parameter) => signature.keywords.push(parameter),
                            Err(why) => problems.add(format!("api/names/python_extras.json: more: {id}"), why),
                        }
                    }
                }
            }
        }
    }

    /// Gives operations without an official method the signature of their like.
    fn borrow_signatures(&mut self, problems: &mut Problems) {
        for (id, like) in &self.extras.like {
            let split = |id: &str| id.rsplit_once('.').map(|(path, name)| (path.to_owned(), name.to_owned()));
            let found = split(like).and_then(|(path, name)| {
                self.resources.get(&path)?.methods.iter().find(|method| method.name == name).cloned()
            });
            match (split(id), found) {
                (Some((path, name)), Some(method)) if self.resources.contains_key(&path) => {
                    let methods = self.resources.get_mut(&path).map(|resource| &mut resource.methods);
                    methods
                        .into_iter()
                        .for_each(|methods| methods.push(Method { name: name.clone(), ..method.clone() }));
                }
                _ => {
                    problems.add("api/names/python_extras.json: like", format!("nothing is called `{id}` or `{like}`"))
                }
            }
        }
    }

    /// Names that lead nowhere, and decisions without a reason.
    fn check(&self, problems: &mut Problems) {
        let mut unknown: BTreeSet<String> = BTreeSet::new();
        let mut visit = |name: &str| {
            let by_hand = name.rsplit_once('.').is_some_and(|(module, leaf)| {
                matches!(self.modules.get(module), Some(Module::File(_, hand)) if hand.iter().any(|one| one == leaf))
            });
            if !by_hand && self.definition(name).is_none() {
                unknown.insert(name.to_owned());
            }
        };
        for (module, content) in &self.modules {
            match content {
                Module::Package(names) => names.iter().for_each(|(_, target)| visit(target)),
                Module::File(definitions, by_hand) => {
                    for (_, definition) in definitions {
                        match definition {
                            Definition::Alias(ty) => ty.names(&mut visit),
                            Definition::Model(class) | Definition::Params(class) => {
                                class.bases.iter().for_each(|base| visit(base));
                                class.fields.iter().for_each(|field| field.ty.names(&mut visit));
                            }
                        }
                    }
                    if !by_hand.is_empty() && !self.extras.by_hand.contains_key(module) {
                        problems.add(
                            format!("api/python/types: {module}"),
                            "has names written by hand; say where in api/names/python_extras.json under `by_hand`",
                        );
                    }
                }
            }
        }
        let methods = self.resources.values().flat_map(|resource| &resource.methods);
        for method in methods.filter(|method| method.helper.is_none()) {
            for signature in std::iter::once(&method.signature).chain(&method.overloads) {
                signature.returns.names(&mut visit);
                signature.positional.iter().chain(&signature.keywords).for_each(|one| one.ty.names(&mut visit));
            }
        }
        for (path, names) in &self.extras.helpers {
            for name in names {
                let found = self.resources.get(path).and_then(|one| one.methods.iter().find(|one| one.name == *name));
                if found.is_none_or(|method| method.helper.is_none()) || !self.extras.mixins.contains_key(path) {
                    let place = format!("api/names/python_extras.json: helpers: {path}");
                    problems.add(place, format!("`{name}` is no official helper, or `mixins` has no class for it"));
                }
            }
        }
        for name in unknown {
            problems.add("api/python", format!("nothing defines `{name}`; import the package again"));
        }
        let extras = &self.extras;
        let keys = [&extras.mixins, &extras.type_mixins, &extras.by_hand, &extras.like].map(|map| !map.is_empty());
        let sections = ["mixins", "type_mixins", "by_hand", "like"].into_iter().zip(keys);
        let more = [
            ("skip", !extras.skip.is_empty()),
            ("helpers", !extras.helpers.is_empty()),
            ("more", !extras.more.is_empty()),
            ("without", !extras.without.is_empty()),
            ("stands_for", !extras.stands_for.is_empty()),
        ];
        for (section, _) in sections.chain(more).filter(|(_, used)| *used) {
            if extras.why.get(section).is_none_or(|why| why.trim().is_empty()) {
                problems.add("api/names/python_extras.json", format!("`{section}` has no reason under `why`"));
            }
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModulesFile {
    modules: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourcesFile {
    resources: Map<String, Value>,
}

/// `api/names/python.json`.
#[derive(Debug, Default, Deserialize)]
struct NamesFile {
    names: BTreeMap<String, BTreeMap<String, NameEntry>>,
}

#[derive(Debug, Deserialize)]
struct NameEntry {
    #[serde(rename = "type")]
    ty: Expr,
}

fn read_dir<T: DeserializeOwned>(dir: &Path, problems: &mut Problems) -> Vec<(String, T)> {
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok);
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.iter().filter_map(|path| Some((path.display().to_string(), read_file(path, problems)?))).collect()
}

fn read_file<T: DeserializeOwned>(path: &Path, problems: &mut Problems) -> Option<T> {
    let read = fs::read_to_string(path).map_err(|error| error.to_string());
    let value = read.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
    value.map_err(|why| problems.add(path.display(), format!("cannot be read: {why}"))).ok()
}

fn module(name: &str, value: &Value) -> Result<Module, String> {
    if let Some(names) = value["package"].as_object() {
        let text = |(name, target): (&String, &Value)| Some((name.clone(), target.as_str()?.to_owned()));
        return Ok(Module::Package(names.iter().filter_map(text).collect()));
    }
    let definitions = value["types"].as_object().ok_or("neither `package` nor `types`")?;
    let definitions = definitions
        .iter()
        .map(|(leaf, value)| Ok((leaf.clone(), definition(name, value).map_err(|why| format!("{leaf}: {why}"))?)));
    Ok(Module::File(definitions.collect::<Result<_, String>>()?, texts(&value["by_hand"])))
}

fn definition(module: &str, value: &Value) -> Result<Definition, String> {
    if let Some(alias) = value["alias"].as_str() {
        return Ok(Definition::Alias(Ty::parse(alias, module)?));
    }
    let fields = value["fields"].as_object().ok_or("neither `alias` nor `fields`")?;
    let fields = fields.iter().map(|(key, ty)| {
        let (plain, optional) = key.strip_suffix('?').map_or((key.as_str(), false), |plain| (plain, true));
        let (name, wire) = plain.split_once('=').unwrap_or((plain, plain));
        let ty = Ty::parse(ty.as_str().unwrap_or_default(), module)?;
        Ok(Field { name: name.to_owned(), wire: wire.to_owned(), optional, ty })
    });
    let full = |base: String| if base.contains('.') { base } else { format!("{module}.{base}") };
    let bases = texts(&value["bases"]).into_iter().map(full).collect();
    let class = Class { bases, open: value["open"] == true, fields: fields.collect::<Result<_, String>>()? };
    match value["kind"].as_str() {
        Some("model") => Ok(Definition::Model(class)),
        Some("params") => Ok(Definition::Params(class)),
        other => Err(format!("`kind` is {other:?}; write model or params")),
    }
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn resource(value: &Value) -> Result<Resource, String> {
    let text = |key: &str| value[key].as_str().map(str::to_owned).ok_or_else(|| format!("has no `{key}`"));
    let below = value["below"].as_object().into_iter().flatten();
    let methods = value["methods"].as_object().ok_or("has no `methods`")?;
    let method = |(name, value): (&String, &Value)| -> Result<Method, String> {
        let at = |why: String| format!("{name}: {why}");
        let overloads = |value: &Value| -> Result<Vec<Signature>, String> {
            value["overloads"].as_array().into_iter().flatten().map(signature).collect()
        };
        let helper = |value: &Value| {
            let asynchronous = value["async"] == true;
            Ok(Helper { signature: signature(value)?, overloads: overloads(value)?, asynchronous })
        };
        Ok(Method {
            name: name.clone(),
            signature: signature(value).map_err(at)?,
            overloads: overloads(value).map_err(at)?,
            deprecated: value["deprecated"] == true,
            helper: value.get("helper").map(helper).transpose().map_err(at)?,
        })
    };
    Ok(Resource {
        module: text("module")?,
        class: text("class")?,
        below: below.map(|(name, class)| (name.clone(), class.as_str().unwrap_or_default().to_owned())).collect(),
        viewed: texts(&value["viewed"]),
        methods: methods.iter().map(method).collect::<Result<_, String>>()?,
    })
}

/// Parameters are texts: `name: type = default`; `*` stands where keywords begin, `...` for the options of every call.
fn signature(value: &Value) -> Result<Signature, String> {
    let (mut positional, mut keywords) = (Vec::new(), Vec::new());
    let mut target = &mut positional;
    let mut options = false;
    for text in texts(&value["parameters"]) {
        match text.as_str() {
            "*" => target = &mut keywords,
            "..." => options = true,
            text => target.push(parameter(text)?),
        }
    }
    let returns = Ty::parse(value["returns"].as_str().ok_or("has no `returns`")?, "")?;
    Ok(Signature { positional, keywords, options, returns })
}

fn parameter(text: &str) -> Result<Parameter, String> {
    let (name, rest) = text.split_once(": ").ok_or_else(|| format!("`{text}` has no type"))?;
    let (ty, default) = rest.rsplit_once(" = ").map_or((rest, None), |(ty, default)| (ty, Some(default)));
    Ok(Parameter { name: name.to_owned(), ty: Ty::parse(ty, "")?, default: default.map(str::to_owned) })
}
