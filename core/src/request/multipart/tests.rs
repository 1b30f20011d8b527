use proptest::prelude::*;

use super::super::body::collect;
use super::*;

fn form() -> Form {
    Form { boundary: "B".to_owned(), parts: Vec::new() }
}

async fn sent(form: &Form) -> (Option<u64>, String) {
    let open = form.open().await.expect("readable");
    let length = open.length;
    (length, String::from_utf8(collect(open).await.expect("readable")).expect("text"))
}

#[tokio::test]
async fn parts_are_written_in_order_with_their_headers() {
    let mut form = form();
    form.text("purpose", "assistants");
    form.text("tags[]", "a");
    form.text("tags[]", "");
    form.file("file", FileInput::from_bytes("x,y").with_filename("t.csv")).expect("valid");
    form.file("more[]", FileInput::from_bytes("z")).expect("valid");
    let expected = "--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nassistants\r\n\
        --B\r\nContent-Disposition: form-data; name=\"tags[]\"\r\n\r\na\r\n\
        --B\r\nContent-Disposition: form-data; name=\"tags[]\"\r\n\r\n\r\n\
        --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"t.csv\"\r\nContent-Type: text/csv\r\n\r\nx,y\r\n\
        --B\r\nContent-Disposition: form-data; name=\"more[]\"; filename=\"upload\"\r\n\
        Content-Type: application/octet-stream\r\n\r\nz\r\n\
        --B--\r\n";
    for _ in 0..2 {
        assert_eq!(sent(&form).await, (Some(expected.len() as u64), expected.to_owned()));
    }
    assert_eq!(form.content_type(), "multipart/form-data; boundary=B");
}

#[tokio::test]
async fn an_empty_form_is_its_end() {
    assert_eq!(sent(&form()).await, (Some(7), "--B--\r\n".to_owned()));
}

#[tokio::test]
async fn the_length_is_known_unless_a_reader_has_none() {
    let mut sized = form();
    sized.file("a", FileInput::from_sized_reader(&b"abc"[..], 3)).expect("valid");
    let (length, text) = sent(&sized).await;
    assert_eq!(length, Some(text.len() as u64));
    assert!(!sized.is_replayable());

    let mut unsized_ = form();
    unsized_.text("a", "b");
    unsized_.file("a", FileInput::from_reader(&b"abc"[..])).expect("valid");
    assert!(unsized_.is_replayable());
    let (length, text) = sent(&unsized_).await;
    assert_eq!(length, None);
    assert!(text.ends_with("\r\n\r\nabc\r\n--B--\r\n"));
}

#[tokio::test]
async fn names_cannot_leave_their_quotes() {
    let table = [
        ("a\"b", "a%22b"),
        ("a\r\nX: y", "a%0D%0AX: y"),
        ("a\0\u{1f}\u{7f}", "a%00%1F%7F"),
        ("größe[日本]", "größe[日本]"),
        ("a%22\\b", "a%22\\b"),
    ];
    for (name, expected) in table {
        let mut form = form();
        form.text(name, "v");
        let (_, text) = sent(&form).await;
        assert_eq!(text, format!("--B\r\nContent-Disposition: form-data; name=\"{expected}\"\r\n\r\nv\r\n--B--\r\n"));
    }
    let mut form = form();
    form.file("f", FileInput::from_bytes("").with_filename("dir/grö\"ße.txt")).expect("valid");
    assert!(sent(&form).await.1.contains("filename=\"dir/grö%22ße.txt\"\r\n"));
    assert!(form.file("f", FileInput::from_bytes("").with_filename("a\r\nb")).is_err());
}

#[test]
fn boundaries_differ_from_form_to_form_and_debug_shows_no_text() {
    assert_ne!(Form::new().content_type(), Form::new().content_type());
    let mut form = Form::new();
    form.text("key", "canary");
    assert!(!format!("{form:?}").contains("canary"));
}

/// Splits a body as a server does: parts, each its head and its content.
fn split<'a>(body: &'a str, boundary: &str) -> Vec<(&'a str, &'a str)> {
    let body = body.strip_suffix(&format!("--{boundary}--\r\n")).expect("ends with the last boundary");
    let delimiter = format!("--{boundary}\r\n");
    let parts = body.split(&delimiter).skip(1);
    parts.map(|part| part.strip_suffix("\r\n").expect("line end").split_once("\r\n\r\n").expect("head")).collect()
}

proptest! {
    #[test]
    fn any_names_and_texts_give_as_many_parts(parts in prop::collection::vec(("[\\PC\r\n\"\0]{0,8}", "[\\PC\r\n-]{0,12}"), 0..6)) {
        let mut form = Form::new();
        for (name, value) in &parts {
            form.text(name.clone(), value.clone());
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
        let (length, text) = runtime.block_on(sent(&form));
        prop_assert_eq!(length, Some(text.len() as u64));
        let found = split(&text, &form.boundary);
        prop_assert_eq!(found.len(), parts.len());
        for ((head, content), (name, value)) in found.into_iter().zip(&parts) {
            prop_assert_eq!(content, value);
            prop_assert_eq!(head.matches('"').count(), 2);
            prop_assert!(!head.contains(['\r', '\n', '\0']));
            let quoted = head.split('"').nth(1).expect("quoted name");
            let known = [("%22", "\""), ("%0D", "\r"), ("%0A", "\n"), ("%00", "\0")];
            let unescaped = known.iter().fold(quoted.to_owned(), |text, (code, plain)| text.replace(code, plain));
            prop_assert!(name.contains('%') || unescaped == *name);
        }
    }
}
