//! A struct for each struct of the API, an open enum, an enum with a case for each arm of a union.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::text::{comment, lines, string};
use super::{MAIN, Names, shape, swift_type};
use crate::generate::common::{camel, is_required, member_text, parts};
use crate::generate::output::Files;
use crate::generate::schema::defs::{EnumDef, FieldDef, StructDef, TypeDef, UnionDef};
use crate::generate::schema::expr::Expr;
use crate::generate::schema::{Schema, Type};

/// Lines of a file after which another one begins: the compiler works on files side by side.
const LONGEST_FILE: usize = 1_200;

/// Writes the files of all areas. No two files of a module may have one name, in whatever folders they lie.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let mut areas: BTreeMap<&str, (Vec<String>, Vec<&str>)> = BTreeMap::new();
    for (name, ty) in &schema.types {
        let area = areas.entry(&ty.area).or_default();
        area.0.push(definition(names, name, ty));
        area.1.push(names.ty(name));
    }
    let mut all =
        String::from("\n/// The tables of all types.\nfunc allShapes() -> [Shape] {\n    var all: [Shape] = []\n");
    for (area, (texts, types)) in areas {
        let parts = parts(&texts, LONGEST_FILE);
        let several = parts.len() > 1;
        for (number, body) in (1..).zip(parts) {
            let stem = if several { format!("{area}_{number}") } else { area.to_owned() };
            files.swift(format!("{MAIN}/Types/types_{stem}.swift"), &body);
        }
        let function = format!("{}Shapes", camel(area));
        let _ = writeln!(all, "    {function}(&all)");
        let listed: String = types.iter().map(|ty| format!("    all.append({ty}._shape)\n")).collect();
        let body = format!("\nfunc {function}(_ all: inout [Shape]) {{\n{listed}}}\n");
        files.swift(format!("{MAIN}/Types/types_{area}_shapes.swift"), &body);
    }
    all.push_str("    return all\n}\n");
    files.swift(format!("{MAIN}/Types/all_shapes.swift"), &all);
}

fn definition(names: &Names, name: &str, ty: &Type) -> String {
    let mut out = String::new();
    let mut text = ty.text();
    if ty.def.deprecated() {
        text.push_str("\n\nDeprecated by the vendor.");
    }
    comment(&mut out, 0, &text);
    match &ty.def {
        TypeDef::Struct(def) => structure(&mut out, names, name, ty, def),
        TypeDef::Enum(def) => enumeration(&mut out, names, name, ty, def),
        TypeDef::Union(def) => union(&mut out, names, name, ty, def),
    }
    out
}

fn structure(out: &mut String, names: &Names, name: &str, ty: &Type, def: &StructDef) {
    let swift = names.ty(name);
    let shown: Vec<&FieldDef> = def.fields.iter().filter(|field| !ty.hidden.contains(&field.name)).collect();
    let table: Vec<String> = shown.iter().map(|field| row(names, field)).collect();
    let table = if table.is_empty() { "\"\"".to_owned() } else { lines(8, &table) };
    let _ = writeln!(
        out,
        "public struct {swift}: APIObject {{\n    public var json: JSONObject\n    public init(json: JSONObject) {{ self.json = json }}\n    \
         public static let _shape = Shape({}, {table})",
        string(swift),
    );
    if ty.sent {
        let constants = shown.iter().filter(|field| field.required).filter_map(|f| Some((*f, f.constant.as_ref()?)));
        let mut arguments: Vec<String> = Vec::new();
        let mut body = String::from("        json = JSONObject()\n");
        for (field, constant) in constants {
            let _ = writeln!(body, "        json.add(constant: {}, {})", string(&field.name), literal(constant));
        }
        for (field, expr) in members(ty, def, true).chain(members(ty, def, false)) {
            let (member, ty) = (names.of(name, &field.name), swift_type(names, expr));
            let end = if is_required(field) { "" } else { "? = nil" };
            arguments.push(format!("        {member}: {ty}{end}"));
            let _ = writeln!(body, "        json.add({}, {member})", string(&field.name));
        }
        out.push_str("\n    /// An object of these members; `nil` leaves one out.\n");
        if arguments.is_empty() {
            let _ = writeln!(out, "    public init() {{\n{body}    }}");
        } else {
            let _ = writeln!(out, "    public init(\n{}\n    ) {{\n{body}    }}", arguments.join(",\n"));
        }
    }
    for (field, expr) in members(ty, def, true).chain(members(ty, def, false)) {
        out.push('\n');
        comment(out, 4, &member_text(name, ty, field));
        let (how, end) = if is_required(field) { ("req", "") } else { ("opt", "?") };
        let wire = string(&field.name);
        let _ = writeln!(
            out,
            "    public var {}: {}{end} {{ get {{ json.{how}({wire}) }} set {{ json.put({wire}, newValue) }} }}",
            names.of(name, &field.name),
            swift_type(names, expr),
        );
    }
    out.push_str("}\n");
}

