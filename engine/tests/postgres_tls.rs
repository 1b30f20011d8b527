//! Connections to PostgreSQL that are encrypted: which certificates are taken, and what is said of the others.
//!
//! The server that the engine sees is a front with certificates of this test's. It hands what it decrypts to the database that
//! the environment names; without one it ends the connection after the handshake, which is all that is looked at then.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use serde_json::json;
use support::{Bench, Script, says};
use threadline_engine::{Engine, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What a client of PostgreSQL asks before anything else: length 8 and a number that stands for TLS.
const TLS_PLEASE: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

struct Pair {
    certificate: String,
    key: String,
}

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn signs(&self, host: &str) -> Pair {
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Pair { certificate, key: key.serialize_pem() }
    }
}

/// Files of one test, gone with it.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("threadline postgres+tls {name} {}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    /// Writes a file; its path as a URL's query has it.
    fn put(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().replace(' ', "%20")
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The server that the engine sees.
#[derive(Default)]
struct Front {
    port: u16,
    encrypted: Arc<AtomicUsize>,
    plain: Arc<AtomicUsize>,
}

impl Front {
    /// A front that shows this certificate, or offers no encryption; and asks clients for a certificate of that authority.
    async fn new(shown: Option<&Pair>, client_authority: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let front = Self { port: listener.local_addr().unwrap().port(), ..Self::default() };
        let tls = shown.map(|pair| tokio_rustls::TlsAcceptor::from(Arc::new(server(pair, client_authority))));
        let (encrypted, plain) = (Arc::clone(&front.encrypted), Arc::clone(&front.plain));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (tls, encrypted, plain) = (tls.clone(), Arc::clone(&encrypted), Arc::clone(&plain));
                tokio::spawn(async move {
                    let mut asked = [0; 8];
                    socket.read_exact(&mut asked).await.unwrap();
                    let wants_tls = asked == TLS_PLEASE;
                    match tls.filter(|_| wants_tls) {
                        Some(tls) => {
                            socket.write_all(b"S").await.unwrap();
                            // Who does not like the certificate leaves here.
                            let Ok(socket) = tls.accept(socket).await else { return };
                            encrypted.fetch_add(1, Ordering::SeqCst);
                            hand_on(socket, &[]).await;
                        }
                        None if wants_tls => {
                            socket.write_all(b"N").await.unwrap();
                            let mut first = [0; 1];
                            if socket.read_exact(&mut first).await.is_ok() {
                                plain.fetch_add(1, Ordering::SeqCst);
                                hand_on(socket, &first).await;
                            }
                        }
                        None => {
                            plain.fetch_add(1, Ordering::SeqCst);
                            hand_on(socket, &asked).await;
                        }
                    }
                });
            }
        });
        front
    }

    fn counts(&self) -> (usize, usize) {
        (self.encrypted.load(Ordering::SeqCst), self.plain.load(Ordering::SeqCst))
    }

    /// The store's URL through this front.
    async fn url(&self, host: &str, options: &str) -> String {
        let store = support::store().await;
        let store =
            if store.starts_with("postgres") { store } else { "postgres://somebody@localhost/store".to_owned() };
        let mut url = url::Url::parse(&store).unwrap();
        url.set_host(Some(host)).unwrap();
        url.set_port(Some(self.port)).unwrap();
        let joiner = if url.query().is_some() { '&' } else { '?' };
        format!("{url}{joiner}{options}")
    }
}

fn server(pair: &Pair, client_authority: Option<&str>) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let builder = match client_authority {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
    builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap()).unwrap()
}

fn database() -> Option<String> {
    let url = std::env::var("THREADLINE_TEST_POSTGRES").ok()?;
    let url = url::Url::parse(&url).unwrap();
    Some(format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432)))
}

/// Carries bytes between a client and the database, if there is one.
async fn hand_on(mut client: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, first: &[u8]) {
    let Some(address) = database() else { return };
    let mut upstream = TcpStream::connect(address).await.unwrap();
    upstream.write_all(first).await.unwrap();
    // Either side may leave as it likes.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut upstream).await;
}

