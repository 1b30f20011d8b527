//! Text out of PDF: what is shown, in the order of the page's program. Pictures of text stay pictures.

use std::collections::BTreeMap;

use lopdf::content::Content;
use lopdf::{Dictionary, Document, Encoding, Error, LoadOptions, Object, Stream};

use super::extract::Refusal;

/// Bytes that one stream may unpack to.
const UNPACKED: usize = 64 * 1024 * 1024;
/// Bytes that the programs of all pages may unpack to.
const PROGRAMS: usize = 256 * 1024 * 1024;
/// Forms inside of forms.
const DEPTH: usize = 8;
/// Forms of one document that are read; a page may show one form many times.
const FORMS: usize = 20_000;
/// A shift between two pieces of text that is seen as a blank, in thousandths of the size of the letters.
const BLANK: f32 = -180.0;

/// The text of a PDF.
pub(super) fn text(bytes: &[u8]) -> Result<String, Refusal> {
    let invalid = |message: &str| Refusal::Invalid(message.to_owned());
    let document = match Document::load_mem_with_options(bytes, LoadOptions::with_max_decompressed_size(UNPACKED)) {
        Ok(document) => document,
        Err(Error::InvalidPassword | Error::Decryption(_)) => return Err(invalid("The PDF needs a password.")),
        Err(_) => return Err(invalid("The PDF is damaged.")),
    };
    if document.is_encrypted() && document.encryption_state.is_none() {
        return Err(invalid("The PDF needs a password."));
    }
    let mut reader = Reader { document: &document, text: String::new(), left: PROGRAMS, forms: 0 };
    let (mut pages, mut damaged) = (0, 0);
    for page in document.page_iter() {
        pages += 1;
        let read = document.get_page_content_with_limit(page, UNPACKED).and_then(|program| {
            let fonts = document.get_page_fonts(page)?;
            let (own, parents) = document.get_page_resources(page)?;
            let inherited = parents.iter().filter_map(|id| document.get_dictionary(*id).ok());
            let resources: Vec<&Dictionary> = own.into_iter().chain(inherited).collect();
            reader.run(&program, &fonts, &resources, 0)
        });
        match read {
            Ok(()) => {}
            Err(Error::RecursionLimit) => return Err(invalid("The PDF unpacks to more than can be read.")),
            Err(_) => damaged += 1,
        }
        reader.line();
    }
    if pages == 0 || damaged == pages {
        return Err(invalid("The PDF is damaged."));
    }
    if reader.text.trim().is_empty() {
        return Err(Refusal::Unsupported);
    }
    Ok(reader.text)
}

struct Reader<'a> {
    document: &'a Document,
    text: String,
    left: usize,
    forms: usize,
}

