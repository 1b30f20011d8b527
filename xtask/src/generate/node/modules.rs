//! Modules: what is put into which file, and the imports at its head.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Body, CLIENT, Facts, Module, Offered};
use super::layout::names;
use super::refs::{Expressions, Refs, relative};
use super::resources::{Class, Source, export};
use super::types::{Chunk, Texts, chunks};
use super::{Calls, PACKAGE};
use crate::generate::output::{Files, LONGEST};
use crate::generate::schema::Schema;

/// Lines that a file may have before its types go on in the next one; the rest is for its imports.
const ROOM: usize = LONGEST - 200;

/// Writes all modules.
pub fn generate(schema: &Schema, facts: &Facts, calls: &Calls<'_>, files: &mut Files) {
    let tree = facts.tree();
    let texts = Texts::new(schema, facts, &tree);
    let paths: BTreeMap<&str, &str> = tree.iter().map(|(path, _, module)| (*module, path.as_str())).collect();
    for (name, module) in &facts.modules {
        let file = |part: usize| match (name.as_str(), part) {
            (CLIENT, _) => format!("{PACKAGE}/client.ts"),
            (_, 0) => format!("{PACKAGE}/resources/{name}.ts"),
            (_, part) => format!("{PACKAGE}/resources/{name}_{}.ts", part + 1),
        };
        if module.by_hand {
            if let Some(ours) = facts.extras.by_hand.get(name).filter(|ours| !ours.is_empty()) {
                let mut out = String::new();
                export(&mut out, &[], &relative(name, &format!("/{ours}")));
                files.typescript(file(0), &out);
            }
            continue;
        }
        let expressions = Expressions::new(name, expressions_of(module), modules_of(module));
        let source = module.resource.as_ref().map(|resource| {
            let path = paths.get(name.as_str()).copied().unwrap_or_default();
            Class { facts, calls, name, module, path, expressions: &expressions }.write(resource)
        });
        let writer = Writer { facts, name, module, expressions: &expressions };
        let parts = parts(chunks(&texts, name, module, &expressions), source.as_ref());
        for part in 0..parts.len() {
            files.typescript(file(part), &writer.file(&parts, part, source.as_ref()));
        }
    }
}

fn expressions_of(module: &Module) -> impl Iterator<Item = &str> {
    let types = module.types.iter().flat_map(|(_, definition)| {
        let generics = definition.generics.as_deref();
        let body: Vec<&str> = match &definition.body {
            Body::Alias(alias) => vec![alias],
            Body::Interface(bases, fields) => {
                bases.iter().map(String::as_str).chain(fields.iter().map(|(_, ty)| ty.as_str())).collect()
            }
        };
        generics.into_iter().chain(body)
    });
    let methods = module.resource.iter().flat_map(|resource| &resource.methods).flat_map(|(_, list)| list);
    let methods = methods.flat_map(|one| {
        let texts = one.parameters.iter().chain(&one.generics).chain(std::iter::once(&one.returns));
        texts.map(String::as_str)
    });
    types.chain(methods)
}

/// Modules that a resource's class and its namespace name.
fn modules_of(module: &Module) -> impl Iterator<Item = &str> {
    let resources = module.resource.iter();
    resources.flat_map(|resource| {
        let offers = resource.offers.iter().filter_map(|one| one.module.as_deref());
        offers.chain(resource.below.iter().map(|(_, module, _)| module.as_str()))
    })
}

/// Types by file: the first has the class, too.
fn parts(chunks: Vec<Chunk>, source: Option<&Source>) -> Vec<Vec<Chunk>> {
    let mut parts = vec![Vec::new()];
    let mut count = source.map_or(0, |source| source.body.lines().count());
    for chunk in chunks {
        let lines = chunk.text.lines().count() + 1;
        if count + lines > ROOM {
            parts.push(Vec::new());
            count = 0;
        }
        count += lines;
        if let Some(last) = parts.last_mut() {
            last.push(chunk);
        }
    }
    parts
}

struct Writer<'a> {
    facts: &'a Facts,
    name: &'a str,
    module: &'a Module,
    expressions: &'a Expressions,
}

