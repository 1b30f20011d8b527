//! What an HTTP library's error means: where the exchange failed, and what its user can do about it.

use std::error::Error as StdError;

use rustls::{AlertDescription, CertificateError};

use super::{TransportError, TransportErrorKind, describe};

/// The failure of a request that got no reply's head. `hint` says what may be behind a connection that broke.
pub(super) fn sending(error: reqwest::Error, hint: Option<&str>) -> TransportError {
    let host = host_of(error.url());
    let error = error.without_url();
    if error.is_builder() {
        let message = format!("the request cannot be sent: {}", describe(&error));
        return TransportError::new(TransportErrorKind::Request, message).with_source(error);
    }
    // Only while connecting: a connection given up by the kernel says "timed out" too.
    if error.is_connect() && error.is_timeout() {
        return late(&host).with_source(error);
    }
    let stage = if error.is_connect() { Stage::Connect } else { Stage::Send };
    failed(error, stage, &host, hint)
}

/// Where an exchange without a reply's head has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// While the connection was made.
    Connect,
    /// After it stood.
    Send,
}

/// No connection in time.
pub(super) fn late(host: &str) -> TransportError {
    let message = format!("no connection to {host} within the connect timeout");
    TransportError::new(TransportErrorKind::ConnectTimeout, message)
}

/// As [`sending`], for the failures of any library.
pub(super) fn failed(
    error: impl StdError + Send + Sync + 'static,
    stage: Stage,
    host: &str,
    hint: Option<&str>,
) -> TransportError {
    let (kind, mut message) = explain(&error, stage, host);
    if let (TransportErrorKind::Send | TransportErrorKind::Connect, Some(hint)) = (kind, hint) {
        message.push_str("; ");
        message.push_str(hint);
    }
    TransportError::new(kind, message).with_source(error)
}

