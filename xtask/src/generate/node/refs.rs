//! Names of other modules inside of type expressions, and the imports that they need.

use std::collections::{BTreeMap, BTreeSet};

/// What a piece of source needs from elsewhere.
#[derive(Debug, Default, Clone)]
pub struct Refs {
    /// Modules of resources that are imported whole.
    pub modules: BTreeSet<String>,
    /// Names of modules of the runtime.
    pub named: BTreeSet<(String, String)>,
    /// Names of the same module.
    pub own: BTreeSet<String>,
}

impl Refs {
    /// Adds another piece's.
    pub fn extend(&mut self, other: &Self) {
        self.modules.extend(other.modules.iter().cloned());
        self.named.extend(other.named.iter().cloned());
        self.own.extend(other.own.iter().cloned());
    }
}

/// Writes type expressions of one module.
#[derive(Debug)]
pub struct Expressions {
    module: String,
    aliases: BTreeMap<String, String>,
}

impl Expressions {
    /// For a module whose source has these expressions and names these modules: the name of each is unique among them.
    pub fn new<'a>(module: &str, texts: impl Iterator<Item = &'a str>, modules: impl Iterator<Item = &'a str>) -> Self {
        let mut wanted = BTreeSet::from([module.to_owned()]);
        wanted.extend(modules.filter(|name| !name.starts_with('/')).map(str::to_owned));
        for text in texts {
            marks(text, &mut |target, _| {
                if !target.is_empty() && !target.starts_with('/') {
                    wanted.insert(target.to_owned());
                }
            });
        }
        let mut aliases = BTreeMap::new();
        for target in &wanted {
            let segments: Vec<&str> = target.split('/').collect();
            let name = |depth: usize| -> String {
                segments[segments.len().saturating_sub(depth)..].iter().map(|segment| camel(segment)).collect()
            };
            let taken = |depth: usize| {
                wanted.iter().filter(|other| *other != target).any(|other| {
                    let others: Vec<&str> = other.split('/').collect();
                    let theirs = others[others.len().saturating_sub(depth)..].iter().map(|part| camel(part));
                    theirs.collect::<String>() == name(depth)
                })
            };
            let depth = (1..=segments.len()).find(|depth| !taken(*depth)).unwrap_or(segments.len());
            aliases.insert(target.clone(), format!("{}API", name(depth)));
        }
        Self { module: module.to_owned(), aliases }
    }

    /// The name under which a module is imported.
    pub fn alias(&self, module: &str) -> &str {
        self.aliases.get(module).map_or("", String::as_str)
    }

    /// An expression as source; `around` are names that stand nearer than the module's own.
    pub fn write(&self, text: &str, around: &[BTreeSet<&str>], refs: &mut Refs) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = mark(rest) {
            out.push_str(&rest[..at]);
            let (target, path, behind) = split(&rest[at..]);
            rest = behind;
            let root = path.split('.').next().unwrap_or(path);
            if target.is_empty() && around.iter().any(|names| names.contains(root)) {
                refs.modules.insert(self.module.clone());
                out.push_str(&format!("{}.{path}", self.alias(&self.module)));
            } else if target.is_empty() {
                refs.own.insert(root.to_owned());
                out.push_str(path);
            } else if target.starts_with('/') {
                refs.named.insert((target.to_owned(), root.to_owned()));
                out.push_str(path);
            } else {
                refs.modules.insert(target.to_owned());
                out.push_str(&format!("{}.{path}", self.alias(target)));
            }
        }
        out.push_str(rest);
        out
    }
}

/// `fine-tuning` as `FineTuning`.
pub fn camel(segment: &str) -> String {
    let mut out = String::new();
    for word in segment.split(['-', '_']) {
        let mut chars = word.chars();
        out.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

/// From one module of resources (or of the runtime, with a leading slash) to another: `../shared.js`.
pub fn relative(from: &str, to: &str) -> String {
    let full = |name: &str| match name.strip_prefix('/') {
        Some(runtime) => runtime.to_owned(),
        None => format!("resources/{name}"),
    };
    let (from, to) = (full(from), full(to));
    let from: Vec<&str> = from.split('/').collect();
    let to: Vec<&str> = to.split('/').collect();
    let common = from[..from.len() - 1].iter().zip(&to[..to.len() - 1]).take_while(|(a, b)| a == b).count();
    let up = from.len() - 1 - common;
    let lead = if up == 0 { "./".to_owned() } else { "../".repeat(up) };
    format!("{lead}{}.js", to[common..].join("/"))
}

/// Calls `visit` with the module and the name of every mark.
pub fn marks<'a>(text: &'a str, visit: &mut impl FnMut(&'a str, &'a str)) {
    let mut rest = text;
    while let Some(at) = mark(rest) {
        let (target, path, behind) = split(&rest[at..]);
        visit(target, path);
        rest = behind;
    }
}

/// Where the next mark stands: an `@` outside of a text.
fn mark(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '@') => return Some(at),
            _ => {}
        }
    }
    None
}

/// `@module:Name.Inner…` as module, name, what follows.
fn split(text: &str) -> (&str, &str, &str) {
    let text = &text[1..];
    let (target, rest) = text.split_once(':').unwrap_or(("", text));
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "._$".contains(c))).unwrap_or(rest.len());
    (target, &rest[..end], &rest[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_modules_are_imported_and_texts_are_left_alone() {
        let text = "Array<@:Run.Step> | @shared:Metadata | '@shared:x' | @/core/streaming:Stream<@:Event>";
        let expressions = Expressions::new("beta/runs", std::iter::once(text), std::iter::empty());
        let mut refs = Refs::default();
        let written = expressions.write(text, &[BTreeSet::from(["Event"])], &mut refs);
        assert_eq!(written, "Array<Run.Step> | SharedAPI.Metadata | '@shared:x' | Stream<RunsAPI.Event>");
        assert_eq!(refs.modules, BTreeSet::from(["beta/runs".to_owned(), "shared".to_owned()]));
        assert_eq!(refs.own, BTreeSet::from(["Run".to_owned()]));
    }

    #[test]
    fn two_modules_of_one_name_have_two_aliases() {
        let expressions =
            Expressions::new("a", ["@evals/runs/runs:A | @beta/threads/runs/runs:B"].into_iter(), std::iter::empty());
        assert_eq!(expressions.alias("evals/runs/runs"), "EvalsRunsRunsAPI");
        assert_eq!(expressions.alias("beta/threads/runs/runs"), "ThreadsRunsRunsAPI");
    }

    #[test]
    fn ways_between_modules() {
        assert_eq!(relative("beta/threads/runs/runs", "shared"), "../../../shared.js");
        assert_eq!(relative("files", "/core/uploads"), "../core/uploads.js");
        assert_eq!(relative("/client", "files"), "./resources/files.js");
        assert_eq!(relative("chat/chat", "chat/completions/index"), "./completions/index.js");
    }
}
