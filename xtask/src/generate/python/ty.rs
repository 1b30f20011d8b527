//! Type expressions of `api/python/`: what a Python annotation says, without its spelling.

use serde_json::Value;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Ty {
    /// `string`, `integer`, `number`, `boolean`, `json`, `bytes`, `file`.
    Scalar(&'static str),
    /// `null`.
    Null,
    /// One value, such as `"auto"`.
    Literal(Value),
    /// `list<T>`: a `List`.
    List(Box<Ty>),
    /// `iterable<T>`: anything to be iterated once.
    Iterable(Box<Ty>),
    /// `sequence<T>`: any sequence that is no text.
    Sequence(Box<Ty>),
    /// `map<T>`: an object with any keys.
    Map(Box<Ty>),
    /// `A | B`, with the member that names the arm where there is one: `by type: A | B`.
    Union {
        /// The member.
        tag: Option<String>,
        /// The arms, none of them a plain union.
        arms: Vec<Ty>,
    },
    /// A name of `types`: `module.Name`.
    Named(String),
    /// Something of the runtime, such as `/_streaming.Stream<T>`: its module and name, and arguments.
    Runtime(String, Vec<Ty>),
}

const SCALARS: [&str; 7] = ["string", "integer", "number", "boolean", "json", "bytes", "file"];

impl Ty {
    /// Reads an expression that stands in the module of `types` with this name.
    pub fn parse(text: &str, module: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text, module };
        let ty = parser.union().map_err(|why| format!("`{text}`: {why}"))?;
        if parser.rest.trim().is_empty() { Ok(ty) } else { Err(format!("`{text}`: cannot read `{}`", parser.rest)) }
    }

    /// The arms, or the type itself.
    pub fn arms(&self) -> &[Ty] {
        match self {
            Self::Union { arms, .. } => arms,
            other => std::slice::from_ref(other),
        }
    }

    /// Calls `visit` for every name of `types` inside.
    pub fn names<'a>(&'a self, visit: &mut impl FnMut(&'a str)) {
        match self {
            Self::Named(name) => visit(name),
            Self::List(item) | Self::Iterable(item) | Self::Sequence(item) | Self::Map(item) => item.names(visit),
            Self::Union { arms, .. } => arms.iter().for_each(|arm| arm.names(visit)),
            Self::Runtime(_, args) => args.iter().for_each(|arg| arg.names(visit)),
            Self::Scalar(_) | Self::Null | Self::Literal(_) => {}
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    module: &'a str,
}

impl Parser<'_> {
    fn eat(&mut self, mark: &str) -> bool {
        self.rest = self.rest.trim_start();
        let found = self.rest.strip_prefix(mark);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn need(&mut self, mark: &str) -> Result<(), String> {
        if self.eat(mark) { Ok(()) } else { Err(format!("expected `{mark}` before `{}`", self.rest)) }
    }

    fn union(&mut self) -> Result<Ty, String> {
        let tag = if self.eat("by ") {
            let (tag, rest) = self.rest.split_once(':').ok_or("expected `by member: …`")?;
            self.rest = rest;
            Some(tag.trim().to_owned())
        } else {
            None
        };
        let mut arms = vec![self.term()?];
        while self.eat("|") {
            arms.push(self.term()?);
        }
        match (arms.len(), &tag) {
            (1, None) => Ok(arms.remove(0)),
            _ => Ok(Ty::Union { tag, arms }),
        }
    }

    fn term(&mut self) -> Result<Ty, String> {
        self.rest = self.rest.trim_start();
        if self.eat("(") {
            let inner = self.union()?;
            self.need(")")?;
            return Ok(inner);
        }
        if self.rest.starts_with(['"', '-']) || self.rest.starts_with(|c: char| c.is_ascii_digit()) {
            let mut values = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
            let value = values.next().and_then(Result::ok).ok_or_else(|| format!("`{}` is no value", self.rest))?;
            self.rest = &self.rest[values.byte_offset()..];
            return Ok(Ty::Literal(value));
        }
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "._/".contains(c)));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        let scalar = SCALARS.iter().find(|known| **known == word);
        match (word, scalar) {
            ("", _) => Err(format!("expected a type before `{}`", self.rest)),
            ("null", _) => Ok(Ty::Null),
            ("true" | "false", _) => Ok(Ty::Literal(Value::Bool(word == "true"))),
            (_, Some(known)) => Ok(Ty::Scalar(known)),
            ("list", _) => Ok(Ty::List(self.one()?)),
            ("iterable", _) => Ok(Ty::Iterable(self.one()?)),
            ("sequence", _) => Ok(Ty::Sequence(self.one()?)),
            ("map", _) => Ok(Ty::Map(self.one()?)),
            _ if word.starts_with('/') => Ok(Ty::Runtime(word[1..].to_owned(), self.arguments()?)),
            _ if word.contains('.') => Ok(Ty::Named(word.to_owned())),
            _ => Ok(Ty::Named(format!("{}.{word}", self.module))),
        }
    }

    fn one(&mut self) -> Result<Box<Ty>, String> {
        self.need("<")?;
        let inner = self.union()?;
        self.need(">")?;
        Ok(Box::new(inner))
    }

    fn arguments(&mut self) -> Result<Vec<Ty>, String> {
        let mut args = Vec::new();
        if self.eat("<") {
            args.push(self.union()?);
            while self.eat(",") {
                args.push(self.union()?);
            }
            self.need(">")?;
        }
        Ok(args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Ty {
        Ty::parse(text, "chat.here").unwrap()
    }

    #[test]
    fn values_with_marks_in_them_stay_whole() {
        let Ty::Union { arms, tag: None } = parse(r#""a|b" | "c<d>" | 1 | true | null"#) else { panic!("no union") };
        let values = ["a|b".into(), "c<d>".into(), 1.into(), true.into()].map(Ty::Literal);
        assert_eq!(arms[..4], values);
        assert_eq!(arms[4], Ty::Null);
    }

    #[test]
    fn a_name_without_a_module_is_of_the_same_module() {
        assert_eq!(parse("Choice"), Ty::Named("chat.here.Choice".into()));
        assert_eq!(parse("shared.metadata.Metadata"), Ty::Named("shared.metadata.Metadata".into()));
    }

    #[test]
    fn a_union_with_a_tag_is_one_arm_of_another() {
        let Ty::Union { tag: None, arms } = parse("(by type: A | B) | null") else { panic!("no union") };
        assert!(matches!(&arms[0], Ty::Union { tag: Some(tag), arms } if tag == "type" && arms.len() == 2));
    }

    #[test]
    fn the_runtimes_names_take_arguments() {
        let Ty::Runtime(name, args) = parse("/_streaming.Stream<list<A>>") else { panic!("not of the runtime") };
        assert_eq!((name.as_str(), args.len()), ("_streaming.Stream", 1));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for text in ["list<", "list<A", "A |", "A B", "by type A"] {
            assert!(Ty::parse(text, "m").unwrap_err().contains(text), "{text}");
        }
    }
}
