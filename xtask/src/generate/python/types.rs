//! `python/threadline/types/`: a module for each official one.

use std::collections::BTreeSet;

use super::facts::{Class, Definition, Facts, Field, Module};
use super::layout::{Doc, docstring, line, string};
use super::packages;
use super::render::Annotations;
use super::ty::Ty;
use crate::generate::output::Files;
use crate::generate::schema::docs::facts as limits;
use crate::generate::schema::expr::Expr;
use crate::generate::schema::{Schema, Type};

/// Where the Python package stands.
pub const PACKAGE: &str = "bindings-python/python/threadline";

/// Words that no member of a class statement can be called.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Writes all modules.
pub fn generate(schema: &Schema, facts: &Facts, files: &mut Files) {
    for (name, module) in &facts.modules {
        let path = name.replace('.', "/");
        match module {
            Module::Package(names) => {
                let names = names.iter().filter_map(|(name, target)| {
                    Some((name.clone(), target.rsplit_once('.').map(|(module, _)| module.to_owned())?))
                });
                let below =
                    |other: &&String| packages::join(name, other.rsplit('.').next().unwrap_or(other)) == ***other;
                let modules: Vec<String> = facts
                    .modules
                    .keys()
                    .filter(|other| !other.is_empty() && below(other))
                    .map(|other| other.rsplit('.').next().unwrap_or(other).to_owned())
                    .collect();
                let text = if name.is_empty() { "Types of the API.".to_owned() } else { format!("Types of `{name}`.") };
                let body = packages::body(&text, ("threadline.types", name), &names.collect(), &modules);
                let path = if path.is_empty() { path } else { format!("{path}/") };
                files.python(format!("{PACKAGE}/types/{path}__init__.py"), &body);
            }
            Module::File(definitions, by_hand) => {
                let body = Writer::new(schema, facts, name).module(definitions, by_hand);
                files.python(format!("{PACKAGE}/types/{path}.py"), &body);
            }
        }
    }
}

struct Writer<'a> {
    schema: &'a Schema,
    facts: &'a Facts,
    module: &'a str,
    annotations: Annotations<'a>,
    /// Whether an alias stands last, which needs less of a gap behind it.
    after_alias: bool,
    out: String,
}

impl<'a> Writer<'a> {
    fn new(schema: &'a Schema, facts: &'a Facts, module: &'a str) -> Self {
        Self {
            schema,
            facts,
            module,
            annotations: Annotations::new(facts, module),
            after_alias: true,
            out: String::new(),
        }
    }

    fn module(mut self, definitions: &'a [(String, Definition)], by_hand: &[String]) -> String {
        self.annotations.lazy = lazy(self.module, definitions);
        for (name, definition) in definitions {
            match definition {
                Definition::Alias(ty) => self.alias(name, ty),
                Definition::Model(class) => self.model(name, class),
                Definition::Params(class) => self.params(name, class),
            }
        }
        self.lazy_aliases(definitions);
        let mut head = String::from("\nfrom __future__ import annotations\n\n");
        if let Some(home) = self.facts.extras.by_hand.get(self.module).filter(|_| !by_hand.is_empty()) {
            for name in by_hand {
                self.annotations.imports().add(home, &format!("{name} as {name}"));
            }
        }
        let imports = self.annotations.imports().write();
        head.push_str(&imports);
        if !imports.is_empty() {
            head.push('\n');
        }
        let names = definitions.iter().map(|(name, _)| name).chain(by_hand).map(|name| string(name));
        line(&mut head, 0, "__all__ = ", &Doc::filled("[", names, "]"), "");
        format!("{}\n", (head + &self.out).trim_end())
    }

    /// So many empty lines, whatever stands last.
    fn gap(&mut self, lines: usize) {
        let length = self.out.trim_end().len();
        self.out.truncate(length);
        self.out.push_str(&"\n".repeat(if length == 0 { lines } else { lines + 1 }));
    }

