//! TLS with an authority of its own, made anew in every process, and a certificate for everything a client must judge.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use serde::Deserialize;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the good certificates are for.
const NAMES: [&str; 6] = ["localhost", "127.0.0.1", "::1", "2001:db8::1", "api.test", "*.api.test"];

/// How a server speaks TLS. It does so on every connection that begins with a handshake.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// The certificate it shows.
    pub certificate: Shown,
    /// What it asks of the client.
    pub client_certificate: Asked,
    /// Protocols it offers; default `h2` and `http/1.1`.
    pub alpn: Option<Vec<String>>,
}

/// A server's certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Signed by the test authority, for the names that the server is called by.
    #[default]
    Good,
    /// The same, but its time is over.
    Expired,
    /// The same, but its time has not come.
    NotYetValid,
    /// For another name.
    WrongHost,
    /// Signed by an authority that nobody was told of.
    UnknownAuthority,
    /// Signed by itself.
    SelfSigned,
}

/// What a server asks of a client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Nothing.
    #[default]
    Nothing,
    /// A certificate of the test authority.
    Required,
}

/// A certificate and its key, both PEM.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

/// The test authority and what it has signed. Each process has its own; none is worth anything elsewhere.
#[derive(Debug)]
pub struct Certificates {
    /// The authority's certificate, PEM: who trusts it trusts the mock servers of this process.
    pub authority: String,
    /// The certificate of the other authority, PEM, by which the unknown ones are signed.
    pub unknown_authority: String,
    /// A client's certificate that the servers accept.
    pub client: Pair,
    /// A client's certificate of an authority that the servers do not know.
    pub unknown_client: Pair,
    servers: Vec<(Shown, Pair)>,
}

impl Certificates {
    /// Those of this process.
    ///
    /// # Panics
    /// If the system gives no random numbers: no test can go on then.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Certificates> = OnceLock::new();
        SHARED.get_or_init(|| Self::make().unwrap_or_else(|e| panic!("cannot make certificates: {e}")))
    }

    fn make() -> Result<Self, rcgen::Error> {
        let (unknown_authority, unknown) = authority("Unknown test authority")?;
        let (authority, issuer) = authority("Threadline test authority")?;
        let now = SystemTime::now();
        let valid = (now - DAY, now + 30 * DAY);
        let server = |names: &[&str], time, issuer: Option<&Issuer<'_, KeyPair>>| {
            leaf(names, time, ExtendedKeyUsagePurpose::ServerAuth, issuer)
        };
        let client = |issuer| leaf(&["client.test"], valid, ExtendedKeyUsagePurpose::ClientAuth, Some(issuer));
        Ok(Self {
            authority,
            unknown_authority,
            client: client(&issuer)?,
            unknown_client: client(&unknown)?,
            servers: vec![
                (Shown::Good, server(&NAMES, valid, Some(&issuer))?),
                (Shown::Expired, server(&NAMES, (now - 30 * DAY, now - DAY), Some(&issuer))?),
                (Shown::NotYetValid, server(&NAMES, (now + DAY, now + 30 * DAY), Some(&issuer))?),
                (Shown::WrongHost, server(&["elsewhere.test"], valid, Some(&issuer))?),
                (Shown::UnknownAuthority, server(&NAMES, valid, Some(&unknown))?),
                (Shown::SelfSigned, server(&NAMES, valid, None)?),
            ],
        })
    }

    fn server(&self, shown: Shown) -> Option<&Pair> {
        self.servers.iter().find(|(kind, _)| *kind == shown).map(|(_, pair)| pair)
    }
}

fn authority(name: &str) -> Result<(String, Issuer<'static, KeyPair>), rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), Issuer::new(params, key)))
}

fn leaf(
    names: &[&str],
    (from, until): (SystemTime, SystemTime),
    purpose: ExtendedKeyUsagePurpose,
    issuer: Option<&Issuer<'_, KeyPair>>,
) -> Result<Pair, rcgen::Error> {
    let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, names[0]);
    (params.not_before, params.not_after) = (from.into(), until.into());
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    let key = KeyPair::generate()?;
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer)?,
        None => params.self_signed(&key)?,
    };
    Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}

impl Tls {
    /// The server's configuration.
    ///
    /// # Errors
    /// Says what is wrong with it; with certificates made here nothing is.
    pub(crate) fn config(&self) -> Result<ServerConfig, String> {
        let all = Certificates::shared();
        let pair = all.server(self.certificate).ok_or("there is no such certificate")?;
        let text = |e: rustls::Error| e.to_string();
        let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).map_err(|e| e.to_string())?];
        let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).map_err(|e| e.to_string())?;
        let builder = ServerConfig::builder_with_provider(provider());
        let builder = builder.with_safe_default_protocol_versions().map_err(text)?;
        let builder = match self.client_certificate {
            Asked::Nothing => builder.with_no_client_auth(),
            Asked::Required => {
                let mut roots = RootCertStore::empty();
                let authority = CertificateDer::from_pem_slice(all.authority.as_bytes()).map_err(|e| e.to_string())?;
                roots.add(authority).map_err(text)?;
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider());
                builder.with_client_cert_verifier(verifier.build().map_err(|e| e.to_string())?)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(text)?;
        config.alpn_protocols = match &self.alpn {
            Some(names) => names.iter().map(|name| name.clone().into_bytes()).collect(),
            None => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        };
        Ok(config)
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
