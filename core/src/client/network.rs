//! Settings of a client that concern the network: proxies, certificates, addresses.
//!
//! They are those of the default transport; a transport of one's own does not look at them. The guide
//! `docs/guide/networks.md` tells what the environment adds.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use super::ClientBuilder;
use crate::error::Error;
use crate::transport::ReqwestTransportBuilder;

impl ClientBuilder {
    /// Longest time for name, TCP and TLS together, within the total time. Default 5 s.
    pub fn connect_timeout(self, limit: Duration) -> Self {
        self.network(|network| network.connect_timeout(limit))
    }

    /// Trusts these certificate authorities (PEM, one or many) besides the system's: those of an organisation, of a test
    /// server, of a proxy that looks into connections. May be called several times.
    pub fn ca_certificate_pem(self, pem: impl Into<Vec<u8>>) -> Self {
        self.network(|network| network.ca_certificate_pem(pem))
    }

    /// As [`ca_certificate_pem`](Self::ca_certificate_pem), from a file.
    pub fn ca_certificate_file(self, path: impl AsRef<Path>) -> Self {
        let pem = read(path.as_ref(), "the authority's certificate");
        self.network(|network| or_note(network, pem, |network, pem| network.ca_certificate_pem(pem)))
    }

    /// Shows this certificate to servers that ask for one (mutual TLS): the chain and its private key, both PEM.
    pub fn client_certificate_pem(self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.network(|network| network.client_certificate_pem(certificate, key))
    }

    /// As [`client_certificate_pem`](Self::client_certificate_pem), from two files, or from one named twice.
    pub fn client_certificate_files(self, certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Self {
        let pair = read(certificate.as_ref(), "the client certificate")
            .and_then(|certificate| Ok((certificate, read(key.as_ref(), "the client certificate's key")?)));
        self.network(|network| or_note(network, pair, |network, (pem, key)| network.client_certificate_pem(pem, key)))
    }

    /// Sends everything through this proxy, instead of those of the environment and the system:
    /// `http://user:password@proxy.example:3128`. See [`ReqwestTransportBuilder::proxy`].
    pub fn proxy(self, url: impl Into<String>) -> Self {
        self.network(|network| network.proxy(url))
    }

    /// Reaches these hosts without a proxy: a list with commas, as in `NO_PROXY`. See
    /// [`ReqwestTransportBuilder::no_proxy`].
    pub fn no_proxy(self, hosts: impl Into<String>) -> Self {
        self.network(|network| network.no_proxy(hosts))
    }

    /// Whether the proxies of the environment and the system are used where [`proxy`](Self::proxy) names none. Default
    /// on.
    pub fn system_proxy(self, on: bool) -> Self {
        self.network(|network| network.system_proxy(on))
    }

    /// Reaches this host at these addresses instead of asking for its name; the port is that of the URL.
    pub fn resolve(self, host: impl Into<String>, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.network(|network| network.resolve(host, addresses))
    }

    /// Changes the settings of the default transport, which has more of them: connection pool, HTTP versions.
    pub fn network(mut self, change: impl FnOnce(ReqwestTransportBuilder) -> ReqwestTransportBuilder) -> Self {
        self.network = change(self.network);
        self
    }
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|error| {
        let message = format!("{what} cannot be read from {}: {error}", path.display());
        Error::usage(message).with_source(error)
    })
}

/// The settings changed by what was read, or with the note that nothing could be.
fn or_note<T>(
    mut network: ReqwestTransportBuilder,
    read: Result<T, Error>,
    change: impl FnOnce(ReqwestTransportBuilder, T) -> ReqwestTransportBuilder,
) -> ReqwestTransportBuilder {
    match read {
        Ok(value) => change(network, value),
        Err(problem) => {
            network.note(problem);
            network
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Client, ErrorKind};

    #[test]
    fn a_file_that_cannot_be_read_is_named_when_the_client_is_built() {
        let builder = Client::builder().api_key("k").ca_certificate_file("/nowhere/ca.pem").proxy("http://p:1");
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert!(error.message().contains("/nowhere/ca.pem"), "{error}");
    }

    #[test]
    fn a_proxys_password_and_a_private_key_are_not_shown() {
        let builder = Client::builder()
            .proxy("http://canary:canary@p:1")
            .client_certificate_pem("c", "-----BEGIN PRIVATE KEY-----\ncanary")
            .network(|network| {
                assert!(!format!("{network:?}").contains("canary"));
                network
            });
        assert!(!format!("{builder:?}").contains("canary"));
        let error = builder.api_key("k").build().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