fn explain(error: &(dyn StdError + 'static), stage: Stage, host: &str) -> (TransportErrorKind, String) {
    if let Some(message) = find_upload(error) {
        return (TransportErrorKind::Upload, message);
    }
    if let Some(why) = causes(error).filter_map(tls_error).find_map(|found| refusal(found, host)) {
        return (TransportErrorKind::Tls, format!("TLS to {host} failed: {why}"));
    }
    if let Some(found) = causes(error).map(ToString::to_string).find_map(|text| tunnel(&text, host)) {
        return found;
    }
    if let Some(reason) = objection(error) {
        let message = format!("{host} objects to the request on the level of HTTP/2: {reason}");
        return (TransportErrorKind::Objection, message);
    }
    let cause = innermost(error);
    if stage == Stage::Connect {
        return (TransportErrorKind::Connect, format!("no connection to {host}: {cause}"));
    }
    (TransportErrorKind::Send, format!("the connection to {host} broke before the reply came: {cause}"))
}

/// The failure of a reply's body.
pub(super) fn reading(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let message = match find_upload(&error) {
        Some(message) => return TransportError::new(TransportErrorKind::Upload, message).with_source(error),
        None => format!("the connection broke inside the reply: {}", innermost(&error)),
    };
    TransportError::new(TransportErrorKind::Read, message).with_source(error)
}

/// Host and port for error messages; never the path, the query or user information.
fn host_of(url: Option<&reqwest::Url>) -> String {
    match url.and_then(|url| Some((url.host_str()?, url.port()))) {
        Some((host, Some(port))) => format!("{host}:{port}"),
        Some((host, None)) => host.to_owned(),
        None => "the server".to_owned(),
    }
}

/// Why the server reset the stream or sent the connection away, if it would do the same to the same request. A refused
/// stream, an internal error and a server that leaves are like a connection that breaks.
fn objection(error: &(dyn StdError + 'static)) -> Option<h2::Reason> {
    let reason =
        causes(error).find_map(|cause| cause.downcast_ref::<h2::Error>()).filter(|e| e.is_remote())?.reason()?;
    matches!(
        reason,
        h2::Reason::PROTOCOL_ERROR
            | h2::Reason::FLOW_CONTROL_ERROR
            | h2::Reason::FRAME_SIZE_ERROR
            | h2::Reason::COMPRESSION_ERROR
            | h2::Reason::INADEQUATE_SECURITY
            | h2::Reason::HTTP_1_1_REQUIRED
    )
    .then_some(reason)
}

/// What became of a tunnel through a proxy. The library names its outcomes in words only; the network cases pin them.
fn tunnel(text: &str, host: &str) -> Option<(TransportErrorKind, String)> {
    let outcome = text.strip_prefix("tunnel error: ")?;
    let (kind, message) = match outcome {
        "proxy authorization required" => (
            TransportErrorKind::Proxy,
            "the proxy asks for credentials (status 407): give them in its URL, `http://user:password@host:port`"
                .to_owned(),
        ),
        "unsuccessful" => (
            TransportErrorKind::Connect,
            format!("the proxy refused to open a tunnel to {host}; ask its operator whether that host is allowed"),
        ),
        "unexpected end of file" => (
            TransportErrorKind::Connect,
            format!("the proxy closed the connection instead of opening a tunnel to {host}"),
        ),
        // What lies below says more.
        "failed to create underlying connection" | "io error establishing tunnel" => return None,
        other => (TransportErrorKind::Connect, format!("the proxy opened no tunnel to {host}: {other}")),
    };
    Some((kind, message))
}

/// Why TLS came to nothing, if another try would come to the same.
fn refusal(error: &rustls::Error, host: &str) -> Option<String> {
    Some(match error {
        rustls::Error::InvalidCertificate(problem) => certificate(problem, host),
        rustls::Error::AlertReceived(alert) => refused_by_server(*alert)?,
        rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType) => {
            "what answers there does not speak TLS; should the URL begin with `http://`, or name another port?"
                .to_owned()
        }
        rustls::Error::PeerIncompatible(why) => {
            format!("the server speaks no TLS that this client does (1.2 or 1.3): {why:?}")
        }
        rustls::Error::General(_)
        | rustls::Error::InvalidCertRevocationList(_)
        | rustls::Error::NoCertificatesPresented => error.to_string(),
        _ => return None,
    })
}

fn certificate(problem: &CertificateError, host: &str) -> String {
    match problem {
        CertificateError::UnknownIssuer => format!(
            "the certificate of {host} comes from an authority that is not trusted here. If it is your organisation's \
             own, or that of a proxy that looks into connections, give its certificate as `ca_certificate_pem`, or \
             name its file in SSL_CERT_FILE"
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!(
                "the certificate of {host} has expired; its operator has to renew it, unless the clock here is wrong"
            )
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the certificate of {host} is not valid yet; is the clock here right?")
        }
        CertificateError::NotValidForName => format!("the certificate is not for {host}; is the base URL right?"),
        CertificateError::NotValidForNameContext { presented, .. } => {
            // Where an address was asked for, they come as the library writes them for itself: `DnsName("api.test")`.
            let plain: Vec<&str> = presented.iter().map(|name| name.split('"').nth(1).unwrap_or(name)).collect();
            let names = if plain.is_empty() { "no name at all".to_owned() } else { plain.join(", ") };
            format!("the certificate is not for {host} but for {names}; is the base URL right?")
        }
        CertificateError::Revoked => format!("the certificate of {host} has been revoked"),
        CertificateError::BadEncoding => format!("the certificate of {host} cannot be read"),
        other => format!("the certificate of {host} is not accepted: {other}"),
    }
}

/// What the server says against the client, where a client certificate may be the cure.
fn refused_by_server(alert: AlertDescription) -> Option<String> {
    Some(match alert {
        AlertDescription::CertificateRequired => {
            "the server asks for a client certificate; give one as `client_certificate_pem`".to_owned()
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => {
            format!("the server does not accept the client certificate ({alert:?}); it may want another, or one at all")
        }
        AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion => {
            format!("the server refuses the handshake ({alert:?}); it may want a client certificate, or an older TLS")
        }
        AlertDescription::UnrecognisedName => "the server does not know this host name".to_owned(),
        _ => return None,
    })
}

/// The message of the caller's upload source, if that is what failed.
fn find_upload(error: &(dyn StdError + 'static)) -> Option<String> {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<TransportError>())
        .find(|cause| cause.kind() == TransportErrorKind::Upload)
        .map(|cause| cause.message().to_owned())
}

/// The TLS error in a cause. It travels inside `io::Error`s, which hide what they hold from `source`.
fn tls_error<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = cause.downcast_ref() {
        return Some(found);
    }
    let mut inner = cause.downcast_ref::<std::io::Error>()?.get_ref()?;
    loop {
        if let Some(found) = inner.downcast_ref() {
            return Some(found);
        }
        inner = inner.downcast_ref::<std::io::Error>()?.get_ref()?;
    }
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |e: &&'a (dyn StdError + 'static)| (*e).source())
}
