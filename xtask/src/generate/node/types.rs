//! The types of a module: declarations only, our texts as comments.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Body, Definition, Facts, Module};
use super::layout::{comment, line};
use super::refs::{Expressions, Refs};
use crate::generate::schema::docs::facts as limits;
use crate::generate::schema::expr::Expr;
use crate::generate::schema::{Schema, Type};

/// A type with all that stands in its namespace.
#[derive(Debug)]
pub struct Chunk {
    /// Its name.
    pub name: String,
    /// Its source.
    pub text: String,
    /// What that needs from elsewhere.
    pub refs: Refs,
}

/// Texts about types by their official names.
#[derive(Debug)]
pub struct Texts<'a> {
    schema: &'a Schema,
    facts: &'a Facts,
    /// Namespace of a module's names.
    spaces: BTreeMap<&'a str, String>,
}

impl<'a> Texts<'a> {
    /// For the whole package.
    pub fn new(schema: &'a Schema, facts: &'a Facts, tree: &[(String, String, &'a str)]) -> Self {
        let mut spaces: BTreeMap<&str, String> =
            tree.iter().map(|(_, space, module)| (*module, space.clone())).collect();
        for name in facts.modules.keys() {
            spaces.entry(name).or_insert_with(|| "OpenAI".to_owned());
        }
        Self { schema, facts, spaces }
    }

    /// The type of the description that an official name means.
    fn find(&self, module: &str, name: &str) -> Option<&'a Type> {
        let space = self.spaces.get(module)?;
        let (space, leaf) = match name.rsplit_once('.') {
            Some((around, leaf)) => (format!("{space}.{around}"), leaf),
            None => (space.clone(), name),
        };
        let expression = self.facts.names.get(&space)?.get(leaf)?;
        self.schema.get(Expr::parse(expression).ok()?.name().filter(|name| name == expression)?)
    }
}

/// Every type of a module that stands in no other, in their order.
pub fn chunks(texts: &Texts<'_>, name: &str, module: &Module, expressions: &Expressions) -> Vec<Chunk> {
    let mut order: Vec<&str> = Vec::new();
    let mut groups: BTreeMap<&str, Vec<(&str, &Definition)>> = BTreeMap::new();
    for (dotted, definition) in &module.types {
        let top = dotted.split('.').next().unwrap_or(dotted);
        let group = groups.entry(top).or_default();
        if group.is_empty() {
            order.push(top);
        }
        group.push((dotted, definition));
    }
    order
        .into_iter()
        .map(|top| {
            let mut writer = Writer { texts, module: name, expressions, refs: Refs::default(), out: String::new() };
            writer.level(&groups[top], "", 0, &mut Vec::new());
            Chunk { name: top.to_owned(), text: writer.out, refs: writer.refs }
        })
        .collect()
}

struct Writer<'a> {
    texts: &'a Texts<'a>,
    module: &'a str,
    expressions: &'a Expressions,
    refs: Refs,
    out: String,
}

impl Writer<'_> {
    /// Types with this in front of their names, and the namespaces of those that have one.
    fn level<'d>(
        &mut self,
        types: &[(&'d str, &'d Definition)],
        prefix: &str,
        indent: usize,
        around: &mut Vec<BTreeSet<&'d str>>,
    ) {
        let leaf = |dotted: &'d str| dotted[prefix.len()..].split('.').next().unwrap_or(dotted);
        let mut order: Vec<&str> = Vec::new();
        for (dotted, _) in types {
            if !order.contains(&leaf(dotted)) {
                order.push(leaf(dotted));
            }
        }
        for (at, name) in order.into_iter().enumerate() {
            if at > 0 {
                self.out.push('\n');
            }
            let full = format!("{prefix}{name}");
            if let Some((_, definition)) = types.iter().find(|(dotted, _)| *dotted == full) {
                self.definition(&full, name, definition, indent, around);
            }
            let below = format!("{full}.");
            let inside: Vec<(&str, &Definition)> =
                types.iter().filter(|(dotted, _)| dotted.starts_with(&below)).copied().collect();
            if inside.is_empty() {
                continue;
            }
            let pad = " ".repeat(indent);
            self.out.push_str(&format!("\n{pad}export {}namespace {name} {{\n", declare(indent)));
            around
                .push(inside.iter().map(|(dotted, _)| dotted[below.len()..].split('.').next().unwrap_or("")).collect());
            self.level(&inside, &below, indent + 2, around);
            around.pop();
            self.out.push_str(&format!("{pad}}}\n"));
        }
    }

    fn definition(
        &mut self,
        full: &str,
        name: &str,
        definition: &Definition,
        indent: usize,
        around: &[BTreeSet<&str>],
    ) {
        let ty = self.texts.find(self.module, full);
        let mut text = ty.map(Type::text).unwrap_or_default();
        if ty.is_some_and(|ty| ty.def.deprecated()) {
            text.push_str("\n@deprecated");
        }
        if !text.trim().is_empty() {
            comment(&mut self.out, indent, &text);
        }
        let pad = " ".repeat(indent);
        let generics = definition.generics.as_ref().map_or(String::new(), |generics| {
            format!("<{}>", self.expressions.write(generics, around, &mut self.refs))
        });
        match &definition.body {
            Body::Alias(alias) => {
                let alias = self.expressions.write(alias, around, &mut self.refs);
                line(&mut self.out, indent, &format!("export type {name}{generics} = "), &alias, ";");
            }
            Body::Interface(bases, fields) => {
                let bases: Vec<String> =
                    bases.iter().map(|base| self.expressions.write(base, around, &mut self.refs)).collect();
                let extends = if bases.is_empty() { String::new() } else { format!(" extends {}", bases.join(", ")) };
                let head = format!("{pad}export interface {name}{generics}{extends}");
                if fields.is_empty() {
                    self.out.push_str(&format!("{head} {{}}\n"));
                    return;
                }
                self.out.push_str(&format!("{head} {{\n"));
                for (key, expression) in fields {
                    if let Some(text) = ty.and_then(|ty| member_text(ty, key.trim_end_matches('?'))) {
                        comment(&mut self.out, indent + 2, &text);
                    }
                    let expression = self.expressions.write(expression, around, &mut self.refs);
                    line(&mut self.out, indent + 2, &format!("{key}: "), &expression, ";");
                }
                self.out.push_str(&format!("{pad}}}\n"));
            }
        }
    }
}

fn declare(indent: usize) -> &'static str {
    if indent == 0 { "declare " } else { "" }
}

/// What is known about a member: our words, limits, and whether it is deprecated.
fn member_text(ty: &Type, wire: &str) -> Option<String> {
    let mut text = ty.member_text(wire).unwrap_or_default().to_owned();
    if let Some(field) = ty.def.structure().and_then(|def| def.fields.iter().find(|field| field.name == wire)) {
        if let Some(limits) = limits(field, &text) {
            text = format!("{text} {limits}").trim().to_owned();
        }
        if field.deprecated {
            text = format!("{text}\n@deprecated").trim().to_owned();
        }
    }
    (!text.is_empty()).then_some(text)
}
