//! Text out of HTML, as a reader would see it, without building a tree: nesting costs nothing here.

use quick_xml::escape::resolve_html5_entity;

/// Elements whose content nobody reads.
const SILENT: &[&str] = &["script", "style", "template", "noscript", "svg", "math", "iframe", "object"];
/// Elements that begin and end lines.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "legend",
    "li",
    "main",
    "nav",
    "ol",
    "option",
    "p",
    "pre",
    "section",
    "select",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "title",
    "tr",
    "ul",
];
/// Longest name of an entity, in bytes.
const ENTITY: usize = 32;

/// The text of a page.
pub(super) fn text(page: &str) -> String {
    let mut out = Lines::default();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        out.push(&rest[..at]);
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let closes = rest[1..].starts_with('/');
        let name = name(&rest[1 + usize::from(closes)..]);
        // A sign that opens nothing is one.
        if name.is_empty() && !rest[1..].starts_with(['!', '?', '/']) {
            out.push("<");
            rest = &rest[1..];
            continue;
        }
        let Some(end) = end_of_tag(rest) else { break };
        rest = &rest[end..];
        let name = name.to_ascii_lowercase();
        if !closes && SILENT.contains(&name.as_str()) {
            rest = behind(rest, &name);
        } else if BLOCKS.contains(&name.as_str()) {
            out.end_line();
        } else if matches!(name.as_str(), "td" | "th") && closes {
            out.tab();
        }
    }
    if !rest.starts_with('<') {
        out.push(rest);
    }
    out.finish()
}

fn name(tag: &str) -> &str {
    let end = tag.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(tag.len());
    &tag[..end]
}

/// Where a tag ends, past values that hold the sign for it.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') if tag[..at].trim_end().ends_with('=') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    // A value that never ends ends with the tag.
    tag.find('>').map(|at| at + 1)
}

/// What follows the end of an element whose content is not read.
fn behind<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(at) = rest[from..].find("</") {
        let at = from + at + 2;
        if self::name(&rest[at..]).eq_ignore_ascii_case(name) {
            return rest[at..].find('>').map_or("", |end| &rest[at + end + 1..]);
        }
        from = at;
    }
    ""
}

/// Text in lines: runs of blanks are one, empty lines are none but one.
#[derive(Default)]
struct Lines {
    text: String,
    blank: bool,
    begun: bool,
}

impl Lines {
    fn push(&mut self, raw: &str) {
        let mut rest = raw;
        while let Some(at) = rest.find('&') {
            self.letters(&rest[..at]);
            rest = &rest[at..];
            match entity(rest) {
                Some((decoded, length)) => {
                    self.letters(&decoded);
                    rest = &rest[length..];
                }
                None => {
                    self.letters("&");
                    rest = &rest[1..];
                }
            }
        }
        self.letters(rest);
    }

    fn letters(&mut self, text: &str) {
        for letter in text.chars() {
            if letter.is_whitespace() {
                self.blank = true;
                continue;
            }
            if self.blank && self.begun && !self.text.ends_with('\t') {
                self.text.push(' ');
            }
            (self.blank, self.begun) = (false, true);
            self.text.push(letter);
        }
    }

    fn end_line(&mut self) {
        if self.begun {
            self.text.truncate(self.text.trim_end().len());
            self.text.push('\n');
        }
        (self.blank, self.begun) = (false, false);
    }

    fn tab(&mut self) {
        if self.begun {
            self.text.push('\t');
            self.blank = false;
        }
    }

    fn finish(mut self) -> String {
        self.end_line();
        self.text
    }
}

/// What an entity stands for, and its length.
fn entity(text: &str) -> Option<(String, usize)> {
    let end = text.bytes().take(ENTITY).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let decoded = match name.strip_prefix('#') {
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|letter| *letter != '\0')?.to_string()
        }
        None => resolve_html5_entity(name)?.to_owned(),
    };
    Some((decoded, end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_reads_as_it_is_seen() {
        let page = "<!DOCTYPE html><html><head><title>Facts</title><style>p { color: red }</style>\
                    <script>if (a < b) { alert(\"</p>\") }</script></head><body><!-- no <b>one</b> reads this -->\n\
                    <h1>Größe &amp; Gewicht</h1><p>The   capital\nis <b>Fred</b>ville.<br>Its river:&nbsp;Blueflow &#x1F600;</p>\
                    <a title=\"a > b\" href='x'>Link</a><ul><li>one</li><li>two</ul>\
                    <table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table></body></html>";
        assert_eq!(
            text(page),
            "Facts\nGröße & Gewicht\nThe capital is Fredville.\nIts river: Blueflow 😀\nLink\none\ntwo\na\tb\n1\t2\n"
        );
    }

    #[test]
    fn what_is_no_html_stays_text() {
        for plain in ["1 < 2 and 3 > 2", "AT&T &unknown; & &#x110000;", "no tags at all"] {
            assert_eq!(text(plain).trim_end(), plain);
        }
        assert_eq!(text("a<b"), "a\n");
        assert_eq!(text("<p title=\"never closed>text</p>"), "text\n");
        assert_eq!(text("<script>never closed"), "");
        assert_eq!(text("<!-- never closed"), "");
        assert_eq!(text(""), "");
    }

    #[test]
    fn nesting_and_length_cost_nothing() {
        let deep = format!("{}x{}", "<div>".repeat(200_000), "</div>".repeat(200_000));
        assert_eq!(text(&deep), "x\n");
    }
}