    fn alias(&mut self, name: &str, ty: &Ty) {
        self.annotations.shadowed.clear();
        self.annotations.imports().add("typing", "TypeAlias");
        let doc = self.annotations.doc(ty);
        let after_alias = self.after_alias;
        self.gap(if after_alias { 1 } else { 2 });
        self.after_alias = true;
        let lazy = self.annotations.lazy.contains(name);
        if lazy {
            self.annotations.imports().add("typing", "TYPE_CHECKING");
            self.out.push_str("if TYPE_CHECKING:\n");
        }
        let indent = if lazy { 4 } else { 0 };
        line(&mut self.out, indent, &format!("{name}: TypeAlias = "), &doc, "");
        if let Some(ty) = core_type(self.schema, self.facts, self.module, name) {
            docstring(&mut self.out, indent, &ty.text());
        }
    }

    /// Unions of other modules' types, made when they are asked for: a reply of this module does not load them all.
    fn lazy_aliases(&mut self, definitions: &[(String, Definition)]) {
        let mut items = Vec::new();
        for (name, definition) in definitions {
            if let Definition::Alias(ty) = definition
                && self.annotations.lazy.contains(name)
            {
                let doc = self.annotations.doc(ty);
                items.push(Doc::Sequence(vec![Doc::Text(format!("{}: lambda: ", string(name))), doc]));
            }
        }
        if !items.is_empty() {
            self.gap(2);
            self.out.push_str("if not TYPE_CHECKING:\n    from threadline._lazy import aliases\n\n");
            let map = Doc::brackets("{", items, "}");
            let call = Doc::brackets("aliases(", vec![Doc::Text("__name__".to_owned()), map], ")");
            line(&mut self.out, 4, "__getattr__ = ", &call, "");
        }
    }

    fn head(&mut self, name: &str, bases: &[String], text: &Option<&'a Type>) {
        self.gap(2);
        self.after_alias = false;
        self.out.push_str(&format!("class {name}({}):\n", bases.join(", ")));
        if let Some(ty) = text {
            docstring(&mut self.out, 4, &ty.text());
        }
    }

    fn model(&mut self, name: &str, class: &'a Class) {
        let facts = self.facts;
        let all = facts.fields(class);
        self.annotations.shadowed = all.iter().map(|field| field.name.clone()).collect();
        let mut bases: Vec<String> = Vec::new();
        if let Some((module, mixin)) =
            facts.extras.type_mixins.get(&format!("{}.{name}", self.module)).and_then(|path| path.rsplit_once('.'))
        {
            self.annotations.imports().add(module, mixin);
            bases.push(mixin.to_owned());
        }
        bases.extend(class.bases.iter().map(|base| self.annotations.reference(base)));
        if class.bases.is_empty() {
            self.annotations.imports().add("threadline._models", "BaseModel");
            bases.push("BaseModel".to_owned());
        }
        let text = core_type(self.schema, facts, self.module, name);
        self.head(name, &bases, &text);
        let mut lead = String::new();
        if class.fields.iter().any(|field| field.name != field.wire) {
            let pairs = all.iter().filter(|field| field.name != field.wire);
            let pairs = pairs.map(|field| format!("{}: {}", string(&field.name), string(&field.wire)));
            line(&mut lead, 4, "_wire_names = ", &Doc::filled("{", pairs, "}"), "");
        }
        if name.starts_with("Test") {
            lead.push_str("    __test__ = False  # pytest would take it for a test\n");
        }
        if text.is_some() && !(lead.is_empty() && class.fields.is_empty()) {
            self.out.push('\n');
        }
        if !lead.is_empty() && !class.fields.is_empty() {
            lead.push('\n');
        }
        self.out.push_str(&lead);
        for (at, field) in class.fields.iter().enumerate() {
            let default = if field.optional { " = None" } else { "" };
            let doc = self.annotations.doc(&field.ty);
            self.member(at, field, &doc, default, text);
        }
        if class.open {
            self.annotations.imports().add("typing", "TYPE_CHECKING");
            self.gap(1);
            self.out.push_str(
                "    if TYPE_CHECKING:\n        # Members that nobody declared.\n        \
                 def __getattr__(self, attr: str) -> object: ...\n",
            );
        }
        if text.is_none() && class.fields.is_empty() && lead.is_empty() && !class.open {
            self.out.push_str("    pass\n");
        }
    }

