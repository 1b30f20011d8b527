//! The test authority's certificates as files, which is how programs are told of them.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use threadline_mock::Certificates;

/// A folder with the files; it goes when this is dropped.
#[derive(Debug)]
pub(super) struct CertificateFiles {
    folder: PathBuf,
}

/// Placeholders of a case and the files they stand for.
const FILES: [(&str, &str); 7] = [
    ("${ca_file}", "ca.pem"),
    ("${unknown_ca_file}", "unknown-ca.pem"),
    ("${client_cert_file}", "client.pem"),
    ("${client_key_file}", "client-key.pem"),
    ("${unknown_client_cert_file}", "unknown-client.pem"),
    ("${unknown_client_key_file}", "unknown-client-key.pem"),
    ("${not_a_certificate_file}", "empty.pem"),
];

/// Whether a text speaks of such files.
pub(super) fn needed(text: &str) -> bool {
    FILES.iter().any(|(placeholder, _)| text.contains(placeholder))
}

impl CertificateFiles {
    /// Writes the files.
    pub(super) fn write() -> io::Result<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("threadline-certificates-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let files = Self { folder };
        let all = Certificates::shared();
        let texts = [
            &all.authority,
            &all.unknown_authority,
            &all.client.certificate,
            &all.client.key,
            &all.unknown_client.certificate,
            &all.unknown_client.key,
            &String::new(),
        ];
        for ((_, name), text) in FILES.iter().zip(texts) {
            fs::write(files.folder.join(name), text)?;
        }
        Ok(files)
    }

    /// The text with every placeholder replaced by its file.
    pub(super) fn fill(&self, text: &str) -> String {
        let place = |text: String, (placeholder, name): &(&str, &str)| {
            text.replace(placeholder, &self.folder.join(name).to_string_lossy())
        };
        FILES.iter().fold(text.to_owned(), place)
    }
}

impl Drop for CertificateFiles {
    fn drop(&mut self) {
        // What is left behind is worth nothing to anybody.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
