//! `dev.threadline.types`: a data class for each struct, an open enum, a sealed interface for each union.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::text::{kdoc, string};
use super::{Names, TYPES, builder, codec, kotlin_type};
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
    ("NullCodec", "dev.threadline.json.NullCodec"),
    ("NumberCodec", "dev.threadline.json.NumberCodec"),
    ("ObjectReader", "dev.threadline.json.ObjectReader"),
    ("Secret", "dev.threadline.json.Secret"),
    ("SecretCodec", "dev.threadline.json.SecretCodec"),
    ("StructCodec", "dev.threadline.json.StructCodec"),
    ("TextCodec", "dev.threadline.json.TextCodec"),
    ("UnionCodec", "dev.threadline.json.UnionCodec"),
    ("Vector", "dev.threadline.json.Vector"),
    ("needed", "dev.threadline.json.needed"),
    ("Serializable", "kotlinx.serialization.Serializable"),
    ("JsonElement", "kotlinx.serialization.json.JsonElement"),
    ("JsonNull", "kotlinx.serialization.json.JsonNull"),
];

/// Writes the files of all areas.
pub fn generate(schema: &Schema, names: &Names, files: &mut Files) {
    let family = Family::new(schema);
    let mut areas: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, ty) in &schema.types {
        areas.entry(&ty.area).or_default().push(definition(names, name, ty, &family));
    }
    for (area, texts) in areas {
        let parts = parts(&texts, LONGEST - 200);
        let several = parts.len() > 1;
        for (number, body) in (1..).zip(parts) {
            let stem = if several { format!("{area}_{number}") } else { area.to_owned() };
            files.kotlin(format!("{TYPES}/{stem}.kt"), &format!("{HEAD}{}{body}", imports(IMPORTS, &body)));
        }
    }
}

/// The imports of what a file uses.
pub fn imports(known: &[(&str, &str)], body: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: BTreeSet<&str> = body.split(|c| !is_word(c)).collect();
    let used = known.iter().filter(|(name, _)| words.contains(name));
    used.fold(String::new(), |out, (_, path)| out + &format!("import {path}\n"))
}

fn definition(names: &Names, name: &str, ty: &Type, family: &Family) -> String {
    let mut out = String::new();
    let mut text = ty.text();
    if ty.def.deprecated() {
        text.push_str("\n\nDeprecated by the vendor.");
    }
    kdoc(&mut out, 0, &text);
    let kotlin = names.ty(name);
    let _ = writeln!(out, "@Serializable(with = {kotlin}.Codec::class)");
    match &ty.def {
        TypeDef::Struct(def) => structure(&mut out, names, name, ty, def, family),
        TypeDef::Enum(def) => enumeration(&mut out, names, name, ty, def, family),
        TypeDef::Union(def) => union(&mut out, names, name, ty, def, family),
    }
    out
}

