//! Annotations: type expressions as Python writes them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::facts::{Facts, Module};
use super::layout::{Doc, string};
use super::ty::Ty;

/// Writes the annotations of one file and keeps what they need imported.
#[derive(Debug)]
pub struct Annotations<'a> {
    facts: &'a Facts,
    /// Module of types that the file is; empty elsewhere.
    module: &'a str,
    /// Builtin names that mean something else where the next annotation stands.
    pub shadowed: BTreeSet<String>,
    /// Whether the runtime's names are those of asynchronous classes.
    pub asynchronous: bool,
    /// Names of the module that are made when they are asked for, so that even the module asks itself.
    pub lazy: BTreeSet<String>,
    imports: Imports,
    /// Imported for type checkers alone: what loads much.
    pub checked: Imports,
}

/// Names to import, by module.
#[derive(Debug, Default)]
pub struct Imports(BTreeMap<String, BTreeSet<String>>);

/// What `from threadline import types as t` stands under.
const TYPES: (&str, &str) = ("threadline", "types as t");

impl<'a> Annotations<'a> {
    /// For a file that is this module of types.
    pub fn new(facts: &'a Facts, module: &'a str) -> Self {
        Self {
            facts,
            module,
            shadowed: BTreeSet::new(),
            asynchronous: false,
            lazy: BTreeSet::new(),
            imports: Imports::default(),
            checked: Imports::default(),
        }
    }

    /// What is to be imported, so far.
    pub fn imports(&mut self) -> &mut Imports {
        &mut self.imports
    }

    /// The annotation of a type.
    pub fn doc(&mut self, ty: &Ty) -> Doc {
        match ty {
            Ty::Scalar(name) => self.scalar(name),
            Ty::Null => Doc::Text("None".to_owned()),
            Ty::Literal(value) => self.literal(&[value]),
            Ty::List(item) => self.generic("typing", "List", item),
            Ty::Iterable(item) => self.generic("typing", "Iterable", item),
            Ty::Sequence(item) => self.generic("threadline._types", "SequenceNotStr", item),
            Ty::Map(item) => {
                self.imports.add("typing", "Dict");
                let items = vec![Doc::Text("str".to_owned()), self.doc(item)];
                Doc::brackets("Dict[", items, "]")
            }
            Ty::Union { tag: None, arms } => self.union(arms),
            Ty::Union { tag: Some(tag), arms } => {
                self.imports.add("typing", "Annotated");
                self.imports.add("threadline._utils", "PropertyInfo");
                let info = Doc::Text(format!("PropertyInfo(discriminator={})", string(tag)));
                let union = self.union(arms);
                Doc::brackets("Annotated[", vec![union, info], "]")
            }
            Ty::Named(name) => Doc::Text(self.reference(name)),
            Ty::Runtime(name, args) => self.runtime(name, args),
        }
    }

    fn generic(&mut self, module: &str, name: &str, item: &Ty) -> Doc {
        self.imports.add(module, name);
        let item = self.doc(item);
        Doc::brackets(format!("{name}["), vec![item], "]")
    }

    fn scalar(&mut self, name: &str) -> Doc {
        let name = match name {
            "string" => "str",
            "integer" => "int",
            "number" => "float",
            "boolean" => "bool",
            "bytes" => "bytes",
            "file" => {
                self.imports.add("threadline._types", "FileTypes");
                "FileTypes"
            }
            _ => "object",
        };
        if self.shadowed.contains(name) {
            self.imports.add("", "builtins");
            return Doc::Text(format!("builtins.{name}"));
        }
        Doc::Text(name.to_owned())
    }

    fn literal(&mut self, values: &[&Value]) -> Doc {
        self.imports.add("typing", "Literal");
        let text = |value: &&Value| match value {
            Value::String(text) => string(text),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            other => other.to_string(),
        };
        Doc::filled("Literal[", values.iter().map(text), "]")
    }

