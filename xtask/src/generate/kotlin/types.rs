//! `dev.threadline.types`: a data class for each struct, an open enum, a sealed interface for each union.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::text::{kdoc, string};
use super::{MAIN, Names, codec, kotlin_type};
use crate::generate::common::{is_required, member_text, parts};
use crate::generate::output::{Files, LONGEST};
use crate::generate::schema::defs::{EnumDef, FieldDef, StructDef, TypeDef, UnionDef};
use crate::generate::schema::expr::Expr;
use crate::generate::schema::{Schema, Type};

const HEAD: &str = "@file:Suppress(\"RedundantVisibilityModifier\", \"unused\")\n\npackage dev.threadline.types\n\n";

/// What generated code may use, in the order of names.
const IMPORTS: &[(&str, &str)] = &[
    ("FileUpload", "dev.threadline.FileUpload"),
    ("ApiObject", "dev.threadline.json.ApiObject"),
    ("Arms", "dev.threadline.json.Arms"),
    ("EnumCodec", "dev.threadline.json.EnumCodec"),
    ("Extra", "dev.threadline.json.Extra"),
    ("FileCodec", "dev.threadline.json.FileCodec"),
    ("FlagCodec", "dev.threadline.json.FlagCodec"),
    ("IntegerCodec", "dev.threadline.json.IntegerCodec"),
    ("JsonCodec", "dev.threadline.json.JsonCodec"),
    ("JsonWriter", "dev.threadline.json.JsonWriter"),
    ("ListCodec", "dev.threadline.json.ListCodec"),
    ("MapCodec", "dev.threadline.json.MapCodec"),
    ("NullCodec", "dev.threadline.json.NullCodec"),
    ("NumberCodec", "dev.threadline.json.NumberCodec"),
    ("ObjectReader", "dev.threadline.json.ObjectReader"),
    ("Secret", "dev.threadline.json.Secret"),
    ("SecretCodec", "dev.threadline.json.SecretCodec"),
    ("StructCodec", "dev.threadline.json.StructCodec"),
    ("TextCodec", "dev.threadline.json.TextCodec"),
    ("UnionCodec", "dev.threadline.json.UnionCodec"),
    ("Vector", "dev.threadline.json.Vector"),
    ("KSerializer", "kotlinx.serialization.KSerializer"),
    ("Serializable", "kotlinx.serialization.Serializable"),
    ("JsonElement", "kotlinx.serialization.json.JsonElement"),
    ("JsonNull", "kotlinx.serialization.json.JsonNull"),
];

/// Writes the files of all areas.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let mut areas: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, ty) in &schema.types {
        areas.entry(&ty.area).or_default().push(definition(names, name, ty));
    }
    for (area, texts) in areas {
        let parts = parts(&texts, LONGEST - 200);
        let several = parts.len() > 1;
        for (number, body) in (1..).zip(parts) {
            let stem = if several { format!("{area}_{number}") } else { area.to_owned() };
            files.kotlin(format!("{MAIN}/types/{stem}.kt"), &format!("{HEAD}{}{body}", imports(IMPORTS, &body)));
        }
    }
}

/// The imports of what a file uses.
pub fn imports(known: &[(&str, &str)], body: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: std::collections::BTreeSet<&str> = body.split(|c| !is_word(c)).collect();
    let used = known.iter().filter(|(name, _)| words.contains(name));
    used.fold(String::new(), |out, (_, path)| out + &format!("import {path}\n"))
}

fn definition(names: &Names, name: &str, ty: &Type) -> String {
    let mut out = String::new();
    let mut text = ty.text();
    if ty.def.deprecated() {
        text.push_str("\n\nDeprecated by the vendor.");
    }
    kdoc(&mut out, 0, &text);
    let kotlin = names.ty(name);
    let _ = writeln!(out, "@Serializable(with = {kotlin}.Codec::class)");
    match &ty.def {
        TypeDef::Struct(def) => structure(&mut out, names, name, ty, def),
        TypeDef::Enum(def) => enumeration(&mut out, names, name, ty, def),
        TypeDef::Union(def) => union(&mut out, names, name, ty, def),
    }
    out
}

