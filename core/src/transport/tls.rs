//! TLS: the system's trust store, read once a process, and what the user adds to it.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;

use crate::error::Error;

type Roots = Arc<dyn ServerCertVerifier>;

/// A certificate chain and its key.
pub(super) type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Reads certificates from PEM.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => {
            Err(Error::usage("no certificate found in the PEM text; one begins with `-----BEGIN CERTIFICATE-----`"))
        }
        Err(_) => Err(Error::usage("the certificates are not valid PEM")),
    }
}

/// Reads a certificate chain and the private key that goes with it from PEM.
pub(super) fn identity(certificate: &[u8], key: &[u8]) -> Result<Identity, Error> {
    let key = match PrivateKeyDer::from_pem_slice(key) {
        Ok(key) => key,
        Err(_) if memchr::memmem::find(key, b"ENCRYPTED").is_some() => {
            let message =
                "the client certificate's key is encrypted; decrypt it first, for example with `openssl pkey`";
            return Err(Error::usage(message));
        }
        Err(_) => {
            let message = "no private key found in the PEM text; one begins with `-----BEGIN PRIVATE KEY-----`";
            return Err(Error::usage(message));
        }
    };
    Ok((certificates(certificate)?, key))
}

/// The client's own certificate, if it has one, and whether a server has asked for it.
#[derive(Debug)]
pub(super) struct ClientAuth {
    key: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl ClientAuth {
    /// Checks that certificate and key belong together.
    pub(super) fn new(identity: Option<Identity>) -> Result<Self, Error> {
        let unfit = |error: rustls::Error| {
            let message = format!("the client certificate and its key cannot be used together: {error}");
            Error::usage(message).with_source(error)
        };
        let key = match identity {
            Some((chain, key)) => Some(Arc::new(CertifiedKey::from_der(chain, key, &provider()).map_err(unfit)?)),
            None => None,
        };
        Ok(Self { key, asked: AtomicBool::new(false) })
    }

    /// A reply has come: what the server asked for it has got, or can do without.
    pub(super) fn satisfied(&self) {
        if self.asked.load(Relaxed) {
            self.asked.store(false, Relaxed);
        }
    }

    /// What to add to the message of a connection that broke. Over HTTP/2 the server's own word does not reach us.
    pub(super) fn hint(&self) -> Option<&'static str> {
        let asked = self.asked.load(Relaxed);
        asked.then_some(match self.key {
            None => "the server asks for a client certificate; give one as `client_certificate_pem`",
            Some(_) => "perhaps the server does not accept the client certificate, for which it had asked",
        })
    }
}

impl ResolvesClientCert for ClientAuth {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Relaxed);
        self.key.clone()
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}

/// The configuration of a client: TLS 1.2 and newer, over `ring`.
pub(super) fn config(
    roots: Vec<CertificateDer<'static>>,
    auth: Arc<ClientAuth>,
    protocols: &[&[u8]],
) -> Result<ClientConfig, Error> {
    let failed = |error: rustls::Error| Error::usage(format!("TLS cannot be set up: {error}")).with_source(error);
    let unfit = |error: rustls::Error| {
        Error::usage(format!("the authority's certificate cannot be used: {error}")).with_source(error)
    };
    let verifier = if roots.is_empty() { system_roots() } else { Arc::new(with_roots(roots).map_err(unfit)?) };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = builder.with_client_cert_resolver(auth);
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

/// The system's trust store, which all clients share. Reading it takes milliseconds and a megabyte, and a client that speaks
/// plain HTTP never asks for it: so it is read at the first handshake.
fn system_roots() -> Roots {
    Arc::new(SystemRoots)
}

#[derive(Debug)]
struct SystemRoots;

impl SystemRoots {
    fn read(&self) -> &'static Roots {
        static ROOTS: OnceLock<Roots> = OnceLock::new();
        // Read outside of the lock: a fork in the middle would leave it locked in the child.
        ROOTS.get().unwrap_or_else(|| {
            let read = Self::read_now();
            ROOTS.get_or_init(|| read)
        })
    }

    fn read_now() -> Roots {
        let named = named_roots();
        let verifier = if named.is_empty() { Verifier::new(provider()) } else { with_roots(named) };
        match verifier {
            Ok(verifier) => Arc::new(verifier),
            Err(_) => Arc::new(NoRoots),
        }
    }
}

impl ServerCertVerifier for SystemRoots {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.read().verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.read().verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.read().verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.read().supported_verify_schemes()
    }
}

/// What `SSL_CERT_FILE` names, where the system's own trust store does not look there. Elsewhere it is read below us.
fn named_roots() -> Vec<CertificateDer<'static>> {
    if !cfg!(any(windows, target_vendor = "apple")) {
        return Vec::new();
    }
    let read = |path| std::fs::read(path).ok().and_then(|pem| certificates(&pem).ok());
    std::env::var_os("SSL_CERT_FILE").filter(|path| !path.is_empty()).and_then(read).unwrap_or_default()
}

#[cfg(any(all(unix, not(target_os = "android")), windows))]
fn with_roots(roots: Vec<CertificateDer<'static>>) -> Result<Verifier, rustls::Error> {
    Verifier::new_with_extra_roots(roots, provider())
}

#[cfg(not(any(all(unix, not(target_os = "android")), windows)))]
fn with_roots(_: Vec<CertificateDer<'static>>) -> Result<Verifier, rustls::Error> {
    Err(rustls::Error::General("this system takes no further root certificates".to_owned()))
}

/// Stands in where the system has no trust store: plain HTTP works, TLS says what is missing.
#[derive(Debug)]
struct NoRoots;

impl NoRoots {
    fn refuse<T>() -> Result<T, rustls::Error> {
        let message = match std::env::var_os("SSL_CERT_FILE") {
            Some(file) => format!("no certificate can be read from {}, which SSL_CERT_FILE names", file.display()),
            None => "this system has no root certificates; install them (often `ca-certificates`), or give some as \
                     `ca_certificate_pem`"
                .to_owned(),
        };
        Err(rustls::Error::General(message))
    }
}

impl ServerCertVerifier for NoRoots {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Self::refuse()
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Self::refuse()
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Self::refuse()
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocols_are_offered_as_asked() {
        let auth = Arc::new(ClientAuth::new(None).unwrap());
        let config = config(Vec::new(), auth, &[b"h2", b"http/1.1"]).unwrap();
        assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    }

    #[test]
    fn an_encrypted_key_is_told_as_such() {
        let pem = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert!(identity(pem, pem).unwrap_err().message().contains("encrypted"));
    }

    #[test]
    fn text_without_certificates_is_a_usage_error() {
        for pem in [&b""[..], b"canary", b"-----BEGIN CERTIFICATE-----\ncanary"] {
            let error = certificates(pem).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Usage);
            assert!(!format!("{error:?}").contains("canary"));
            assert!(identity(pem, pem).is_err());
        }
    }
}