    /// `Optional` where one type may be `None`, else `Union`; values stand together in one `Literal`.
    fn union(&mut self, arms: &[Ty]) -> Doc {
        let values: Vec<&Value> =
            arms.iter().filter_map(|arm| if let Ty::Literal(value) = arm { Some(value) } else { None }).collect();
        let mut docs = Vec::new();
        let mut literals = Some(values).filter(|values| !values.is_empty());
        for arm in arms {
            match arm {
                Ty::Null => {}
                Ty::Literal(_) => docs.extend(literals.take().map(|values| self.literal(&values))),
                other => docs.push(self.doc(other)),
            }
        }
        let null = arms.contains(&Ty::Null);
        if docs.len() == 1 {
            let only = docs.remove(0);
            if null {
                self.imports.add("typing", "Optional");
                return Doc::brackets("Optional[", vec![only], "]");
            }
            return only;
        }
        if null {
            docs.push(Doc::Text("None".to_owned()));
        }
        self.imports.add("typing", "Union");
        Doc::brackets("Union[", docs, "]")
    }

    /// A type by the shortest official name. Those of other modules are looked up when an annotation is evaluated.
    pub fn reference(&mut self, full: &str) -> String {
        let (module, leaf) = full.rsplit_once('.').unwrap_or(("", full));
        if module == self.module && !self.lazy.contains(leaf) {
            return leaf.to_owned();
        }
        self.imports.add(TYPES.0, TYPES.1);
        let package = module.rsplit_once('.').map_or("", |(package, _)| package);
        let exported = matches!(self.facts.modules.get(package), Some(Module::Package(names))
            if names.iter().any(|(name, target)| name == leaf && target == full));
        let place = if exported { package } else { module };
        if place.is_empty() { format!("t.{leaf}") } else { format!("t.{place}.{leaf}") }
    }

    fn runtime(&mut self, name: &str, args: &[Ty]) -> Doc {
        let (module, leaf) = name.rsplit_once('.').unwrap_or(("", name));
        let mut args: Vec<Doc> = args.iter().map(|arg| self.doc(arg)).collect();
        let mut leaf = leaf.to_owned();
        if self.asynchronous && module == "pagination" {
            let page = leaf.replacen("Sync", "Async", 1);
            self.imports.add("threadline.pagination", &page);
            self.imports.add("threadline._base_client", "AsyncPaginator");
            let item = args.first().cloned().unwrap_or(Doc::Text("object".to_owned()));
            return Doc::brackets("AsyncPaginator[", vec![item, Doc::brackets(format!("{page}["), args, "]")], "]");
        }
        if self.asynchronous && module == "_streaming" {
            leaf = format!("Async{leaf}");
        }
        if let Some(full) = name.strip_prefix("types.") {
            leaf = self.reference(full);
        } else if module.starts_with("lib.") || module.starts_with("resources.") {
            self.checked.add(&format!("threadline.{module}"), &leaf);
        } else {
            self.imports.add(&format!("threadline.{module}"), &leaf);
        }
        if args.is_empty() {
            return Doc::Text(leaf);
        }
        Doc::brackets(format!("{leaf}["), std::mem::take(&mut args), "]")
    }
}

impl Imports {
    /// Notes `from module import name`, or `import name` where there is no module.
    pub fn add(&mut self, module: &str, name: &str) {
        self.0.entry(module.to_owned()).or_default().insert(name.to_owned());
    }

    /// The statements: the standard library's, then those of others, then ours.
    pub fn write(&self) -> String {
        let rank = |module: &str| match module.split('.').next() {
            Some("threadline") => 2,
            Some("typing_extensions") => 1,
            _ => 0,
        };
        let mut groups: [String; 3] = Default::default();
        for (module, names) in &self.0 {
            let out = &mut groups[rank(module)];
            if module.is_empty() {
                names.iter().for_each(|name| out.push_str(&format!("import {name}\n")));
                continue;
            }
            let names: Vec<String> = names.iter().cloned().collect();
            out.push_str(&import(0, module, &names));
        }
        groups.into_iter().filter(|group| !group.is_empty()).collect::<Vec<_>>().join("\n")
    }
}

/// `from module import names`, in brackets where it is long.
pub fn import(indent: usize, module: &str, names: &[String]) -> String {
    let pad = " ".repeat(indent);
    let short = format!("{pad}from {module} import {}", names.join(", "));
    if short.chars().count() <= super::layout::WIDTH {
        return short + "\n";
    }
    let doc = Doc::filled(format!("from {module} import ("), names.to_vec(), ")");
    format!("{pad}{}\n", doc.lay(indent, super::layout::WIDTH, 0))
}