fn structure(out: &mut String, names: &Names, name: &str, ty: &Type, def: &StructDef) {
    let kotlin = names.ty(name);
    let shown: Vec<&FieldDef> = def.fields.iter().filter(|field| !ty.hidden.contains(&field.name)).collect();
    let members = |required: bool| {
        shown
            .iter()
            .filter_map(move |field| Some((*field, field.ty.as_ref()?)))
            .filter(move |(f, _)| is_required(f) == required)
    };
    let _ = writeln!(out, "public data class {kotlin}(");
    for (field, expr) in members(true).chain(members(false)) {
        kdoc(out, 4, &member_text(name, ty, field));
        let end = if is_required(field) { "," } else { "? = null," };
        let _ = writeln!(out, "    public val {}: {}{end}", names.of(name, &field.name), kotlin_type(names, expr));
    }
    let required: Vec<&str> = members(true).map(|(field, _)| field.name.as_str()).collect();
    let constants: Vec<(&FieldDef, String)> =
        shown.iter().filter_map(|field| Some((*field, field.constant.as_ref()?.to_string()))).collect();
    let listed: Vec<String> = constants
        .iter()
        .map(|(field, text)| format!("{}{}={text}", if field.required { "" } else { "?" }, field.name))
        .collect();
    let _ = writeln!(out, "    override val extra: Extra = Extra.NONE,\n) : ApiObject {{");
    let _ = writeln!(
        out,
        "    /** How it is read and written. */\n    public object Codec : StructCodec<{kotlin}>({}, {}, {}) {{",
        string(name),
        string(&required.join(",")),
        string(&listed.join("\n")),
    );
    let _ = writeln!(out, "        override fun read(from: ObjectReader): {kotlin} = {kotlin}(");
    for (field, expr) in members(true).chain(members(false)) {
        let how = if is_required(field) { "req" } else { "opt" };
        let wire = string(&field.name);
        let _ = writeln!(out, "            from.{how}({wire}, {}),", codec(names, expr));
    }
    let fixed = |(field, text): &(&FieldDef, String)| {
        format!("fixed({}, {}, {}); ", string(&field.name), string(text), field.required)
    };
    let fixed: String = constants.iter().map(fixed).collect();
    if fixed.is_empty() {
        out.push_str("            from.rest(),\n        )\n");
    } else {
        let _ = writeln!(out, "            from.run {{ {fixed}rest() }},\n        )");
    }
    let _ = writeln!(
        out,
        "\n        override fun fields(value: {kotlin}, out: JsonWriter) {{\n            val extra = value.extra"
    );
    for (field, text) in &constants {
        let (wire, text) = (string(&field.name), string(text));
        let _ = writeln!(out, "            out.fixed(extra, {wire}, {text}, {})", field.required);
    }
    for (field, expr) in members(true).chain(members(false)) {
        let how = if is_required(field) { "req" } else { "opt" };
        let _ = writeln!(
            out,
            "            out.{how}(extra, {}, value.{}, {})",
            string(&field.name),
            names.of(name, &field.name),
            codec(names, expr)
        );
    }
    let _ = writeln!(out, "        }}\n    }}\n");
    serializer(out, kotlin, "");
    out.push_str("}\n");
}

/// What kotlinx.serialization asks a class for.
fn serializer(out: &mut String, kotlin: &str, before: &str) {
    let _ = writeln!(
        out,
        "    public companion object {{\n{before}        /** For kotlinx.serialization. */\n        \
         public fun serializer(): KSerializer<{kotlin}> = Codec\n    }}"
    );
}