    fn params(&mut self, name: &str, class: &'a Class) {
        self.annotations.shadowed = class.fields.iter().map(|field| field.name.clone()).collect();
        let (keywords, fields): (Vec<&Field>, Vec<&Field>) =
            class.fields.iter().partition(|field| KEYWORDS.contains(&field.name.as_str()));
        let mut bases: Vec<String> = class.bases.iter().map(|base| self.annotations.reference(base)).collect();
        if !keywords.is_empty() {
            self.annotations.imports().add("typing_extensions", "TypedDict");
            let reserved = format!("_{name}ReservedKeywords");
            let items: Vec<Doc> = keywords
                .iter()
                .map(|field| {
                    let ty = self.annotations.doc(&field.ty).flat();
                    Doc::Text(format!("{}: {ty}", string(&field.name)))
                })
                .collect();
            let map = Doc::Brackets { head: "{".to_owned(), items, tail: "}", fill: true };
            let call = Doc::brackets("TypedDict(", vec![Doc::Text(string(&reserved)), map, total()], ")");
            self.gap(2);
            line(&mut self.out, 0, &format!("{reserved} = "), &call, "");
            bases.push(reserved);
        }
        if bases.is_empty() {
            self.annotations.imports().add("typing_extensions", "TypedDict");
            bases.push("TypedDict".to_owned());
        }
        bases.push("total=False".to_owned());
        let text = core_type(self.schema, self.facts, self.module, name);
        self.head(name, &bases, &text);
        if text.is_some() && !fields.is_empty() {
            self.out.push('\n');
        }
        if text.is_none() && fields.is_empty() {
            self.out.push_str("    pass\n");
        }
        for (at, field) in fields.into_iter().enumerate() {
            let mut doc = self.annotations.doc(&field.ty);
            if field.name != field.wire {
                self.annotations.imports().add("typing", "Annotated");
                self.annotations.imports().add("threadline._utils", "PropertyInfo");
                let info = Doc::Text(format!("PropertyInfo(alias={})", string(&field.wire)));
                doc = Doc::brackets("Annotated[", vec![doc, info], "]");
            }
            if !field.optional {
                self.annotations.imports().add("typing_extensions", "Required");
                doc = Doc::brackets("Required[", vec![doc], "]");
            }
            self.member(at, field, &doc, "", text);
        }
    }

    fn member(&mut self, at: usize, field: &Field, doc: &Doc, default: &str, owner: Option<&Type>) {
        let text = owner.and_then(|ty| member_text(ty, &field.wire));
        if at > 0 && text.is_some() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
        line(&mut self.out, 4, &format!("{}: ", field.name), doc, default);
        if let Some(text) = text {
            docstring(&mut self.out, 4, &text);
            self.out.push('\n');
        }
    }
}

/// Aliases that need other modules, in a module of response classes.
fn lazy(module: &str, definitions: &[(String, Definition)]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if !definitions.iter().any(|(_, definition)| matches!(definition, Definition::Model(_))) {
        return found;
    }
    for (name, definition) in definitions {
        let Definition::Alias(ty) = definition else { continue };
        let mut elsewhere = false;
        ty.names(&mut |full| {
            let (of, leaf) = full.rsplit_once('.').unwrap_or(("", full));
            elsewhere |= of != module || found.contains(leaf);
        });
        if elsewhere {
            found.insert(name.clone());
        }
    }
    found
}

fn total() -> Doc {
    Doc::Text("total=False".to_owned())
}

/// The type of the description that an official name means.
pub fn core_type<'a>(schema: &'a Schema, facts: &Facts, module: &str, name: &str) -> Option<&'a Type> {
    match facts.core.get(&format!("{module}.{name}"))? {
        Expr::Named(core) => schema.get(core),
        _ => None,
    }
}

/// What is known about a member: our words, limits, and whether it is deprecated.
fn member_text(ty: &Type, wire: &str) -> Option<String> {
    let mut text = ty.member_text(wire).unwrap_or_default().to_owned();
    if let Some(field) = ty.def.structure().and_then(|def| def.fields.iter().find(|field| field.name == wire)) {
        if let Some(limits) = limits(field, &text) {
            text = format!("{text} {limits}").trim().to_owned();
        }
        if field.deprecated && !text.to_lowercase().contains("deprecated") {
            text = format!("{text} Deprecated by the vendor.").trim().to_owned();
        }
    }
    (!text.is_empty()).then_some(text)
}
