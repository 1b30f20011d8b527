//! `core/src/types/`: one module an area, everything re-exported flat.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::names::FieldName;
use super::text::{doc, string, strings};
use super::{Names, rust_type};
use crate::generate::output::{Files, LONGEST};
use crate::generate::schema::defs::{EnumDef, FieldDef, StructDef, TypeDef, UnionDef};
use crate::generate::schema::docs::facts;
use crate::generate::schema::expr::{Expr, Scalar};
use crate::generate::schema::{Schema, Type};

const DIR: &str = "core/src/types";

/// Writes the modules of all areas and the module that joins them.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let mut areas: BTreeMap<&str, Vec<(&str, &Type)>> = BTreeMap::new();
    for (name, ty) in &schema.types {
        areas.entry(&ty.area).or_default().push((name, ty));
    }
    let mut root = String::from(
        "//! Every type of the API, by area and, since names are unique, all of them here too:\n\
         //! `types::chat::ChatCompletion` and `types::ChatCompletion` are the same.\n\n",
    );
    for area in areas.keys() {
        let _ = writeln!(root, "pub mod {};", super::names::escape(area));
    }
    root.push('\n');
    for (area, types) in &areas {
        let module = super::names::escape(area);
        let _ = writeln!(root, "pub use {module}::{{{}}};", list(names, types));
        write_area(schema, names, area, types, files);
    }
    files.rust(format!("{DIR}/mod.rs"), &root);
}

fn list(names: &Names, types: &[(&str, &Type)]) -> String {
    types.iter().map(|(name, _)| names.ty(name)).collect::<Vec<_>>().join(", ")
}

/// One file an area, or a directory of parts where one file would be too long.
fn write_area(schema: &Schema, names: &Names, area: &str, types: &[(&str, &Type)], files: &mut Files) {
    let texts: Vec<String> = types.iter().map(|(name, ty)| definition(schema, names, name, ty)).collect();
    let mut parts: Vec<std::ops::Range<usize>> = Vec::new();
    let (mut start, mut lines) = (0, 0);
    for (index, text) in texts.iter().enumerate() {
        let length = text.lines().count() + 1;
        if index > start && lines + length > LONGEST - 200 {
            parts.push(start..index);
            (start, lines) = (index, 0);
        }
        lines += length;
    }
    parts.push(start..texts.len());
    let title = format!("//! Types of the area `{area}`.\n\n");
    if let [all] = parts.as_slice() {
        let body = module(names, &types[all.clone()], &texts[all.clone()]);
        files.rust(format!("{DIR}/{area}.rs"), &format!("{title}{body}"));
        return;
    }
    let mut root = title;
    for number in 1..=parts.len() {
        let _ = writeln!(root, "mod part_{number};");
    }
    root.push('\n');
    for (number, range) in (1..).zip(parts) {
        let types = &types[range.clone()];
        let _ = writeln!(root, "pub use part_{number}::{{{}}};", list(names, types));
        let (first, last) = (names.ty(types[0].0), names.ty(types[types.len() - 1].0));
        let title = format!("//! Types of the area `{area}`: `{first}` to `{last}`.\n\n");
        let body = module(names, types, &texts[range]);
        files.rust(format!("{DIR}/{area}/part_{number}.rs"), &format!("{title}{body}"));
    }
    files.rust(format!("{DIR}/{area}/mod.rs"), &root);
}

