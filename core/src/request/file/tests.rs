use futures_util::TryStreamExt;

use super::*;

/// A file of the test's own that is gone when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &[u8]) -> Self {
        let folder = std::env::temp_dir().join(format!("threadline-test-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).expect("temporary folder");
        let path = folder.join(name);
        std::fs::write(&path, content).expect("temporary file");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(folder) = self.0.parent() {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

async fn read(file: &FileInput) -> io::Result<(Option<u64>, Vec<Bytes>)> {
    let open = file.open().await?;
    Ok((open.length, open.stream.try_collect().await?))
}

#[test]
fn names_and_content_types_come_from_the_source_unless_given() {
    let table = [
        (FileInput::from_path("/a/b/c.PNG"), "c.PNG", "image/png"),
        (FileInput::from_path("/"), "upload", "application/octet-stream"),
        (FileInput::from_path("a/b.png").with_filename("x/y.txt"), "x/y.txt", "text/plain"),
        (FileInput::from_bytes("x"), "upload", "application/octet-stream"),
        (FileInput::from_bytes("x").with_filename("a.wav"), "a.wav", "audio/x-wav"),
        (FileInput::from_bytes("x").with_filename("a.wav").with_content_type("a/b"), "a.wav", "a/b"),
        (FileInput::from_reader(&b"x"[..]), "upload", "application/octet-stream"),
    ];
    for (file, name, content_type) in table {
        assert_eq!((file.filename(), file.content_type()), (name, content_type));
        assert_eq!(file.check(), Ok(()));
    }
}

#[test]
fn names_that_mean_harm_are_refused() {
    for name in ["", "..", "../x", "a/../b", "a\\..\\b", "a\nb", "a\r", "a\0", "\u{85}"] {
        assert!(FileInput::from_bytes("").with_filename(name).check().is_err(), "{name:?}");
    }
    for name in ["a..b", "...", ".hidden", "a b\"c", "größe.txt"] {
        assert_eq!(FileInput::from_bytes("").with_filename(name).check(), Ok(()), "{name:?}");
    }
    for content_type in ["text/plain\r\nX: 1", "text/ä", "a\0"] {
        assert!(FileInput::from_bytes("").with_content_type(content_type).check().is_err(), "{content_type:?}");
    }
}

#[tokio::test]
async fn a_file_on_disk_is_read_in_pieces_as_often_as_asked() {
    let content: Vec<u8> = (0..300_000u32).map(|n| n as u8).collect();
    let scratch = Scratch::new("data.bin", &content);
    let file = FileInput::from_path(&*scratch.0);
    for _ in 0..2 {
        assert!(file.is_replayable());
        let (length, pieces) = read(&file).await.expect("readable");
        assert_eq!(length, Some(300_000));
        assert!(pieces.iter().all(|piece| piece.len() <= PIECE) && pieces.len() > 3);
        assert_eq!(pieces.concat(), content);
    }
}

#[tokio::test]
async fn an_empty_file_has_length_zero() {
    let scratch = Scratch::new("empty", b"");
    for file in
        [FileInput::from_path(&*scratch.0), FileInput::from_sized_reader(&b""[..], 0), FileInput::from_bytes("")]
    {
        let (length, pieces) = read(&file).await.expect("readable");
        assert_eq!((length, pieces.concat().len()), (Some(0), 0));
    }
}

#[tokio::test]
async fn a_missing_file_and_a_folder_are_named_in_the_error() {
    let scratch = Scratch::new("x", b"");
    let folder = scratch.0.parent().expect("folder").to_owned();
    for path in [folder.join("missing"), folder] {
        let error = read(&FileInput::from_path(&*path)).await.expect_err("not readable");
        assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    }
}

#[tokio::test]
async fn a_file_that_shrinks_fails_and_one_that_grows_is_sent_as_it_was() {
    let scratch = Scratch::new("changing", b"0123456789");
    let open = FileInput::from_path(&*scratch.0).open().await.expect("readable");
    std::fs::write(&scratch.0, b"0123").expect("shrink");
    let error = open.stream.try_collect::<Vec<_>>().await.expect_err("shorter than promised");
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(error.to_string().contains("6 bytes"), "{error}");

    let open = FileInput::from_path(&*scratch.0).open().await.expect("readable");
    std::fs::write(&scratch.0, b"0123 and more").expect("grow");
    let pieces: Vec<Bytes> = open.stream.try_collect().await.expect("as long as promised");
    assert_eq!(pieces.concat(), b"0123");
}

#[tokio::test]
async fn a_reader_is_taken_when_it_is_read_and_only_once() {
    let file = FileInput::from_sized_reader(&b"0123456789"[..], 4);
    let twin = file.clone();
    drop(file.open().await.expect("nothing read yet"));
    assert!(file.is_replayable() && twin.is_replayable());
    let (length, pieces) = read(&file).await.expect("first read");
    assert_eq!((length, pieces.concat()), (Some(4), b"0123".to_vec()));
    assert!(!file.is_replayable() && !twin.is_replayable());
    assert!(read(&twin).await.is_err());
}

#[tokio::test]
async fn a_reader_of_unknown_length_is_read_to_its_end() {
    let (length, pieces) = read(&FileInput::from_reader(&b"0123456789"[..])).await.expect("first read");
    assert_eq!((length, pieces.concat()), (None, b"0123456789".to_vec()));
}

#[test]
fn debug_shows_no_content_and_equality_looks_at_the_source() {
    let file = FileInput::from_bytes("canary").with_filename("a.txt");
    assert_eq!(format!("{file:?}"), r#"FileInput { bytes: 6, filename: "a.txt", content_type: "text/plain" }"#);
    assert_eq!(file, FileInput::from_bytes("canary").with_filename("a.txt"));
    assert_ne!(file, FileInput::from_bytes("canary"));
    assert_ne!(FileInput::from_path("a"), FileInput::from_bytes("a"));
    let reader = FileInput::from_reader(&b""[..]);
    assert_eq!(reader, reader.clone());
    assert_ne!(reader, FileInput::from_reader(&b""[..]));
}

#[tokio::test]
async fn a_section_is_read_as_often_as_it_is_asked_for() {
    let scratch = Scratch::new("a.txt", b"0123456789");
    let Whole::Path { path, length: 10, modified } = FileInput::from_path(&*scratch.0).whole().await.unwrap() else {
        panic!("a file has a length");
    };
    let section = FileInput::section(Section { path, offset: 3, length: 4, modified });
    for _ in 0..2 {
        assert!(section.is_replayable());
        let (length, pieces) = read(&section).await.unwrap();
        assert_eq!((length, pieces.concat()), (Some(4), b"3456".to_vec()));
    }
}

#[tokio::test]
async fn a_section_of_a_file_that_was_changed_is_refused() {
    let scratch = Scratch::new("a.txt", b"0123456789");
    let path = scratch.0.clone();
    let changed =
        Section { path: path.clone(), offset: 0, length: 4, modified: Some(std::time::SystemTime::UNIX_EPOCH) };
    let error = read(&FileInput::section(changed)).await.unwrap_err();
    assert!(error.to_string().contains("a.txt") && error.to_string().contains("changed"), "{error}");
    let short = Section { path, offset: 8, length: 4, modified: None };
    let error = read(&FileInput::section(short)).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}