/// Opens a store; what is said when that fails. Without a database it always does.
async fn opened(url: &str) -> Result<(), String> {
    let engine = Engine::open(url, Script::new([]), Settings::default()).await;
    engine.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_certificate_is_checked_as_far_as_sslmode_says() {
    let files = Files::new("checked");
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let root = format!("sslrootcert={}", files.put("root.pem", &ours.pem));
    let (right, elsewhere, unknown) = (ours.signs("localhost"), ours.signs("elsewhere.test"), other.signs("localhost"));
    let cases = [
        ("sslmode=prefer", &unknown, None),
        ("sslmode=require", &unknown, None),
        ("sslmode=require", &elsewhere, None),
        (&format!("sslmode=require&{root}"), &elsewhere, None),
        (&format!("sslmode=require&{root}"), &unknown, Some("UnknownIssuer")),
        (&format!("sslmode=verify-ca&{root}"), &right, None),
        (&format!("sslmode=verify-ca&{root}"), &elsewhere, None),
        (&format!("sslmode=verify-ca&{root}"), &unknown, Some("UnknownIssuer")),
        (&format!("sslmode=verify-full&{root}"), &right, None),
        (&format!("sslmode=verify-full&{root}"), &elsewhere, Some("not valid for name")),
        (&format!("sslmode=verify-full&{root}"), &unknown, Some("UnknownIssuer")),
        ("sslmode=verify-full", &right, Some("sslrootcert=FILE")),
        ("sslmode=verify-full&sslrootcert=system", &right, Some("sslrootcert=FILE")),
    ];
    for (options, shown, refusal) in cases {
        let front = Front::new(Some(shown), None).await;
        let said = opened(&front.url("localhost", options).await).await;
        match refusal {
            Some(refusal) => {
                assert_eq!(front.counts(), (0, 0), "{options}");
                let said = said.unwrap_err();
                assert!(said.contains(refusal), "{options}: {said}");
            }
            None => {
                let (encrypted, plain) = front.counts();
                assert!(encrypted > 0 && plain == 0, "{options}: {said:?}");
                assert_eq!(said.is_ok(), database().is_some(), "{options}: {said:?}");
            }
        }
    }
}

#[tokio::test]
async fn nothing_is_sent_in_the_clear_where_encryption_is_asked_for() {
    let files = Files::new("clear");
    let root = format!("sslrootcert={}", files.put("root.pem", &Authority::new("ours").pem));
    for options in ["sslmode=require", &format!("sslmode=verify-ca&{root}"), "sslmode=verify-full"] {
        let front = Front::new(None, None).await;
        let said = opened(&front.url("localhost", options).await).await.unwrap_err();
        assert_eq!(front.counts(), (0, 0), "{options}");
        assert!(said.contains("TLS"), "{options}: {said}");
    }
    for options in ["sslmode=prefer", "sslmode=disable", ""] {
        let front = Front::new(None, None).await;
        let said = opened(&front.url("localhost", options).await).await;
        assert!(front.counts().0 == 0 && front.counts().1 > 0, "{options}: {said:?}");
        assert_eq!(said.is_ok(), database().is_some(), "{options}: {said:?}");
    }
    let front = Front::new(Some(&Authority::new("any").signs("localhost")), None).await;
    let said = opened(&front.url("localhost", "sslmode=disable").await).await;
    assert!(front.counts().0 == 0 && front.counts().1 > 0, "{said:?}");
}

#[tokio::test]
async fn a_server_may_ask_for_the_clients_certificate() {
    let files = Files::new("client");
    let ours = Authority::new("ours");
    let shown = ours.signs("localhost");
    let own = ours.signs("client.test");
    let options = format!(
        "sslmode=verify-full&sslrootcert={}&sslcert={}&sslkey={}",
        files.put("root.pem", &ours.pem),
        files.put("own.pem", &own.certificate),
        files.put("own.key", &own.key)
    );
    let front = Front::new(Some(&shown), Some(&ours.pem)).await;
    let said = opened(&front.url("localhost", &options).await).await;
    assert!(front.counts().0 > 0, "{said:?}");
    assert_eq!(said.is_ok(), database().is_some(), "{said:?}");
}

#[tokio::test]
async fn a_url_that_cannot_be_meant_is_refused_with_what_to_do() {
    let files = Files::new("refused");
    let empty = files.put("empty.pem", "no certificate\n");
    let root = files.put("root.pem", &Authority::new("ours").pem);
    let cases = [
        ("sslmode=sometimes".to_owned(), "disable, prefer, require, verify-ca or verify-full"),
        ("sslmode=verify-ca".to_owned(), "needs sslrootcert=FILE"),
        ("sslmode=verify-ca&sslrootcert=system".to_owned(), "sslmode=verify-full only"),
        (
            "sslmode=verify-full&sslrootcert=/nowhere/root.pem".to_owned(),
            "sslrootcert `/nowhere/root.pem` cannot be read",
        ),
        (format!("sslmode=verify-full&sslrootcert={empty}"), "it holds no certificate in PEM"),
        (format!("sslmode=require&sslcert={root}"), "sslcert and sslkey go together"),
        (format!("sslmode=require&sslcert={root}&sslkey={empty}"), "cannot be read"),
        ("sslmodus=require".to_owned(), "cannot be read"),
    ];
    for (options, expected) in cases {
        let said = opened(&format!("postgres://somebody:hunter2@localhost:1/store?{options}")).await.unwrap_err();
        assert!(said.contains(expected), "{options}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn a_conversation_over_an_encrypted_connection() {
    let files = Files::new("conversation");
    let ours = Authority::new("ours");
    let options = format!("sslmode=verify-full&sslrootcert={}", files.put("root.pem", &ours.pem));
    let front = Front::new(Some(&ours.signs("localhost")), None).await;
    let url = front.url("localhost", &options).await;
    if database().is_none() {
        assert!(opened(&url).await.is_err());
        assert!(front.counts().0 > 0);
        return;
    }
    let bench = Bench::on(&url, Settings::default(), [says("Sunny.")]).await;
    let (assistant, thread) = bench.ready(json!({"model": "m"})).await;
    bench.run(&thread, json!({"assistant_id": assistant})).await;
    let messages = bench.messages(&thread, 2).await;
    assert!(messages.iter().any(|message| message["content"][0]["text"]["value"] == "Sunny."), "{messages:?}");
    assert_eq!(front.counts().1, 0);
}