fn structure(out: &mut String, names: &Names, name: &str, ty: &Type, def: &StructDef, family: &Family) {
    let kotlin = names.ty(name);
    let shown: Vec<&FieldDef> = def.fields.iter().filter(|field| !ty.hidden.contains(&field.name)).collect();
    let members = |required: bool| {
        shown
            .iter()
            .filter_map(move |field| Some((*field, field.ty.as_ref()?)))
            .filter(move |(f, _)| is_required(f) == required)
    };
    let sent = family.is_sent(name);
    // A class without optional members needs no builder: in Java its constructor does.
    let built = sent && members(false).next().is_some();
    let overloads = if sent && !built { " @JvmOverloads constructor" } else { "" };
    let _ = writeln!(out, "public data class {kotlin}{overloads}(");
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
    let _ = writeln!(
        out,
        "    override val extra: Extra = Extra.NONE,\n) : ApiObject{} {{\n    override fun codec(): StructCodec<*> = Codec\n",
        family.unions_of(names, name)
    );
    let _ = writeln!(
        out,
        "    /** How it is read and written. */\n    public companion object Codec : StructCodec<{kotlin}>({}, {}, {}) {{",
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
    out.push_str("        }\n");
    let members: Vec<(&FieldDef, &Expr)> = members(true).chain(members(false)).collect();
    if built {
        builder::factory(out, kotlin);
        out.push_str("    }\n\n");
        builder::class(out, names, name, &members);
    } else {
        out.push_str("    }\n");
    }
    out.push_str("}\n");
}

fn enumeration(out: &mut String, names: &Names, name: &str, ty: &Type, def: &EnumDef, family: &Family) {
    let kotlin = names.ty(name);
    let unions = family.unions_of(names, name).replacen(", ", " : ", 1);
    let _ = writeln!(
        out,
        "public data class {kotlin}(\n    /** The text, known or not. */\n    public val value: String,\n){unions} {{\n    \
         override fun toString(): String = value\n"
    );
    let _ = writeln!(
        out,
        "    /** How it is read and written; its known values. */\n    \
         public companion object Codec : EnumCodec<{kotlin}>({}, {}) {{",
        string(name),
        string(&def.values.join("\n")),
    );
    for value in &def.values {
        let text = ty.member_text(value).map_or_else(|| format!("`{value}`"), str::to_owned);
        kdoc(out, 8, &text);
        let _ = writeln!(
            out,
            "        @JvmField public val {}: {kotlin} = {kotlin}({})\n",
            names.of(name, value),
            string(value)
        );
    }
    let _ = writeln!(out, "        override fun of(text: String): {kotlin} = {kotlin}(text)\n    }}\n}}");
}

fn union(out: &mut String, names: &Names, name: &str, ty: &Type, def: &UnionDef, family: &Family) {
    let kotlin = names.ty(name);
    let own: Vec<&str> =
        def.arms.iter().filter(|arm| named(&arm.ty).is_none()).map(|arm| names.of(name, &arm.name)).collect();
    // Inside of the interface the classes of its own hide types of the same name.
    let clear = |text: String, expr: &Expr| match expr.name().map(|target| names.ty(target)) {
        Some(target) if own.contains(&target) => qualified(&text, target),
        _ => text,
    };
    let _ = writeln!(out, "public sealed interface {kotlin} {{");
    for arm in def.arms.iter().filter(|arm| named(&arm.ty).is_none()) {
        kdoc(out, 4, ty.member_text(&arm.name).unwrap_or(&format!("{} of the union.", arm.ty)));
        let target = clear(kotlin_type(names, &arm.ty), &arm.ty);
        let _ = writeln!(
            out,
            "    public data class {}(\n        /** The value. */\n        public val value: {target},\n    ) : {kotlin}\n",
            names.of(name, &arm.name)
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
        "    /** How it is read and written. */\n    public companion object Codec : UnionCodec<{kotlin}>({}, {tag}) {{\n        \
         override fun arms(to: Arms<{kotlin}>) {{",
        string(name)
    );
    for arm in &def.arms {
        let codec = clear(codec(names, &arm.ty), &arm.ty);
        let tags: String = arm.tags.iter().map(|tag| format!(", {}", string(tag))).collect();
        let wrap = match named(&arm.ty) {
            Some(_) => String::new(),
            None => format!(" {{ {}(it) }}", names.of(name, &arm.name)),
        };
        let _ = writeln!(out, "            to.add({codec}{tags}){wrap}");
    }
    let _ = writeln!(
        out,
        "        }}\n\n        override fun unknown(value: JsonElement): {kotlin} = Unknown(value)\n\n        \
         override fun write(value: {kotlin}, out: JsonWriter): Unit = when (value) {{"
    );
    for arm in &def.arms {
        let codec = clear(codec(names, &arm.ty), &arm.ty);
        match named(&arm.ty) {
            None => {
                let _ =
                    writeln!(out, "            is {} -> {codec}.write(value.value, out)", names.of(name, &arm.name));
            }
            Some(target) if !family.is_struct(target) => {
                let target = clear(names.ty(target).to_owned(), &arm.ty);
                let _ = writeln!(out, "            is {target} -> {codec}.write(value, out)");
            }
            Some(_) => {}
        }
    }
    let structs = def.arms.iter().any(|arm| named(&arm.ty).is_some_and(|target| family.is_struct(target)));
    out.push_str("            is Unknown -> out.element(value.json)\n");
    if structs {
        out.push_str("            is ApiObject -> out.anyObject(value)\n");
    }
    out.push_str("        }\n    }\n}\n");
}

/// The type of the description that an expression is, where it is one.
fn named(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Named(name) => Some(name),
        _ => None,
    }
}

/// `text` with the package in front of this type.
fn qualified(text: &str, target: &str) -> String {
    text.replace(target, &format!("dev.threadline.types.{target}"))
}

/// What types are to each other.
struct Family {
    /// The unions that a type is an arm of.
    unions: BTreeMap<String, BTreeSet<String>>,
    structs: BTreeSet<String>,
    sent: BTreeSet<String>,
}

impl Family {
    fn new(schema: &Schema) -> Self {
        let mut unions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut structs = BTreeSet::new();
        for (name, ty) in &schema.types {
            match &ty.def {
                TypeDef::Union(def) => {
                    for arm in def.arms.iter().filter_map(|arm| named(&arm.ty)) {
                        unions.entry(arm.to_owned()).or_default().insert(name.clone());
                    }
                }
                TypeDef::Struct(_) => drop(structs.insert(name.clone())),
                TypeDef::Enum(_) => {}
            }
        }
        let mut sent = BTreeSet::new();
        let mut open: Vec<&str> = schema.operations.iter().filter_map(|o| o.def.params.as_deref()).collect();
        while let Some(name) = open.pop() {
            let Some(ty) = schema.types.get(name) else { continue };
            if !sent.insert(name.to_owned()) {
                continue;
            }
            match &ty.def {
                TypeDef::Struct(def) => open.extend(def.fields.iter().filter_map(|field| field.ty.as_ref()?.name())),
                TypeDef::Union(def) => open.extend(def.arms.iter().filter_map(|arm| arm.ty.name())),
                TypeDef::Enum(_) => {}
            }
        }
        Self { unions, structs, sent }
    }

    /// `, A, B`: the interfaces of a type.
    fn unions_of(&self, names: &Names, name: &str) -> String {
        self.unions.get(name).into_iter().flatten().map(|union| format!(", {}", names.ty(union))).collect()
    }

    fn is_struct(&self, name: &str) -> bool {
        self.structs.contains(name)
    }

    /// Whether callers make values of it.
    fn is_sent(&self, name: &str) -> bool {
        self.sent.contains(name)
    }
}
