//! A JSON value that grows: what the pieces of a stream are merged into.
//!
//! A value is kept as the text it came in until something is merged into it, and strings keep their escapes, so that
//! appending a piece is one copy and nothing that the API adds one day is lost.

use crate::json::{DecodeError, DecodeErrorKind, Doc, Kind, Node, Writer};

/// The highest index that a stream may name. Choices, calls, items and parts count in dozens.
pub(super) const MAX_INDEX: u32 = 9_999;

/// A value.
#[derive(Debug, Clone, Default)]
pub(super) enum Tree {
    #[default]
    Null,
    /// Any value, as the text it came in.
    Raw(Box<str>),
    /// A string that grows: what stands between its quotes, with its escapes.
    Text(String),
    List(List),
    Object(Object),
}

impl Tree {
    /// The value as it came.
    pub(super) fn of(node: Node<'_>) -> Self {
        if node.is_null() { Self::Null } else { Self::Raw(node.raw().into()) }
    }

    /// A string of letters that need no escape.
    pub(super) fn word(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    fn starts(&self, with: char) -> bool {
        matches!(self, Self::Raw(raw) if raw.starts_with(with))
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_)) || self.starts('{')
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::List(_)) || self.starts('[')
    }

    /// A string's text between the quotes.
    pub(super) fn inside(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Raw(raw) => raw.strip_prefix('"')?.strip_suffix('"'),
            _ => None,
        }
    }

    /// Whether it is what a server writes that has nothing to say yet: null, an empty string, zero.
    pub(super) fn says_nothing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Raw(raw) => matches!(&**raw, "\"\"" | "0"),
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    /// Takes a newer value, unless that says less than the one it has.
    pub(super) fn replace(&mut self, node: Node<'_>) {
        match self {
            _ if node.is_null() => {}
            Self::Raw(raw) if **raw == *node.raw() => {}
            _ if !self.is_null() && is_empty(node) => {}
            _ => *self = Self::of(node),
        }
    }

    /// The object that it is, or is from now on.
    pub(super) fn object(&mut self) -> &mut Object {
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(self.expand(Object::of));
        }
        match self {
            Self::Object(object) => object,
            _ => unreachable!("it has just become an object"),
        }
    }

    /// The list that it is, or is from now on.
    pub(super) fn list(&mut self) -> &mut List {
        if !matches!(self, Self::List(_)) {
            *self = Self::List(self.expand(List::of));
        }
        match self {
            Self::List(list) => list,
            _ => unreachable!("it has just become a list"),
        }
    }

    /// The string that it is, or is from now on.
    pub(super) fn text(&mut self) -> &mut String {
        if !matches!(self, Self::Text(_)) {
            *self = Self::Text(self.inside().unwrap_or_default().to_owned());
        }
        match self {
            Self::Text(text) => text,
            _ => unreachable!("it has just become a string"),
        }
    }

    fn expand<T: Default>(&self, read: impl FnOnce(Node<'_>) -> T) -> T {
        match self {
            // The text was parsed as part of a longer one, so it is valid.
            Self::Raw(raw) => Doc::parse_text(raw).map(|doc| read(doc.root())).unwrap_or_default(),
            _ => T::default(),
        }
    }

    pub(super) fn write(&self, w: &mut Writer) {
        match self {
            Self::Null => w.null(),
            Self::Raw(raw) => w.raw(raw),
            Self::Text(text) => w.raw_string(text),
            Self::List(list) => list.write(w),
            Self::Object(object) => object.write(w),
        }
    }

    /// Its JSON text.
    pub(super) fn to_text(&self) -> String {
        let mut w = Writer::new();
        self.write(&mut w);
        w.text().to_owned()
    }
}

/// Whether it is a string, a list or an object with nothing in it.
fn is_empty(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::Object | Kind::List => node.is_empty(),
        _ => node.inside() == Some(""),
    }
}

/// The members of an object, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Object(Vec<(Box<str>, Tree)>);

impl Object {
    /// The members of an object as they came; none of anything else.
    pub(super) fn of(node: Node<'_>) -> Self {
        let mut this = Self(Vec::with_capacity(node.len()));
        for member in node.members() {
            *this.entry(&member.name()) = Tree::of(member.value);
        }
        this
    }

    pub(super) fn get(&self, name: &str) -> Option<&Tree> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// A string member's text between the quotes, unless it is empty.
    pub(super) fn word(&self, name: &str) -> Option<&str> {
        self.get(name)?.inside().filter(|text| !text.is_empty())
    }

    /// The member of that name; null from now on if there was none.
    pub(super) fn entry(&mut self, name: &str) -> &mut Tree {
        let place = match self.0.iter().position(|(known, _)| **known == *name) {
            Some(place) => place,
            None => {
                self.0.push((name.into(), Tree::Null));
                self.0.len() - 1
            }
        };
        &mut self.0[place].1
    }

    pub(super) fn take(&mut self, name: &str) -> Option<Tree> {
        let place = self.0.iter().position(|(known, _)| **known == *name)?;
        Some(self.0.remove(place).1)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Tree)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.begin_object();
        self.write_members(w, &[]);
        w.end_object();
    }

    /// Writes the members, but those of these names.
    pub(super) fn write_members(&self, w: &mut Writer, but: &[&str]) {
        for (name, value) in self.iter().filter(|(name, _)| !but.contains(name)) {
            w.key(name);
            value.write(w);
        }
    }
}