/// Members that are no constants, with their types: those that are required, or the others.
pub fn members<'a>(ty: &'a Type, def: &'a StructDef, required: bool) -> impl Iterator<Item = (&'a FieldDef, &'a Expr)> {
    let shown = def.fields.iter().filter(|field| !ty.hidden.contains(&field.name));
    let typed = shown.filter_map(|field| Some((field, field.ty.as_ref()?)));
    typed.filter(move |(field, _)| is_required(field) == required)
}

/// A member in the table.
fn row(names: &Names, field: &FieldDef) -> String {
    match (&field.constant, &field.ty) {
        (Some(constant), _) => format!("{}{}:{constant}", if field.required { '=' } else { '~' }, field.name),
        (None, ty) => {
            let shape = ty.as_ref().map_or("j".to_owned(), |ty| shape(names, ty));
            format!("{}{}:{shape}", if is_required(field) { '!' } else { '?' }, field.name)
        }
    }
}

/// A constant as a literal of `JSON`.
fn literal(constant: &serde_json::Value) -> String {
    match constant {
        serde_json::Value::String(text) => string(text),
        serde_json::Value::Null => "nil".to_owned(),
        other => other.to_string(),
    }
}

fn enumeration(out: &mut String, names: &Names, name: &str, ty: &Type, def: &EnumDef) {
    let swift = names.ty(name);
    let _ = writeln!(
        out,
        "public struct {swift}: APIEnum {{\n    public let rawValue: String\n    \
         public init(rawValue: String) {{ self.rawValue = rawValue }}\n    public static let _shape = Shape({}, texts: {})",
        string(swift),
        lines(8, &def.values),
    );
    for value in &def.values {
        out.push('\n');
        comment(out, 4, &ty.member_text(value).map_or_else(|| format!("`{value}`"), str::to_owned));
        let member = names.of(name, value);
        let _ = writeln!(out, "    public static var {member}: {swift} {{ {swift}(rawValue: {}) }}", string(value));
    }
    out.push_str("}\n");
}

fn union(out: &mut String, names: &Names, name: &str, ty: &Type, def: &UnionDef) {
    let swift = names.ty(name);
    let _ = writeln!(out, "public enum {swift}: APIUnion {{");
    for arm in &def.arms {
        comment(out, 4, ty.member_text(&arm.name).unwrap_or(&format!("{} of the union.", arm.ty)));
        let _ = writeln!(out, "    case {}({})", names.of(name, &arm.name), swift_type(names, &arm.ty));
    }
    out.push_str("    /// What belongs to no arm, as it came.\n    case unknown(JSON)\n");
    let arms: Vec<String> =
        def.arms.iter().map(|arm| format!("{}={}", arm.tags.join(","), shape(names, &arm.ty))).collect();
    let _ = writeln!(
        out,
        "\n    public static let _shape = Shape({}, tag: {}, arms: {})\n\n    public init(json: JSON) {{\n        \
         switch Self._shape.pick(json) {{",
        string(swift),
        string(def.tag.as_deref().unwrap_or_default()),
        lines(8, &arms),
    );
    for (index, arm) in def.arms.iter().enumerate() {
        let (case, ty) = (names.of(name, &arm.name), swift_type(names, &arm.ty));
        let _ =
            writeln!(out, "        case {index}: if let value = {ty}._read(json) {{ self = .{case}(value); return }}");
    }
    out.push_str("        default: break\n        }\n        self = .unknown(json)\n    }\n\n    public var json: JSON {\n        switch self {\n");
    for arm in &def.arms {
        let _ = writeln!(out, "        case .{}(let value): return value._json()", names.of(name, &arm.name));
    }
    out.push_str("        case .unknown(let value): return value\n        }\n    }\n}\n");
}