impl Writer<'_> {
    fn file(&self, parts: &[Vec<Chunk>], part: usize, source: Option<&Source>) -> String {
        let source = source.filter(|_| part == 0);
        let mut refs = source.map(|source| source.refs.clone()).unwrap_or_default();
        parts[part].iter().for_each(|chunk| refs.extend(&chunk.refs));
        let mut out = self.imports(&refs, source);
        self.own(parts, part, &refs, &mut out);
        if let Some(source) = source {
            out.push_str(&source.imports);
        }
        if part == 0 {
            self.exports(parts, &mut out);
        }
        let mut pieces: Vec<&str> = source.map(|source| source.body.as_str()).into_iter().collect();
        pieces.extend(parts[part].iter().map(|chunk| chunk.text.as_str()));
        if !out.is_empty() && !pieces.is_empty() {
            out.push('\n');
        }
        out + &pieces.join("\n")
    }

    fn imports(&self, refs: &Refs, source: Option<&Source>) -> String {
        let mut out = String::new();
        let mut named: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let already = |pair: &&(String, String)| source.is_some_and(|source| source.imported.contains(*pair));
        for (module, name) in refs.named.iter().filter(|pair| !already(pair)) {
            let entry = match name.strip_prefix('+') {
                Some(value) => value.to_owned(),
                None if source.is_some_and(|source| source.pages.contains(name)) => name.clone(),
                None => format!("type {name}"),
            };
            named.entry(module).or_default().push(entry);
        }
        if let Some(source) = source {
            let pages = named.entry("/core/pagination").or_default();
            for page in source.pages.iter().filter(|page| !self.module.classes_by_hand.contains(page)) {
                pages.retain(|name| *name != format!("type {page}"));
                if !pages.contains(page) {
                    pages.push(page.clone());
                }
            }
            let base = if self.name == CLIENT { ("/core/client", "Client") } else { ("/core/resource", "APIResource") };
            named.entry(base.0).or_default().push(base.1.to_owned());
        }
        named.retain(|_, names| !names.is_empty());
        for (module, list) in named {
            // What is only a type leaves nothing behind.
            let types = list.iter().all(|name| name.starts_with("type "));
            let list: Vec<String> = match types {
                true => list.iter().map(|name| name.trim_start_matches("type ").to_owned()).collect(),
                false => list,
            };
            let head = if types { "import type " } else { "import " };
            names(&mut out, 0, head, &list, &format!(" from '{}';", relative(self.name, module)));
        }
        for module in &refs.modules {
            let alias = self.expressions.alias(module);
            out.push_str(&format!("import type * as {alias} from '{}';\n", relative(self.name, module)));
        }
        out
    }

    /// Names of this module that stand in another of its files.
    fn own(&self, parts: &[Vec<Chunk>], part: usize, refs: &Refs, out: &mut String) {
        let here: BTreeSet<&str> = parts[part].iter().map(|chunk| chunk.name.as_str()).collect();
        for class in &self.module.classes_by_hand {
            let ours = self.facts.extras.by_hand.get(&format!("{}:{class}", self.name));
            if let Some(ours) = ours.filter(|ours| part == 0 && !ours.is_empty()) {
                let from = relative(self.name, &format!("/{ours}"));
                out.push_str(&format!("import {{ {class} }} from '{from}';\n"));
            }
        }
        for (other, chunks) in parts.iter().enumerate().filter(|(other, _)| *other != part) {
            let wanted: Vec<String> = chunks
                .iter()
                .filter(|chunk| refs.own.contains(&chunk.name) && !here.contains(chunk.name.as_str()))
                .map(|chunk| chunk.name.clone())
                .collect();
            if !wanted.is_empty() {
                names(out, 0, "import type ", &wanted, &format!(" from '{}';", self.part(other)));
            }
        }
    }

    fn part(&self, part: usize) -> String {
        let leaf = self.name.rsplit('/').next().unwrap_or(self.name);
        if part == 0 { format!("./{leaf}.js") } else { format!("./{leaf}_{}.js", part + 1) }
    }

    fn exports(&self, parts: &[Vec<Chunk>], out: &mut String) {
        for class in &self.module.classes_by_hand {
            if self.facts.extras.by_hand.get(&format!("{}:{class}", self.name)).is_some_and(|ours| !ours.is_empty()) {
                out.push_str(&format!("export {{ {class} }};\n"));
            }
        }
        for part in 1..parts.len() {
            out.push_str(&format!("export type * from '{}';\n", self.part(part)));
        }
        for (module, offered) in &self.module.exports {
            let runtime = module.starts_with('/');
            if !runtime && !self.facts.comes_out(module) {
                continue;
            }
            let from = relative(self.name, module);
            match offered {
                Offered::All => export(out, &[], &from),
                Offered::These(offers) => {
                    let list: Vec<String> = offers
                        .iter()
                        .map(|offer| {
                            let kind = if offer.value { "" } else { "type " };
                            let renamed =
                                if offer.name == offer.source { String::new() } else { format!(" as {}", offer.name) };
                            format!("{kind}{}{renamed}", offer.source)
                        })
                        .collect();
                    export(out, &list, &from);
                }
            }
        }
    }
}
