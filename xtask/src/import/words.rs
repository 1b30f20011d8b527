//! Names as lists of words: splitting, joining, shortening, and the words that cannot stand alone.

/// Longest type name of the description.
pub(crate) const LONGEST: usize = 45;

/// Type names that a target language or its standard library already uses. Compared without case.
const RESERVED: [&str; 105] = [
    "actor",
    "any",
    "anyhow",
    "anyobject",
    "arc",
    "array",
    "as",
    "async",
    "bool",
    "boolean",
    "box",
    "break",
    "buffer",
    "byte",
    "bytes",
    "case",
    "cell",
    "char",
    "character",
    "class",
    "clone",
    "codable",
    "const",
    "continue",
    "copy",
    "data",
    "date",
    "debug",
    "decimal",
    "default",
    "double",
    "drop",
    "duration",
    "dyn",
    "enum",
    "err",
    "error",
    "exception",
    "export",
    "extra",
    "false",
    "file",
    "float",
    "fn",
    "for",
    "func",
    "function",
    "future",
    "hash",
    "hashable",
    "import",
    "in",
    "instant",
    "int",
    "integer",
    "iterator",
    "json",
    "let",
    "list",
    "long",
    "map",
    "match",
    "mod",
    "module",
    "mutex",
    "never",
    "none",
    "nothing",
    "null",
    "number",
    "object",
    "ok",
    "option",
    "optional",
    "ord",
    "package",
    "process",
    "promise",
    "protocol",
    "range",
    "rc",
    "record",
    "result",
    "runtime",
    "secret",
    "self",
    "send",
    "sequence",
    "set",
    "some",
    "string",
    "struct",
    "symbol",
    "sync",
    "task",
    "throwable",
    "true",
    "type",
    "unit",
    "unknown",
    "url",
    "val",
    "var",
    "vec",
    "void",
];

/// Whether `name` alone would clash with a language or a standard library.
pub(crate) fn is_reserved(name: &str) -> bool {
    let lower = name.to_lowercase();
    RESERVED.binary_search(&lower.as_str()).is_ok()
}

/// The words of a camel-case or separated name; acronyms count as one word, digits stay with the word before, and
/// what is not ASCII separates.
pub(crate) fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut all: Vec<String> = Vec::new();
    let mut word = String::new();
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            all.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            continue;
        }
        let before = at.checked_sub(1).map(|before| chars[before]);
        let after = chars.get(at + 1);
        let starts = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_numeric())
                || (before.is_some_and(char::is_uppercase) && after.is_some_and(|a| a.is_lowercase())));
        if starts && !word.is_empty() {
            all.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    all.extend((!word.is_empty()).then_some(word));
    all
}

/// UpperCamelCase of any text: `file_search` → `FileSearch`. Text without letters or digits gives `Empty`.
pub(crate) fn camel(text: &str) -> String {
    let mut name = String::new();
    for word in words(text) {
        let mut chars = word.chars();
        if let Some(first) = chars.next() {
            name.extend(first.to_uppercase());
            name.push_str(chars.as_str());
        }
    }
    match name.chars().next() {
        None => "Empty".to_owned(),
        Some(first) if first.is_numeric() => format!("V{name}"),
        Some(_) => name,
    }
}

/// `owner` and `leaf` as one name, words that end the one and begin the other written once.
pub(crate) fn join(owner: &str, leaf: &str) -> String {
    let (left, right) = (words(owner), words(leaf));
    let shared = (1..=left.len().min(right.len())).rev().find(|&n| left[left.len() - n..] == right[..n]).unwrap_or(0);
    format!("{owner}{}", right[shared..].concat())
}

/// The singular of an English plural, for the item of a list.
pub(crate) fn singular(name: &str) -> String {
    let lower = name.to_lowercase();
    if ["status", "address", "access", "alias", "bias", "logprobs", "seconds", "canvas", "news"]
        .iter()
        .any(|end| lower.ends_with(end))
        || lower.ends_with("ss")
        || !lower.ends_with('s')
    {
        return name.to_owned();
    }
    for (end, to) in [("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("sses", "ss")] {
        if let Some(stem) = name.strip_suffix(end) {
            return format!("{stem}{to}");
        }
    }
    name[..name.len() - 1].to_owned()
}

/// A name without its trailing `Param`s: a request twin is called like its model.
pub(crate) fn without_param(name: &str) -> &str {
    let mut name = name;
    while let Some(shorter) = name.strip_suffix("Param") {
        if shorter.is_empty() {
            break;
        }
        name = shorter;
    }
    name
}

/// A name without the counted `UnionMember` that a code generator put in for a nameless alternative.
pub(crate) fn without_count(name: &str) -> String {
    let Some(at) = name.find("UnionMember") else { return name.to_owned() };
    let rest = name[at + "UnionMember".len()..].trim_start_matches(|c: char| c.is_ascii_digit());
    if at == 0 && rest.is_empty() { name.to_owned() } else { format!("{}{rest}", &name[..at]) }
}

/// Cuts a name down to [`LONGEST`]: repeated words go first, then words from the one at `from` on.
pub(crate) fn shorten(name: &str, from: usize) -> String {
    let mut all = words(name);
    let mut at = 1;
    while at < all.len() && all.concat().len() > LONGEST {
        if all[..at].contains(&all[at]) && at + 1 < all.len() {
            all.remove(at);
        } else {
            at += 1;
        }
    }
    while all.concat().len() > LONGEST && all.len() > 2 {
        all.remove(from.min(all.len() - 2));
    }
    all.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserved_words_are_sorted() {
        assert!(RESERVED.is_sorted());
        assert!(is_reserved("Result") && is_reserved("TYPE") && !is_reserved("Run"));
    }

    #[test]
    fn names_split_at_capitals_acronyms_and_separators() {
        assert_eq!(words("APIKeyCreated"), ["API", "Key", "Created"]);
        assert_eq!(words("file_search.v2"), ["file", "search", "v2"]);
        assert_eq!(camel("thread.run.completed"), "ThreadRunCompleted");
        assert_eq!(camel("größe_ändern"), "GrENdern");
    }

    #[test]
    fn names_never_come_out_empty_or_start_with_a_digit() {
        assert_eq!(camel(""), "Empty");
        assert_eq!(camel("--"), "Empty");
        assert_eq!(camel("1024x1024"), "V1024x1024");
    }

    #[test]
    fn joining_writes_shared_words_once() {
        assert_eq!(join("ChatCompletionMessage", "MessageAudio"), "ChatCompletionMessageAudio");
        assert_eq!(join("Run", "Usage"), "RunUsage");
    }

    #[test]
    fn long_names_lose_words_from_the_middle() {
        let name = "OrganizationProjectsServiceAccountsApiKeysOrganizationCreateResponse";
        let short = shorten(name, 1);
        assert!(short.len() <= LONGEST && short.starts_with("Organization") && short.ends_with("CreateResponse"));
    }

    #[test]
    fn counted_alternatives_lose_their_number() {
        assert_eq!(without_count("InputUnionMember1FunctionCall"), "InputFunctionCall");
        assert_eq!(without_count("UnionMember1"), "UnionMember1");
    }

    #[test]
    fn plurals_lose_their_ending_and_other_words_stay() {
        assert_eq!(singular("Categories"), "Category");
        assert_eq!(singular("Tools"), "Tool");
        assert_eq!(singular("Status"), "Status");
    }
}