fn enumeration(out: &mut String, names: &Names, name: &str, ty: &Type, def: &EnumDef) {
    let kotlin = names.ty(name);
    let _ = writeln!(
        out,
        "public data class {kotlin}(\n    /** The text, known or not. */\n    public val value: String,\n) {{\n    \
         override fun toString(): String = value\n"
    );
    let known: Vec<String> = def.values.iter().map(|value| string(value)).collect();
    let _ = writeln!(
        out,
        "    /** How it is read and written. */\n    public object Codec : EnumCodec<{kotlin}>({}) {{\n        \
         override val known: Set<String> = setOf({})\n        override fun of(text: String): {kotlin} = {kotlin}(text)\n        \
         override fun text(value: {kotlin}): String = value.value\n    }}\n",
        string(name),
        known.join(", ")
    );
    let mut constants = String::new();
    for value in &def.values {
        let text = ty.member_text(value).map_or_else(|| format!("`{value}`"), str::to_owned);
        kdoc(&mut constants, 8, &text);
        let _ = writeln!(
            constants,
            "        @JvmField public val {}: {kotlin} = {kotlin}({})\n",
            names.of(name, value),
            string(value)
        );
    }
    serializer(out, kotlin, &constants);
    out.push_str("}\n");
}

fn union(out: &mut String, names: &Names, name: &str, ty: &Type, def: &UnionDef) {
    let kotlin = names.ty(name);
    let arms: Vec<&str> = def.arms.iter().map(|arm| names.of(name, &arm.name)).collect();
    // Inside of the interface its arms hide types of the same name.
    let clear = |text: String, expr: &Expr| match expr.name().map(|target| names.ty(target)) {
        Some(target) if arms.contains(&target) => qualified(&text, target),
        _ => text,
    };
    let _ = writeln!(out, "public sealed interface {kotlin} {{");
    for (arm, arm_name) in def.arms.iter().zip(&arms) {
        kdoc(out, 4, ty.member_text(&arm.name).unwrap_or(&format!("{} of the union.", arm.ty)));
        let target = clear(kotlin_type(names, &arm.ty), &arm.ty);
        let _ = writeln!(
            out,
            "    public data class {arm_name}(\n        /** The value. */\n        public val value: {target},\n    ) : {kotlin}\n"
        );
    }
    let _ = writeln!(
        out,
        "    /** What belongs to no arm, as it came. */\n    public data class Unknown(\n        /** The value. */\n        \
         public val json: JsonElement,\n    ) : {kotlin}\n"
    );
    let tag = def.tag.as_ref().map_or("null".to_owned(), |tag| string(tag));
    let _ = writeln!(
        out,
        "    /** How it is read and written. */\n    public object Codec : UnionCodec<{kotlin}>({}, {tag}) {{\n        \
         override fun arms(to: Arms<{kotlin}>) {{",
        string(name)
    );
    for (arm, arm_name) in def.arms.iter().zip(&arms) {
        let codec = clear(codec(names, &arm.ty), &arm.ty);
        let tags: String = arm.tags.iter().map(|tag| format!(", {}", string(tag))).collect();
        let _ = writeln!(out, "            to.add({codec}{tags}) {{ {arm_name}(it) }}");
    }
    let _ = writeln!(
        out,
        "        }}\n\n        override fun unknown(value: JsonElement): {kotlin} = Unknown(value)\n\n        \
         override fun write(value: {kotlin}, out: JsonWriter): Unit = when (value) {{"
    );
    for (arm, arm_name) in def.arms.iter().zip(&arms) {
        let codec = clear(codec(names, &arm.ty), &arm.ty);
        let _ = writeln!(out, "            is {arm_name} -> {codec}.write(value.value, out)");
    }
    let _ = writeln!(out, "            is Unknown -> out.element(value.json)\n        }}\n    }}\n");
    serializer(out, kotlin, "");
    out.push_str("}\n");
}

/// `text` with the package in front of this type.
fn qualified(text: &str, target: &str) -> String {
    text.replace(target, &format!("dev.threadline.types.{target}"))
}
