//! TLS: the system's trust store, read once a process, and what the user adds to it.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
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
        Ok(_) => Err(Error::usage("no certificate found in the PEM text")),
        Err(_) => Err(Error::usage("the certificates are not valid PEM")),
    }
}

/// Reads a private key and the certificates that go with it from PEM.
pub(super) fn identity(pem: &[u8]) -> Result<Identity, Error> {
    let key = PrivateKeyDer::from_pem_slice(pem)
        .map_err(|_| Error::usage("the client certificate needs a private key in the PEM text"))?;
    Ok((certificates(pem)?, key))
}

/// The configuration of a client: TLS 1.2 and newer, over `ring`.
pub(super) fn config(
    roots: Vec<CertificateDer<'static>>,
    identity: Option<Identity>,
    protocols: &[&[u8]],
) -> Result<ClientConfig, Error> {
    let failed = |error: rustls::Error| Error::usage(format!("TLS cannot be set up: {error}")).with_source(error);
    let verifier = if roots.is_empty() { system_roots() } else { Arc::new(with_roots(roots).map_err(failed)?) };
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(failed)?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(config)
}

fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

/// The system's trust store. Reading it takes milliseconds and a megabyte: all clients share one.
fn system_roots() -> Roots {
    static ROOTS: OnceLock<Roots> = OnceLock::new();
    Arc::clone(ROOTS.get_or_init(|| match Verifier::new(provider()) {
        Ok(verifier) => Arc::new(verifier),
        Err(_) => Arc::new(NoRoots),
    }))
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
        let message = "this system has no root certificates; install them (often `ca-certificates`) or give some";
        Err(rustls::Error::General(message.to_owned()))
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
        let config = config(Vec::new(), None, &[b"h2", b"http/1.1"]).unwrap();
        assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    }

    #[test]
    fn text_without_certificates_is_a_usage_error() {
        for pem in [&b""[..], b"canary", b"-----BEGIN CERTIFICATE-----\ncanary"] {
            let error = certificates(pem).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Usage);
            assert!(!format!("{error:?}").contains("canary"));
            assert!(identity(pem).is_err());
        }
    }
}
