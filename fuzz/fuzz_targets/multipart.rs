//! Any names and values give a form in which a server finds the same parts.
#![no_main]

use futures_util::FutureExt;
use libfuzzer_sys::fuzz_target;
use threadline::request::FileInput;
use threadline::request::body::BodyRecipe;
use threadline::request::multipart::Form;

fn body(form: Form) -> Vec<u8> {
    use futures_util::StreamExt;

    let open = BodyRecipe::Multipart(form).open().now_or_never().expect("in memory").expect("in memory");
    let length = open.length;
    let pieces: Vec<_> = open.into_stream().collect().now_or_never().expect("in memory");
    let bytes: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.expect("in memory")).collect();
    assert_eq!(length, Some(bytes.len() as u64));
    bytes
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fuzz_target!(|parts: Vec<(String, String, bool)>| {
    let mut form = Form::new();
    let mut expected = Vec::new();
    for (name, value, is_file) in parts {
        if is_file {
            let file = FileInput::from_bytes(value.clone()).with_filename(name.clone());
            let harmless = !name.is_empty() && !name.chars().any(char::is_control) && !name.contains("..");
            let added = form.file(name, file).is_ok();
            assert!(added || !harmless);
            if added {
                expected.push(value);
            }
        } else {
            form.text(name, value.clone());
            expected.push(value);
        }
    }
    let content_type = form.content_type();
    let boundary = content_type.split_once("boundary=").expect("boundary").1.to_owned();
    let bytes = body(form);
    let mut rest = &bytes[..];
    let start = format!("--{boundary}\r\n");
    for value in expected {
        rest = rest.strip_prefix(start.as_bytes()).expect("a part starts");
        let head = find(rest, b"\r\n\r\n").expect("a head ends");
        let lines: Vec<&[u8]> = rest[..head].split(|&byte| byte == b'\n').collect();
        assert!(lines.len() <= 2 && lines[0].starts_with(b"Content-Disposition: form-data; name=\""));
        let quotes = lines[0].iter().filter(|&&byte| byte == b'"').count();
        assert_eq!(quotes, 2 * lines.len());
        rest = &rest[head + 4..];
        let end = find(rest, format!("\r\n--{boundary}").as_bytes()).expect("a part ends");
        assert_eq!(&rest[..end], value.as_bytes());
        rest = &rest[end + 2..];
    }
    assert_eq!(rest, format!("--{boundary}--\r\n").as_bytes());
});
