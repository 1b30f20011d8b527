//! Names in Rust, by rule; where the rule fails, `api/names/rust.json` has to say what to use.

use std::collections::BTreeMap;

use crate::generate::Problems;
use crate::generate::schema::Schema;
use crate::generate::schema::defs::TypeDef;

/// Words that must be written `r#word` to be a name.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Words that cannot be a name at all.
const NO_NAMES: &[&str] = &["self", "Self", "super", "crate", "_"];

/// Members whose setter would hide a method that every type has.
const TAKEN_FIELDS: &[&str] =
    &["new", "extra", "default", "clone", "from", "into", "encode", "decode", "fmt", "eq", "ne", "as_ref", "to_owned"];

/// Types that generated code uses by these names.
const TAKEN_TYPES: &[&str] = &[
    "Box",
    "Call",
    "Client",
    "Download",
    "EventStream",
    "Extra",
    "FileInput",
    "Json",
    "Map",
    "None",
    "Ok",
    "Err",
    "Option",
    "Page",
    "Reply",
    "Result",
    "Secret",
    "Self",
    "Some",
    "String",
    "Vec",
    "Vector",
];

/// The name of a struct member.
#[derive(Debug, Clone)]
pub struct FieldName {
    /// As it is written in Rust: `r#type`.
    pub ident: String,
    /// Without `r#`, for longer names made of it: `type_null`.
    pub plain: String,
}

/// All names that the outputs write.
#[derive(Debug, Default)]
pub struct Names {
    types: BTreeMap<String, String>,
    fields: BTreeMap<(String, String), FieldName>,
    variants: BTreeMap<(String, String), String>,
    methods: BTreeMap<String, String>,
}

impl Names {
    /// Names everything; clashes are problems.
    pub fn new(schema: &Schema, problems: &mut Problems) -> Self {
        let mut names = Self::default();
        let given = &schema.rust_names;
        for (key, def) in given.types.iter().chain(&given.fields).chain(&given.variants).chain(&given.methods) {
            if def.why.trim().is_empty() {
                problems
                    .add("api/names/rust.json", format!("`{key}` has no `why`; say why the rule's name will not do"));
            }
        }
        let mut types = Taken::new("the type", "types");
        for (name, ty) in &schema.types {
            let place = format!("api/types/{}.json", ty.area);
            let by_rule = if TAKEN_TYPES.contains(&name.as_str()) { format!("{name}Type") } else { name.clone() };
            let rust = given.types.get(name).map_or(by_rule, |given| given.name.clone());
            types.take(&rust, name, &place, name, problems);
            names.types.insert(name.clone(), rust);
            match &ty.def {
                TypeDef::Struct(def) => {
                    for member in &ty.recursive {
                        problems.add(
                            format!("{place}: {name}.{member}"),
                            "holds, by value, a struct that holds this one again, which Rust cannot lay out; make its type a \
                             union with one arm in api/overrides.json (arms are boxed)",
                        );
                    }
                    let mut taken = Taken::new("the field", "fields");
                    for field in &def.fields {
                        let key = format!("{name}.{}", field.name);
                        let by_rule = field_name(&field.name);
                        let plain = given.fields.get(&key).map_or(by_rule, |given| given.name.clone());
                        let place = format!("{place}: {name}");
                        taken.take(&plain, &field.name, &place, &key, problems);
                        if field.nullable {
                            taken.take(
                                &format!("{}_null", plain.trim_end_matches('_')),
                                &field.name,
                                &place,
                                &key,
                                problems,
                            );
                        }
                        let field_name = FieldName { ident: escape(&plain), plain };
                        names.fields.insert((name.clone(), field.name.clone()), field_name);
                    }
                }
                TypeDef::Enum(def) => {
                    let mut taken = Taken::new("the value", "variants");
                    for value in &def.values {
                        let key = format!("{name}.{value}");
                        let variant =
                            given.variants.get(&key).map_or_else(|| variant_name(value), |given| given.name.clone());
                        taken.take(&variant, value, &format!("{place}: {name}"), &key, problems);
                        names.variants.insert((name.clone(), value.clone()), variant);
                    }
                }
                TypeDef::Union(def) => {
                    let mut taken = Taken::new("the arm", "variants");
                    for arm in &def.arms {
                        let key = format!("{name}.{}", arm.name);
                        let by_rule = variant_name(&arm.name);
                        let variant = given.variants.get(&key).map_or(by_rule, |given| given.name.clone());
                        taken.take(&variant, &arm.name, &format!("{place}: {name}"), &key, problems);
                        names.variants.insert((name.clone(), arm.name.clone()), variant);
                    }
                }
            }
        }
        for operation in &schema.operations {
            for id in operation.names() {
                let method = id.rsplit_once('.').map_or(id, |(_, method)| method);
                let name = given.methods.get(id).map_or_else(|| snake(method), |given| given.name.clone());
                names.methods.insert(id.to_owned(), escape(&name));
            }
        }
        names
    }

    /// Rust name of a type.
    pub fn ty(&self, name: &str) -> &str {
        self.types.get(name).map_or("", String::as_str)
    }

    /// Rust name of a struct's member.
    pub fn field(&self, ty: &str, member: &str) -> FieldName {
        let found = self.fields.get(&(ty.to_owned(), member.to_owned())).cloned();
        found.unwrap_or_else(|| FieldName { ident: escape(member), plain: member.to_owned() })
    }

