//! `api/overrides.json`: special cases as data, each with a reason.

use serde_json::{Map, Value};

/// Sections of the file; every entry of a section is an object with a `why`.
const SECTIONS: [&str; 9] =
    ["names", "families", "resources", "operations", "streams", "defaults", "fields", "unions", "events"];

/// The special cases.
#[derive(Debug, Default)]
pub(crate) struct Overrides(Map<String, Value>);

impl Overrides {
    /// Reads the file's text and checks that every entry says why it is there.
    pub(crate) fn read(text: &str) -> Result<Overrides, String> {
        let value: Value = serde_json::from_str(text).map_err(|why| format!("overrides.json: {why}"))?;
        let Value::Object(sections) = value else { return Err("overrides.json is no object".into()) };
        for (section, entries) in &sections {
            if !SECTIONS.contains(&section.as_str()) {
                return Err(format!("overrides.json: unknown section \"{section}\"; known are {SECTIONS:?}"));
            }
            for (key, entry) in
                entries.as_object().ok_or_else(|| format!("overrides.json: \"{section}\" is no object"))?
            {
                if entry["why"].as_str().is_none_or(str::is_empty) {
                    return Err(format!("overrides.json: {section}.{key} has no \"why\""));
                }
            }
        }
        Ok(Overrides(sections))
    }

    /// The entry `key` of `section`.
    pub(crate) fn get(&self, section: &str, key: &str) -> Option<&Value> {
        self.0.get(section)?.get(key)
    }

    /// A text member of an entry.
    pub(crate) fn text(&self, section: &str, key: &str, member: &str) -> Option<&str> {
        self.get(section, key)?[member].as_str()
    }

    /// All entries of a section.
    pub(crate) fn entries(&self, section: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.0.get(section).and_then(Value::as_object).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        let refused = Overrides::read(r#"{"names": {"a.B": {"name": "C"}}}"#);
        assert_eq!(refused.unwrap_err(), "overrides.json: names.a.B has no \"why\"");
    }

    #[test]
    fn an_unknown_section_is_refused() {
        assert!(Overrides::read(r#"{"nmaes": {}}"#).unwrap_err().contains("nmaes"));
    }
}