/// The imports that the definitions need, and the definitions.
fn module(names: &Names, types: &[(&str, &Type)], texts: &[String]) -> String {
    let mut json: BTreeSet<&str> = BTreeSet::new();
    let mut others: BTreeSet<&str> = BTreeSet::new();
    let mut files = false;
    let mut note = |expr: &Expr| {
        let mut inner = expr;
        while let Expr::List(item) | Expr::Map(item) = inner {
            if matches!(inner, Expr::Map(_)) {
                json.insert("Map");
            }
            inner = item;
        }
        match inner {
            Expr::Scalar(Scalar::Json) => drop(json.insert("Json")),
            Expr::Scalar(Scalar::Vector) => drop(json.insert("Vector")),
            Expr::Scalar(Scalar::Secret) => drop(json.insert("Secret")),
            Expr::Scalar(Scalar::File) => files = true,
            Expr::Named(name) if !types.iter().any(|(own, _)| own == name) => drop(others.insert(names.ty(name))),
            _ => {}
        }
    };
    for (_, ty) in types {
        match &ty.def {
            TypeDef::Struct(def) => {
                let shown = def.fields.iter().filter(|field| !ty.hidden.contains(&field.name));
                shown.filter_map(|field| field.ty.as_ref()).for_each(&mut note);
            }
            TypeDef::Union(def) => def.arms.iter().for_each(|arm| note(&arm.ty)),
            TypeDef::Enum(_) => {}
        }
    }
    for (_, ty) in types {
        json.insert(macro_of(ty));
    }
    let mut out = format!("use crate::json::{{{}}};\n", json.into_iter().collect::<Vec<_>>().join(", "));
    if files {
        out.push_str("use crate::request::FileInput;\n");
    }
    if !others.is_empty() {
        let _ = writeln!(out, "use crate::types::{{{}}};", others.into_iter().collect::<Vec<_>>().join(", "));
    }
    for text in texts {
        out.push('\n');
        out.push_str(text);
    }
    out
}

fn macro_of(ty: &Type) -> &'static str {
    match &ty.def {
        TypeDef::Struct(_) if ty.sent => "model",
        TypeDef::Struct(_) => "response",
        TypeDef::Enum(_) => "open_enum",
        TypeDef::Union(_) => "union",
    }
}

fn definition(schema: &Schema, names: &Names, name: &str, ty: &Type) -> String {
    let mut out = format!("{}! {{\n", macro_of(ty));
    doc(&mut out, 4, &ty.text());
    if ty.def.deprecated() {
        doc(&mut out, 4, "\nDeprecated by the vendor.");
    }
    match &ty.def {
        TypeDef::Struct(def) => structure(&mut out, names, name, ty, def),
        TypeDef::Enum(def) => enumeration(&mut out, names, name, ty, def),
        TypeDef::Union(def) => union(&mut out, schema, names, name, ty, def),
    }
    out.push_str("}\n");
    out
}

fn structure(out: &mut String, names: &Names, name: &str, ty: &Type, def: &StructDef) {
    let _ = writeln!(out, "    pub struct {} {{", names.ty(name));
    let numbered: Vec<(usize, &FieldDef)> =
        def.fields.iter().filter(|field| !ty.hidden.contains(&field.name)).enumerate().collect();
    let constants: Vec<String> = numbered
        .iter()
        .filter_map(|(bit, field)| {
            let value = field.constant.as_ref()?;
            let literal = value.as_str().map_or_else(|| value.to_string(), string);
            let presence = if field.required { "req" } else { "opt" };
            Some(format!("{bit} {} = {literal} {presence};", string(&field.name)))
        })
        .collect();
    match constants.as_slice() {
        [] => out.push_str("        const {}\n"),
        many => {
            let _ = writeln!(out, "        const {{ {} }}", many.join(" "));
        }
    }
    for required in [true, false] {
        let block = if required { "required" } else { "optional" };
        let chosen: Vec<_> =
            numbered.iter().filter(|(_, field)| field.ty.is_some() && is_required(field) == required).collect();
        if chosen.is_empty() {
            let _ = writeln!(out, "        {block} {{}}");
            continue;
        }
        let _ = writeln!(out, "        {block} {{");
        for (bit, field) in chosen {
            member(out, names, name, ty, *bit, field);
        }
        out.push_str("        }\n");
    }
    out.push_str("    }\n");
}

