//! Names in Swift. Arms and values are named as in Rust, where clashes are settled (`api/names/rust.json`).

use std::collections::BTreeMap;

use crate::generate::Problems;
use crate::generate::common::camel;
use crate::generate::rust;
use crate::generate::schema::Schema;
use crate::generate::schema::defs::TypeDef;

/// Words that must stand in backticks to be a name.
const KEYWORDS: &[&str] = &[
    "as",
    "associatedtype",
    "break",
    "case",
    "catch",
    "class",
    "continue",
    "default",
    "defer",
    "deinit",
    "do",
    "else",
    "enum",
    "extension",
    "fallthrough",
    "false",
    "fileprivate",
    "for",
    "func",
    "guard",
    "if",
    "import",
    "in",
    "init",
    "inout",
    "internal",
    "is",
    "let",
    "nil",
    "operator",
    "precedencegroup",
    "private",
    "protocol",
    "public",
    "repeat",
    "rethrows",
    "return",
    "static",
    "struct",
    "subscript",
    "super",
    "switch",
    "throw",
    "throws",
    "true",
    "try",
    "typealias",
    "var",
    "where",
    "while",
];

/// Members that every type of ours has, and what the language keeps for itself; they get a trailing `_`.
const TAKEN_MEMBERS: &[&str] = &["debugDescription", "extra", "hashValue", "isNull", "json", "self", "setNull"];

/// Values and arms that would be taken for a case of `Optional`, or hide a member that every type has; they get `Value` at their end.
const TAKEN_VALUES: &[&str] = &[
    "debugDescription",
    "description",
    "hashValue",
    "isKnown",
    "json",
    "none",
    "rawValue",
    "self",
    "some",
    "type",
    "unknown",
];

/// Types that the language, its library or the package itself needs under these names.
const TAKEN_TYPES: &[&str] = &[
    "APIEnum",
    "APIObject",
    "APIUnion",
    "Any",
    "Array",
    "Bool",
    "Calls",
    "Client",
    "ClientOptions",
    "Codable",
    "Data",
    "Date",
    "Dictionary",
    "Double",
    "Download",
    "Error",
    "EventStream",
    "FileUpload",
    "Int",
    "JSON",
    "JSONNull",
    "JSONObject",
    "Never",
    "Optional",
    "Page",
    "PageSequence",
    "Protocol",
    "RequestOptions",
    "Result",
    "Secret",
    "Self",
    "Sendable",
    "Set",
    "Shape",
    "String",
    "Task",
    "Threadline",
    "ThreadlineError",
    "Token",
    "Type",
    "URL",
    "Vector",
    "Void",
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
            let free = if TAKEN_TYPES.contains(&name.as_str()) { format!("{name}Type") } else { name.clone() };
            names.types.insert(name.clone(), free);
            let mut taken: BTreeMap<String, &str> = BTreeMap::new();
            let mut take = |swift: String, original| {
                if let Some(other) = taken.insert(swift.clone(), original) {
                    problems.add(&place, format!("`{original}` and `{other}` are both `{swift}` in Swift"));
                }
                names.members.insert((name.clone(), original.to_owned()), swift);
            };
            match &ty.def {
                TypeDef::Struct(def) => {
                    for field in &def.fields {
                        take(member(&rust.field(name, &field.name).plain), &field.name);
                    }
                }
                TypeDef::Enum(def) => {
                    for text in &def.values {
                        take(value(rust.variant(name, text)), text);
                    }
                }
                TypeDef::Union(def) => {
                    for arm in &def.arms {
                        take(value(rust.variant(name, &arm.name)), &arm.name);
                    }
                }
            }
        }
        names
    }

    /// Swift name of a type.
    pub fn ty(&self, name: &str) -> &str {
        self.types.get(name).map_or("", String::as_str)
    }

    /// Swift name of a member, value or arm of a type.
    pub fn of(&self, ty: &str, member: &str) -> &str {
        self.members.get(&(ty.to_owned(), member.to_owned())).map_or("", String::as_str)
    }
}

/// A word as a name: keywords in backticks.
pub fn escape(word: &str) -> String {
    if KEYWORDS.contains(&word) { format!("`{word}`") } else { word.to_owned() }
}

fn member(plain: &str) -> String {
    let name = camel(plain);
    if TAKEN_MEMBERS.contains(&name.as_str()) { format!("{name}_") } else { escape(&name) }
}

/// `lowerCamelCase` of an UpperCamelCase name.
fn value(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase()).unwrap_or_default();
    let name = format!("{first}{}", letters.as_str());
    if TAKEN_VALUES.contains(&name.as_str()) { format!("{name}Value") } else { escape(&name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_camel_case_and_keywords_stay_legal() {
        let cases =
            [("service_tier", "serviceTier"), ("default", "`default`"), ("gpt_4_1", "gpt4_1"), ("json", "json_")];
        for (wire, expected) in cases {
            assert_eq!(member(wire), expected, "{wire}");
        }
    }

    #[test]
    fn no_value_can_be_taken_for_a_missing_one() {
        for (variant, expected) in [("InProgress", "inProgress"), ("None", "noneValue"), ("Default", "`default`")] {
            assert_eq!(value(variant), expected);
        }
    }
}