/// Items by the index that the stream gives them, which may leave gaps. What is written has none.
#[derive(Debug, Clone, Default)]
pub(super) struct List(Vec<(u32, Tree)>);

impl List {
    /// The items of a list as they came; none of anything else.
    pub(super) fn of(node: Node<'_>) -> Self {
        Self(node.items().zip(0..).map(|(item, index)| (index, Tree::of(item))).collect())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, index: u32) -> Option<&Tree> {
        self.find(index).ok().map(|place| &self.0[place].1)
    }

    /// The item of that index; null from now on if there was none.
    pub(super) fn at(&mut self, index: u32) -> &mut Tree {
        let place = self.find(index).unwrap_or_else(|place| {
            self.0.insert(place, (index, Tree::Null));
            place
        });
        &mut self.0[place].1
    }

    fn find(&self, index: u32) -> Result<usize, usize> {
        match self.0.last() {
            Some((last, _)) if *last == index => Ok(self.0.len() - 1),
            Some((last, _)) if *last < index => Err(self.0.len()),
            None => Err(0),
            Some(_) => self.0.binary_search_by_key(&index, |(known, _)| *known),
        }
    }

    /// The index behind the last one.
    pub(super) fn next_index(&self) -> u32 {
        self.0.last().map_or(0, |(last, _)| last.saturating_add(1))
    }

    /// Adds an item behind the last.
    pub(super) fn push(&mut self, item: Tree) -> &mut Tree {
        self.0.push((self.next_index(), item));
        let last = self.0.len() - 1;
        &mut self.0[last].1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Tree)> {
        self.0.iter().map(|(index, item)| (*index, item))
    }

    pub(super) fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (u32, &mut Tree)> {
        self.0.iter_mut().map(|(index, item)| (*index, item))
    }

    pub(super) fn write(&self, w: &mut Writer) {
        w.begin_list();
        for (_, item) in &self.0 {
            item.write(w);
        }
        w.end_list();
    }
}

/// An index that the stream names: none where there is no such member.
///
/// # Errors
/// When it is not a number from 0 to [`MAX_INDEX`]: a list must not grow because a server says so.
pub(super) fn index(node: Option<Node<'_>>) -> Result<Option<u32>, DecodeError> {
    let Some(node) = node.filter(|node| !node.is_null()) else { return Ok(None) };
    match node.as_i64().and_then(|index| u32::try_from(index).ok()).filter(|index| *index <= MAX_INDEX) {
        Some(index) => Ok(Some(index)),
        None => {
            let message = format!("expected an index from 0 to {MAX_INDEX}");
            Err(DecodeError::new(DecodeErrorKind::Type, node.path(), node.offset(), message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(json: &str) -> Tree {
        Tree::of(Doc::parse_text(json).unwrap().root())
    }

    #[test]
    fn what_is_not_touched_is_written_as_it_came() {
        for json in ["null", "1.0", "\"\\u0041\"", "[1, {\"a\":1e3}]", "{\"a\" : [ ]}"] {
            assert_eq!(tree(json).to_text(), json);
        }
    }

    #[test]
    fn a_character_cut_between_two_pieces_is_whole_again() {
        let mut text = tree(r#""a\ud83d""#);
        text.text().push_str(r"\ude00b");
        assert_eq!(crate::json::Json::parse(&text.to_text()).unwrap().as_string().unwrap(), "a😀b");
    }

    #[test]
    fn members_and_items_expand_where_they_are_touched() {
        let mut value = tree(r#"{"a":[{"b":"x"},2],"c":{"d":1}}"#);
        value.object().entry("a").list().at(0).object().entry("b").text().push('y');
        value.object().entry("a").list().at(7).text().push('z');
        assert_eq!(value.to_text(), r#"{"a":[{"b":"xy"},2,"z"],"c":{"d":1}}"#);
    }

    #[test]
    fn an_escaped_name_is_the_same_name() {
        let mut value = tree(r#"{"\u0061":1}"#);
        *value.object().entry("a") = Tree::Null;
        assert_eq!(value.to_text(), r#"{"a":null}"#);
    }

    #[test]
    fn gaps_cost_nothing_and_leave_no_trace() {
        let mut list = List::default();
        for at in [9_999, 3, 5, 3] {
            list.at(at).text().push('x');
        }
        assert_eq!(Tree::List(list).to_text(), r#"["xx","x","x"]"#);
    }

    #[test]
    fn an_index_out_of_bounds_is_named_with_its_place() {
        for bad in ["-1", "10000", "2147483648", "1e300", "0.5", "\"0\"", "[]"] {
            let text = format!(r#"{{"a":[{{"index":{bad}}}]}}"#);
            let doc = Doc::parse_text(&text).unwrap();
            let node = doc.root().get("a").and_then(|a| a.items().next()).and_then(|item| item.get("index"));
            let error = index(node).unwrap_err();
            assert!(error.to_string().contains("$.a[0].index"), "{error}");
        }
        assert_eq!(index(None).unwrap(), None);
        assert_eq!(index(Doc::parse_text("7").ok().as_ref().map(Doc::root)).unwrap(), Some(7));
    }
}