/// Rust asks for a member in `new` if it must be there and may not be `null`.
fn is_required(field: &FieldDef) -> bool {
    field.required && !field.nullable
}

fn member(out: &mut String, names: &Names, name: &str, ty: &Type, bit: usize, field: &FieldDef) {
    let Some(expr) = &field.ty else { return };
    let mut text = ty.member_text(&field.name).map(str::to_owned).unwrap_or_default();
    if let Some(facts) = facts(field, &text) {
        text = if text.is_empty() { facts } else { format!("{text} {facts}") };
    }
    if field.deprecated && !text.to_lowercase().contains("deprecated") {
        text = format!("{text} Deprecated by the vendor.").trim().to_owned();
    }
    if text.is_empty() {
        text = format!("`{}` of the {}.", field.name, in_words(names.ty(name)));
    }
    doc(out, 12, &text);
    let rust = rust_type(names, expr);
    let FieldName { ident, plain } = names.field(name, &field.name);
    let null = if field.nullable { format!(" null({}_null)", plain.trim_end_matches('_')) } else { String::new() };
    let _ = writeln!(out, "            {bit} {ident}: {rust} = {}{null};", string(&field.name));
}

/// `ChatCompletionChunk` as `chat completion chunk`.
fn in_words(name: &str) -> String {
    super::names::snake(name).replace('_', " ")
}

fn enumeration(out: &mut String, names: &Names, name: &str, ty: &Type, def: &EnumDef) {
    let _ = writeln!(out, "    pub enum {} {{", names.ty(name));
    for value in &def.values {
        if let Some(text) = ty.member_text(value) {
            doc(out, 8, text);
        }
        let _ = writeln!(out, "        {} = {},", names.variant(name, value), string(value));
    }
    out.push_str("    }\n");
}

fn union(out: &mut String, schema: &Schema, names: &Names, name: &str, ty: &Type, def: &UnionDef) {
    let tag = def.tag.as_ref().map(|tag| format!(" tag {}", string(tag))).unwrap_or_default();
    let text = text_arm(schema, def).map(|arm| format!(" text {}", names.variant(name, arm))).unwrap_or_default();
    let _ = writeln!(out, "    pub enum {}{tag}{text} {{", names.ty(name));
    let rust: Vec<String> = def.arms.iter().map(|arm| rust_type(names, &arm.ty)).collect();
    for (arm, rust_name) in def.arms.iter().zip(&rust) {
        if let Some(text) = ty.member_text(&arm.name) {
            doc(out, 8, text);
        }
        let variant = names.variant(name, &arm.name);
        // Where two arms hold the same type, only the arm's name says which is meant.
        let once = rust.iter().filter(|other| *other == rust_name).count() == 1;
        let from = if once { " => from" } else { "" };
        let object = matches!(&arm.ty, Expr::Named(target)
            if schema.get(target).is_some_and(|ty| ty.def.enumeration().is_none()));
        let _ = match (object, arm.tags.as_slice()) {
            (true, []) => writeln!(out, "        {variant}({rust_name}) ={from};"),
            (true, tags) => writeln!(out, "        {variant}({rust_name}) = {}{from};", strings(tags)),
            (false, _) => writeln!(out, "        {variant}: {rust_name}{from};"),
        };
    }
    out.push_str("    }\n");
}

/// The arm that a plain text belongs to, where there is just one: a string or an open enum.
fn text_arm<'a>(schema: &Schema, def: &'a UnionDef) -> Option<&'a str> {
    let is_text = |ty: &Expr| match ty {
        Expr::Scalar(Scalar::String) => true,
        Expr::Named(target) => schema.get(target).is_some_and(|ty| ty.def.enumeration().is_some()),
        _ => false,
    };
    let mut arms = def.arms.iter().filter(|arm| is_text(&arm.ty));
    let first = arms.next()?;
    arms.next().is_none().then_some(first.name.as_str())
}
