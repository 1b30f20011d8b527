//! Text out of DOCX and PPTX: archives of XML.

use std::io::{Cursor, Read};

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use zip::ZipArchive;
use zip::result::ZipError;

use super::extract::Refusal;

/// Bytes that the parts of one document may unpack to. An archive of a few bytes can hold more than any memory.
const UNPACKED: u64 = 128 * 1024 * 1024;
/// Parts of a DOCX that people read, in this order; all but the first may be missing.
const DOCUMENT: &[&str] = &["word/document.xml", "word/footnotes.xml", "word/endnotes.xml", "word/comments.xml"];

/// The text of a DOCX.
pub(super) fn docx(bytes: &[u8]) -> Result<String, Refusal> {
    let mut document = Document::open(bytes, "DOCX")?;
    let mut text = document.part(DOCUMENT[0])?.ok_or_else(|| document.is_none())?;
    for part in &DOCUMENT[1..] {
        if let Some(more) = document.part(part)?.filter(|more| !more.trim().is_empty()) {
            text.push_str(&more);
        }
    }
    Ok(text)
}

/// The text of a PPTX, slide by slide.
pub(super) fn pptx(bytes: &[u8]) -> Result<String, Refusal> {
    let mut document = Document::open(bytes, "PPTX")?;
    let mut slides: Vec<(u32, String)> = document
        .archive
        .file_names()
        .filter_map(|name| {
            let name = name.ok()?;
            let number = name.strip_prefix("ppt/slides/slide")?.strip_suffix(".xml")?;
            Some((number.parse().ok()?, name.to_string()))
        })
        .collect();
    if slides.is_empty() {
        return Err(document.is_none());
    }
    slides.sort_unstable();
    let mut text = String::new();
    for (number, name) in slides {
        let slide = document.part(&name)?.unwrap_or_default();
        text.push_str(&format!("Slide {number}\n{}\n", slide.trim_end()));
    }
    Ok(text)
}

struct Document<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    kind: &'static str,
    left: u64,
}

impl<'a> Document<'a> {
    fn open(bytes: &'a [u8], kind: &'static str) -> Result<Self, Refusal> {
        let broken = |_| Refusal::Invalid(format!("The file is not a {kind} document."));
        Ok(Self { archive: ZipArchive::new(Cursor::new(bytes)).map_err(broken)?, kind, left: UNPACKED })
    }

    fn is_none(&self) -> Refusal {
        Refusal::Invalid(format!("The file is not a {} document.", self.kind))
    }

    /// The text of one part, if it is there.
    fn part(&mut self, name: &str) -> Result<Option<String>, Refusal> {
        let damaged = Refusal::Invalid(format!("The {} document is damaged.", self.kind));
        let part = match self.archive.by_name(name) {
            Ok(part) => part,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(_) => return Err(damaged),
        };
        let mut xml = Vec::new();
        // What an archive says of the size of its parts is not to be trusted.
        part.take(self.left + 1).read_to_end(&mut xml).map_err(|_| damaged.clone())?;
        let size = xml.len() as u64;
        if size > self.left {
            let message = format!("The {} document unpacks to more than {UNPACKED} bytes.", self.kind);
            return Err(Refusal::Invalid(message));
        }
        self.left -= size;
        let xml = String::from_utf8(xml).map_err(|_| damaged.clone())?;
        text_of(&xml).map(Some).ok_or(damaged)
    }
}

/// Text of the elements `t`, a line a paragraph, cells of a table apart. `None` if it is no XML.
fn text_of(xml: &str) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    let mut text = String::new();
    let mut reads = false;
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) if tag.local_name().as_ref() == "t" => reads = true,
            Event::End(tag) => match tag.local_name().as_ref() {
                "t" => reads = false,
                "p" if !text.ends_with('\t') => text.push('\n'),
                "p" => {}
                "tc" => {
                    text.truncate(text.trim_end_matches('\n').len());
                    text.push('\t');
                }
                "tr" => {
                    text.truncate(text.trim_end_matches('\t').len());
                    text.push('\n');
                }
                _ => {}
            },
            Event::Empty(tag) => match tag.local_name().as_ref() {
                "tab" => text.push('\t'),
                "br" | "cr" => text.push('\n'),
                "noBreakHyphen" => text.push('-'),
                _ => {}
            },
            Event::Text(found) if reads => text.push_str(&found.xml10_content()),
            Event::CData(found) if reads => text.push_str(&found.xml10_content()),
            Event::GeneralRef(found) if reads => match found.resolve_char_ref() {
                Ok(Some(letter)) => text.push(letter),
                _ => text.push_str(resolve_xml_entity(&found)?),
            },
            Event::Eof => return Some(text),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts {
            let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
            writer.start_file(*name, options).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn word(body: &str) -> Vec<u8> {
        let xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><w:document xmlns:w=\"x\"><w:body>{body}</w:body></w:document>"
        );
        archive(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", xml.as_bytes())])
    }

    #[test]
    fn paragraphs_are_lines_and_cells_are_apart() {
        let file = word(
            "<w:p><w:r><w:t>Größe &amp; </w:t></w:r><w:r><w:t xml:space=\"preserve\">Gewicht &#x1F600;</w:t></w:r></w:p>\
             <w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r><w:instrText>PAGE</w:instrText></w:p>\
             <w:tbl><w:tr><w:tc><w:p><w:r><w:t>1</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>2</w:t></w:r></w:p></w:tc>\
             </w:tr></w:tbl>",
        );
        assert_eq!(docx(&file).unwrap(), "Größe & Gewicht 😀\na\tb\nc\n1\t2\n");
    }

    #[test]
    fn slides_come_in_their_order() {
        let slide =
            |text: &str| format!("<p:sld xmlns:a=\"x\" xmlns:p=\"y\"><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sld>");
        let (one, two, ten) = (slide("one"), slide("two"), slide("ten"));
        let parts: [(&str, &[u8]); 3] = [
            ("ppt/slides/slide10.xml", ten.as_bytes()),
            ("ppt/slides/slide2.xml", two.as_bytes()),
            ("ppt/slides/slide1.xml", one.as_bytes()),
        ];
        assert_eq!(pptx(&archive(&parts)).unwrap(), "Slide 1\none\nSlide 2\ntwo\nSlide 10\nten\n");
    }

    #[test]
    fn what_is_no_document_is_refused() {
        let not = |found: Result<String, Refusal>, said: &str| match found {
            Err(Refusal::Invalid(message)) => assert!(message.contains(said), "{message}"),
            other => panic!("{other:?}"),
        };
        not(docx(b"no archive"), "not a DOCX document");
        not(docx(&archive(&[("a.txt", b"x")])), "not a DOCX document");
        not(pptx(&word("")), "not a PPTX document");
        not(docx(&word("<w:p><w:t>open</w:p>")), "damaged");
        let good = word("<w:p><w:t>some words that are long enough to be cut</w:t></w:p>");
        for end in 0..good.len() {
            assert!(docx(&good[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn an_archive_that_unpacks_without_end_is_refused() {
        let bomb = archive(&[("word/document.xml", &vec![b' '; usize::try_from(UNPACKED).unwrap() + 10])]);
        assert!(bomb.len() < 1_000_000);
        let Err(Refusal::Invalid(message)) = docx(&bomb) else { panic!("the bomb went off") };
        assert!(message.contains("unpacks to more than"));
    }
}