impl<'a> Reader<'a> {
    /// Reads what a program shows.
    fn run(
        &mut self,
        program: &[u8],
        fonts: &BTreeMap<Vec<u8>, &'a Dictionary>,
        resources: &[&'a Dictionary],
        depth: usize,
    ) -> Result<(), Error> {
        self.left = self.left.checked_sub(program.len()).ok_or(Error::RecursionLimit)?;
        let content = Content::decode(program)?;
        let mut codings: BTreeMap<&[u8], Option<Encoding<'a>>> = BTreeMap::new();
        let (mut font, mut height) = (None, None);
        for operation in &content.operations {
            let operands = operation.operands.as_slice();
            match operation.operator.as_str() {
                "Tf" => {
                    font = operands.first().and_then(|name| name.as_name().ok()).and_then(|name| {
                        let (name, dictionary) = fonts.get_key_value(name)?;
                        let document = self.document;
                        codings
                            .entry(name.as_slice())
                            .or_insert_with(|| dictionary.get_font_encoding_with_limit(document, UNPACKED).ok());
                        Some(name.as_slice())
                    });
                }
                "Tj" | "TJ" | "'" | "\"" => {
                    if matches!(operation.operator.as_str(), "'" | "\"") {
                        self.line();
                    }
                    let coding = font.and_then(|name| codings.get(name)).and_then(Option::as_ref);
                    self.show(operands, coding);
                }
                "Td" | "TD" => self.moved(number(operands, 0), number(operands, 1)),
                "T*" => self.line(),
                "Tm" => {
                    let at = number(operands, 5);
                    if height.is_some_and(|known: f32| (known - at).abs() > 1.0) {
                        self.line();
                    } else {
                        self.blank();
                    }
                    height = Some(at);
                }
                "BT" => height = None,
                "ET" => self.blank(),
                "Do" => {
                    let form = operands.first().and_then(|name| name.as_name().ok());
                    if let Some(form) = form.and_then(|name| self.form(resources, name)) {
                        self.draw(form, fonts, resources, depth)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A form that a page shows: a program of its own.
    fn form(&self, resources: &[&'a Dictionary], name: &[u8]) -> Option<&'a Stream> {
        let find = |resources: &&'a Dictionary| {
            let forms = self.dictionary(resources.get(b"XObject").ok()?)?;
            let stream = self.document.dereference(forms.get(name).ok()?).ok()?.1.as_stream().ok()?;
            (stream.dict.get(b"Subtype").ok()?.as_name().ok()? == b"Form").then_some(stream)
        };
        resources.iter().find_map(find)
    }

    fn draw(
        &mut self,
        form: &'a Stream,
        fonts: &BTreeMap<Vec<u8>, &'a Dictionary>,
        resources: &[&'a Dictionary],
        depth: usize,
    ) -> Result<(), Error> {
        self.forms += 1;
        // A form may show itself.
        if depth >= DEPTH || self.forms > FORMS {
            return Ok(());
        }
        let program = form.decompressed_content_with_limit(UNPACKED)?;
        let own = form.dict.get(b"Resources").ok().and_then(|own| self.dictionary(own));
        let Some(own) = own else { return self.run(&program, fonts, resources, depth + 1) };
        let mut known = fonts.clone();
        let listed = own.get(b"Font").ok().and_then(|fonts| self.dictionary(fonts));
        for (name, font) in listed.into_iter().flat_map(Dictionary::iter) {
            known.extend(self.dictionary(font).map(|font| (name.clone(), font)));
        }
        self.run(&program, &known, &[own], depth + 1)
    }

    fn dictionary(&self, object: &'a Object) -> Option<&'a Dictionary> {
        self.document.dereference(object).ok()?.1.as_dict().ok()
    }

    /// Adds pieces of text; large shifts between them are blanks.
    fn show(&mut self, operands: &[Object], coding: Option<&Encoding<'_>>) {
        for operand in operands {
            match operand {
                Object::String(bytes, _) => {
                    let shown = match coding {
                        Some(coding) => Document::decode_text(coding, bytes).unwrap_or_default(),
                        // Without a font that says how, the letters are the bytes.
                        None => bytes.iter().map(|byte| char::from(*byte)).collect(),
                    };
                    self.text.extend(shown.chars().filter(|letter| !letter.is_control()));
                }
                Object::Array(pieces) => {
                    for piece in pieces {
                        match piece {
                            Object::String(..) => self.show(std::slice::from_ref(piece), coding),
                            other if other.as_float().is_ok_and(|shift| shift < BLANK) => self.blank(),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn moved(&mut self, across: f32, down: f32) {
        if down.abs() > 0.5 {
            self.line();
        } else if across > 0.0 {
            self.blank();
        }
    }

    fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.text.push(' ');
        }
    }

    fn line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.truncate(self.text.trim_end_matches(' ').len());
            self.text.push('\n');
        }
    }
}

fn number(operands: &[Object], place: usize) -> f32 {
    operands.get(place).and_then(|operand| operand.as_float().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use lopdf::{content::Operation, dictionary};

    use super::*;

    /// A PDF of these pages' programs, with a font and a form called `Fm`.
    fn pdf(pages: &[Vec<Operation>], form: &[Operation]) -> Vec<u8> {
        let mut document = Document::with_version("1.5");
        let font = document.add_object(dictionary! {
            "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
        });
        let pages_id = document.new_object_id();
        let program = |operations: &[Operation]| Content { operations: operations.to_vec() }.encode().unwrap();
        let form_id = document.new_object_id();
        let resources = dictionary! {
            "Font" => dictionary! { "F1" => font }, "XObject" => dictionary! { "Fm" => form_id },
        };
        let dict = dictionary! { "Type" => "XObject", "Subtype" => "Form", "Resources" => resources.clone() };
        document.objects.insert(form_id, Stream::new(dict, program(form)).into());
        let resources = document.add_object(resources);
        let kids: Vec<Object> = pages
            .iter()
            .map(|operations| {
                let content = document.add_object(Stream::new(dictionary! {}, program(operations)));
                let page = dictionary! { "Type" => "Page", "Parent" => pages_id, "Contents" => content };
                document.add_object(page).into()
            })
            .collect();
        let count = i64::try_from(kids.len()).unwrap();
        let tree = dictionary! {
            "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources,
            "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        };
        document.objects.insert(pages_id, tree.into());
        let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages_id });
        document.trailer.set("Root", catalog);
        document.compress();
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).unwrap();
        bytes
    }

    fn says(lines: &[&str]) -> Vec<Operation> {
        let mut operations = vec![
            Operation::new("BT", vec![]),
            Operation::new("Tf", vec!["F1".into(), 12.into()]),
            Operation::new("Td", vec![50.into(), 700.into()]),
        ];
        for line in lines {
            operations.push(Operation::new("Tj", vec![Object::string_literal(*line)]));
            operations.push(Operation::new("Td", vec![0.into(), (-14).into()]));
        }
        operations.push(Operation::new("ET", vec![]));
        operations
    }

    #[test]
    fn pages_are_read_line_by_line() {
        let file = pdf(&[says(&["The capital of Freedonia", "is Fredville."]), says(&["Second page."])], &[]);
        assert_eq!(text(&file).unwrap(), "The capital of Freedonia\nis Fredville.\nSecond page.\n");
    }

    #[test]
    fn shifts_are_blanks_where_they_are_seen_as_such() {
        let pieces = vec![
            Object::string_literal("Fred"),
            (-30).into(),
            Object::string_literal("ville"),
            (-250).into(),
            Object::string_literal("stands."),
        ];
        let mut page = says(&[]);
        page.insert(3, Operation::new("TJ", vec![pieces.into()]));
        assert_eq!(text(&pdf(&[page], &[])).unwrap(), "Fredville stands.\n");
    }

    #[test]
    fn forms_are_read_and_one_that_shows_itself_ends() {
        let shows = Operation::new("Do", vec!["Fm".into()]);
        let mut form = says(&["In the form."]);
        let page = [vec![shows.clone()], says(&["On the page."])].concat();
        assert_eq!(text(&pdf(std::slice::from_ref(&page), &form)).unwrap(), "In the form.\nOn the page.\n");
        form.extend([shows.clone(), shows]);
        let read = text(&pdf(&[page], &form)).unwrap();
        assert!(read.ends_with("On the page.\n") && read.matches("In the form.").count() < 300);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert_eq!(text(&pdf(&[says(&[])], &[])), Err(Refusal::Unsupported), "a picture of text");
        for broken in [&b"%PDF-1.7\nnothing"[..], b"", b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj"] {
            assert!(matches!(text(broken), Err(Refusal::Invalid(_))));
        }
    }

    #[test]
    fn mangled_files_are_read_or_refused() {
        let good = pdf(&[says(&["The capital of Freedonia", "is Fredville."])], &says(&["In the form."]));
        let mut dice: u64 = 0x9e37_79b9_7f4a_7c15;
        for _ in 0..3000 {
            let mut file = good.clone();
            for _ in 0..4 {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                let at = usize::try_from(dice >> 8).unwrap() % file.len();
                match dice % 3 {
                    0 => file[at] = u8::try_from(dice >> 56).unwrap(),
                    1 => file.truncate(at.max(1)),
                    _ => drop(file.drain(at..(at + 9).min(file.len()))),
                }
                if file.is_empty() {
                    break;
                }
            }
            // The reader behind it may panic on a defect of its own; whoever calls catches that.
            drop(std::panic::catch_unwind(|| text(&file)));
        }
    }
}
