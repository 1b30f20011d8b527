//! Names in Kotlin. Arms and values are named as in Rust, where clashes are settled (`api/names/rust.json`).

use std::collections::BTreeMap;

use crate::generate::Problems;
use crate::generate::common::camel;
use crate::generate::rust;
use crate::generate::schema::Schema;
use crate::generate::schema::defs::TypeDef;

/// Words that must stand in backticks to be a name.
const KEYWORDS: &[&str] = &[
    "as",
    "break",
    "class",
    "continue",
    "do",
    "else",
    "false",
    "for",
    "fun",
    "if",
    "in",
    "interface",
    "is",
    "null",
    "object",
    "package",
    "return",
    "super",
    "this",
    "throw",
    "true",
    "try",
    "typealias",
    "typeof",
    "val",
    "var",
    "when",
    "while",
];

/// Members that would hide something which every object has, or the class's own `extra`.
const TAKEN_MEMBERS: &[&str] = &["class", "extra"];

/// Types and arms that generated code needs under these names.
const TAKEN_TYPES: &[&str] = &[
    "Any",
    "ApiObject",
    "Arms",
    "Array",
    "Boolean",
    "Builder",
    "Codec",
    "Companion",
    "CompletableFuture",
    "Double",
    "Download",
    "EnumCodec",
    "EventFlow",
    "Extra",
    "FileCodec",
    "FileUpload",
    "FlagCodec",
    "IntegerCodec",
    "JsonCodec",
    "JsonElement",
    "JsonNull",
    "JsonWriter",
    "JvmField",
    "JvmOverloads",
    "JvmStatic",
    "KSerializer",
    "List",
    "ListCodec",
    "Long",
    "Map",
    "MapCodec",
    "NullCodec",
    "NumberCodec",
    "ObjectReader",
    "PageFlow",
    "RequestOptions",
    "Secret",
    "SecretCodec",
    "Serializable",
    "Set",
    "String",
    "StructCodec",
    "TextCodec",
    "UnionCodec",
    "Unit",
    "Unknown",
    "Vector",
];

/// All names that the outputs write.
#[derive(Debug, Default)]
pub struct Names {
    types: BTreeMap<String, String>,
    members: BTreeMap<(String, String), String>,
}

impl Names {
    /// Names everything; clashes are problems.
    pub fn new(schema: &Schema, rust: &rust::Names, problems: &mut Problems) -> Self {
        let mut names = Self::default();
        for (name, ty) in &schema.types {
            let place = format!("api/types/{}.json: {name}", ty.area);
            names.types.insert(name.clone(), free(name.clone()));
            let mut taken: BTreeMap<String, &str> = BTreeMap::new();
            let mut take = |kotlin: String, original| {
                if let Some(other) = taken.insert(kotlin.clone(), original) {
                    problems.add(&place, format!("`{original}` and `{other}` are both `{kotlin}` in Kotlin"));
                }
                names.members.insert((name.clone(), original.to_owned()), kotlin);
            };
            match &ty.def {
                TypeDef::Struct(def) => {
                    for field in &def.fields {
                        take(member(&rust.field(name, &field.name).plain), &field.name);
                    }
                }
                TypeDef::Enum(def) => {
                    for value in &def.values {
                        take(constant(rust.variant(name, value)), value);
                    }
                }
                TypeDef::Union(def) => {
                    for arm in &def.arms {
                        take(free(rust.variant(name, &arm.name).to_owned()), &arm.name);
                    }
                }
            }
        }
        names
    }

    /// Kotlin name of a type.
    pub fn ty(&self, name: &str) -> &str {
        self.types.get(name).map_or("", String::as_str)
    }

    /// Kotlin name of a member, value or arm of a type.
    pub fn of(&self, ty: &str, member: &str) -> &str {
        self.members.get(&(ty.to_owned(), member.to_owned())).map_or("", String::as_str)
    }
}

fn free(name: String) -> String {
    if TAKEN_TYPES.contains(&name.as_str()) { format!("{name}Type") } else { name }
}

/// A word as a name: keywords in backticks.
pub fn escape(word: &str) -> String {
    if KEYWORDS.contains(&word) { format!("`{word}`") } else { word.to_owned() }
}

fn member(plain: &str) -> String {
    let name = camel(plain);
    if TAKEN_MEMBERS.contains(&name.as_str()) { format!("{name}_") } else { escape(&name) }
}

/// `UPPER_SNAKE_CASE` of an UpperCamelCase name.
fn constant(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_camel_case_and_keywords_stay_legal() {
        let cases =
            [("service_tier", "serviceTier"), ("object", "`object`"), ("gpt_4_1", "gpt4_1"), ("class", "class_")];
        for (wire, expected) in cases {
            assert_eq!(member(wire), expected, "{wire}");
        }
    }

    #[test]
    fn values_are_constants() {
        for (variant, expected) in [("InProgress", "IN_PROGRESS"), ("Gpt4_1Mini", "GPT4_1_MINI"), ("N16_9", "N16_9")] {
            assert_eq!(constant(variant), expected);
        }
    }
}
