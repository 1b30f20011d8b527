//! The URL of a PostgreSQL store: what PostgreSQL's own programs read from it, encryption among it.

use std::borrow::Cow;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;
use url::form_urlencoded;

use crate::error::Failure;

/// How much of a server's certificate is looked at; the meanings are libpq's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Checked {
    Nothing,
    Chain,
    ChainAndHost,
}

/// What the URL says of encryption.
struct Encryption {
    mode: SslMode,
    checked: Checked,
    root: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

/// Where the database is, and how its connections are encrypted.
///
/// `sslmode` is `disable`, `prefer` (the default), `require`, `verify-ca` or `verify-full`; `sslrootcert` names a PEM file of
/// authorities or is `system`; `sslcert` and `sslkey` name the client's own certificate.
pub(super) fn read(url: &str) -> Result<(Config, MakeRustlsConnect), Failure> {
    let (rest, encryption) = split(url)?;
    let mut config = rest.parse::<Config>().map_err(|_| {
        let message = "the URL of the PostgreSQL store cannot be read; it is `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, with \
                       what is no letter, digit, `-`, `.`, `_` or `~` in the password written as `%` and two digits";
        Failure::Store(message.into())
    })?;
    config.ssl_mode(encryption.mode);
    Ok((config, MakeRustlsConnect::new(tls(&encryption)?)))
}

/// Takes what concerns encryption from a URL's query.
fn split(url: &str) -> Result<(String, Encryption), Failure> {
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let mut mode = Cow::Borrowed("prefer");
    let (mut root, mut certificate, mut key) = (None, None, None);
    let mut others = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        // In these URLs a plus sign is itself.
        let plain = part.replace('+', "%2B");
        let Some((name, value)) = form_urlencoded::parse(plain.as_bytes()).next() else { continue };
        let value = value.into_owned();
        match &*name {
            "sslmode" => mode = Cow::Owned(value),
            "sslrootcert" => root = Some(value),
            "sslcert" => certificate = Some(value),
            "sslkey" => key = Some(value),
            _ => others.push(part),
        }
    }
    let (mode, checked) = match (&*mode, &root) {
        ("disable", _) => (SslMode::Disable, Checked::Nothing),
        ("allow" | "prefer", _) => (SslMode::Prefer, Checked::Nothing),
        ("require", None) => (SslMode::Require, Checked::Nothing),
        ("require" | "verify-ca", Some(_)) => (SslMode::Require, Checked::Chain),
        ("verify-full", _) => (SslMode::Require, Checked::ChainAndHost),
        ("verify-ca", None) => {
            return Err(refused(
                "sslmode=verify-ca needs sslrootcert=FILE; with the system's authorities use verify-full",
            ));
        }
        (other, _) => {
            return Err(refused(&format!(
                "sslmode is disable, prefer, require, verify-ca or verify-full, and not `{other}`"
            )));
        }
    };
    let joiner = if others.is_empty() { "" } else { "?" };
    Ok((format!("{address}{joiner}{}", others.join("&")), Encryption { mode, checked, root, certificate, key }))
}

fn refused(why: &str) -> Failure {
    Failure::Store(format!("the URL of the PostgreSQL store: {why}"))
}

fn tls(asked: &Encryption) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unfit = |error: rustls::Error| refused(&format!("TLS cannot be set up: {error}"));
    let verifier = verifier(asked, &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    match (&asked.certificate, &asked.key) {
        (None, None) => Ok(config.with_no_client_auth()),
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate, "sslcert")?;
            let key = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| refused(&format!("sslkey `{key}` cannot be read: {error}")))?;
            config.with_client_auth_cert(chain, key).map_err(unfit)
        }
        _ => Err(refused("sslcert and sslkey go together")),
    }
}

fn verifier(asked: &Encryption, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Failure> {
    if asked.checked == Checked::Nothing {
        return Ok(Arc::new(Lenient { inner: None, provider: Arc::clone(provider) }));
    }
    let unfit = |why: String| refused(&format!("the authorities cannot be used: {why}"));
    let Some(file) = asked.root.as_deref().filter(|root| *root != "system") else {
        if asked.checked == Checked::Chain {
            return Err(refused(
                "sslrootcert=system goes with sslmode=verify-full only, as anybody can have a certificate of these",
            ));
        }
        return Ok(Arc::new(Verifier::new(Arc::clone(provider)).map_err(|error| unfit(error.to_string()))?));
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file, "sslrootcert")? {
        roots.add(certificate).map_err(|error| unfit(format!("`{file}`: {error}")))?;
    }
    let whole = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .build()
        .map_err(|error| unfit(error.to_string()))?;
    if asked.checked == Checked::ChainAndHost {
        return Ok(whole);
    }
    Ok(Arc::new(Lenient { inner: Some(whole), provider: Arc::clone(provider) }))
}

fn certificates(file: &str, option: &str) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let unread = |error: &dyn std::fmt::Display| refused(&format!("{option} `{file}` cannot be read: {error}"));
    let found: Vec<_> = CertificateDer::pem_file_iter(file)
        .map_err(|error| unread(&error))?
        .collect::<Result<_, _>>()
        .map_err(|error| unread(&error))?;
    if found.is_empty() { Err(unread(&"it holds no certificate in PEM")) } else { Ok(found) }
}

/// Takes any certificate, or any that an authority has signed for whatever host.
#[derive(Debug)]
struct Lenient {
    inner: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        // The name is looked at last: what fails there has passed everything else.
        match inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