    /// Rust name of an enum's value or a union's arm.
    pub fn variant(&self, ty: &str, value: &str) -> &str {
        self.variants.get(&(ty.to_owned(), value.to_owned())).map_or("", String::as_str)
    }

    /// Rust name of an operation's method, by its official name.
    pub fn method(&self, id: &str) -> &str {
        self.methods.get(id).map_or("", String::as_str)
    }
}

/// Names taken in one scope.
struct Taken {
    what: &'static str,
    table: &'static str,
    by: BTreeMap<String, String>,
}

impl Taken {
    fn new(what: &'static str, table: &'static str) -> Self {
        Self { what, table, by: BTreeMap::new() }
    }

    fn take(&mut self, name: &str, original: &str, place: &str, key: &str, problems: &mut Problems) {
        let what = self.what;
        let remedy = format!(
            "give one in api/names/rust.json: {{\"{}\": {{\"{key}\": {{\"name\": …, \"why\": …}}}}}}",
            self.table
        );
        let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if name == "Unknown" && self.table == "variants" {
            problems.add(place, format!("{what} `{original}` cannot be named `Unknown` in Rust; {remedy}"));
        } else if !starts || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            problems.add(place, format!("{what} `{original}` has no name in Rust; {remedy}"));
        } else if let Some(other) = self.by.insert(name.to_owned(), original.to_owned()) {
            problems.add(place, format!("{what} `{original}` and `{other}` are both `{name}` in Rust; {remedy}"));
        }
    }
}

/// A word as an identifier: keywords as raw identifiers, the few impossible ones with a trailing underscore.
pub fn escape(word: &str) -> String {
    if KEYWORDS.contains(&word) {
        format!("r#{word}")
    } else if NO_NAMES.contains(&word) {
        format!("{word}_")
    } else {
        word.to_owned()
    }
}

fn field_name(wire: &str) -> String {
    let name = snake(wire);
    if TAKEN_FIELDS.contains(&name.as_str()) || NO_NAMES.contains(&name.as_str()) { format!("{name}_") } else { name }
}

/// Words of a wire name: parts between punctuation, and between a lower and an upper letter.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in text.chars() {
        let breaks = !last.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && !last.is_ascii_uppercase());
        if c.is_ascii_alphanumeric() {
            match words.last_mut() {
                Some(word) if !breaks => word.push(c),
                _ => words.push(c.to_string()),
            }
        }
        last = c;
    }
    words
}

/// `lower_snake_case`; `n` in front of a leading digit. Names that are snake case already stay as they are.
pub fn snake(wire: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let name = if wire.chars().all(plain) && !wire.starts_with('_') {
        wire.to_owned()
    } else {
        words(wire).join("_").to_ascii_lowercase()
    };
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("n{name}") } else { name }
}

/// `UPPER_SNAKE_CASE` of an operation's id.
pub fn constant(id: &str) -> String {
    snake(&id.replace('.', "_")).to_ascii_uppercase()
}

/// `UpperCamelCase`; `_` where two digits would meet, `N` in front of a leading digit, `Empty` for no text at all.
pub fn variant_name(value: &str) -> String {
    let mut name = String::new();
    for word in words(value) {
        let shouted = word.len() > 1 && word.chars().all(|c| !c.is_ascii_lowercase());
        let word = if shouted { word.to_ascii_lowercase() } else { word };
        let digits = name.ends_with(|c: char| c.is_ascii_digit()) && word.starts_with(|c: char| c.is_ascii_digit());
        if digits {
            name.push('_');
        }
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    if value.is_empty() {
        return "Empty".to_owned();
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        name.insert(0, 'N');
    }
    // `Unknown` keeps what is not in the list.
    if name == "Self" || name == "Unknown" { format!("{name}Value") } else { name }
}

/// `UpperCamelCase` of a resource path: `beta.threads.runs` is `BetaThreadsRuns`.
pub fn resource_type(path: &str) -> String {
    path.split(['.', '_']).map(variant_name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_become_snake_case_and_stay_legal() {
        let cases = [
            ("type", "r#type"),
            ("self", "self_"),
            ("createdAt", "created_at"),
            ("x-request-id", "x_request_id"),
            ("data.id", "data_id"),
            ("1st", "n1st"),
            ("new", "new_"),
            ("_meta", "meta"),
            ("top_p", "top_p"),
        ];
        for (wire, expected) in cases {
            assert_eq!(escape(&field_name(wire)), expected, "{wire}");
        }
    }

    #[test]
    fn values_become_camel_case_without_merging_numbers() {
        let cases = [
            ("in_progress", "InProgress"),
            ("gpt-4.1-mini", "Gpt4_1Mini"),
            ("1024x1024", "N1024x1024"),
            ("16:9", "N16_9"),
            ("thread.run.created", "ThreadRunCreated"),
            ("MIT", "Mit"),
            ("", "Empty"),
            ("self", "SelfValue"),
            ("unknown", "UnknownValue"),
            ("$starts-with", "StartsWith"),
        ];
        for (value, expected) in cases {
            assert_eq!(variant_name(value), expected, "{value}");
        }
    }

    #[test]
    fn resources_and_operations_are_named_by_their_path() {
        assert_eq!(resource_type("admin.organization.admin_api_keys"), "AdminOrganizationAdminApiKeys");
        assert_eq!(constant("beta.threads.runs.create"), "BETA_THREADS_RUNS_CREATE");
    }
}
