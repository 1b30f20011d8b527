//! SOCKS 5 (RFC 1928, its sign-in RFC 1929): what a client asks of such a proxy, as the `CONNECT` that it means.

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Gone, Head, socket::Socket};

/// The first byte of a client that speaks it.
pub(super) const VERSION: u8 = 5;

const NO_SIGN_IN: u8 = 0;
const PASSWORD: u8 = 2;
const CONNECT: u8 = 1;

/// Reads the conversation up to the request. Credentials stand in `proxy-authorization`, as HTTP has them.
pub(super) async fn ask(socket: &mut Socket) -> Result<Head, Gone> {
    let hello = take(socket, 2).await?;
    let methods = take(socket, hello[1].into()).await?;
    let method = if methods.contains(&PASSWORD) { PASSWORD } else { NO_SIGN_IN };
    socket.write(&[VERSION, method]).await?;
    let mut headers = Vec::new();
    if method == PASSWORD {
        let _version = take(socket, 1).await?;
        let (user, password) = (text(socket).await?, text(socket).await?);
        socket.write(&[1, 0]).await?;
        let credentials = STANDARD.encode([user, vec![b':'], password].concat());
        headers.push(("proxy-authorization".to_owned(), format!("Basic {credentials}")));
    }
    let asked = take(socket, 4).await?;
    if asked[1] != CONNECT {
        return Err(Gone);
    }
    let host = match asked[3] {
        1 => Ipv4Addr::from(array(take(socket, 4).await?)?).to_string(),
        4 => format!("[{}]", Ipv6Addr::from(array::<16>(take(socket, 16).await?)?)),
        _ => String::from_utf8_lossy(&text(socket).await?).into_owned(),
    };
    let port = u16::from_be_bytes(array(take(socket, 2).await?)?);
    let mut head = Head { version: "socks5", verb: "CONNECT".to_owned(), headers, ..Head::default() };
    head.set_target(&format!("{host}:{port}"));
    Ok(head)
}

/// The answer that a status of HTTP means.
pub(super) fn answer(status: u16) -> [u8; 10] {
    let code = match status {
        200..=299 => 0,
        403 => 2,
        404 => 4,
        502 => 5,
        _ => 1,
    };
    [VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

fn array<const N: usize>(bytes: Vec<u8>) -> Result<[u8; N], Gone> {
    bytes.try_into().map_err(|_| Gone)
}

async fn take(socket: &mut Socket, count: usize) -> Result<Vec<u8>, Gone> {
    while socket.buffer.len() < count {
        socket.fill().await?;
    }
    Ok(socket.buffer.split_to(count).to_vec())
}

/// A text behind its length.
async fn text(socket: &mut Socket) -> Result<Vec<u8>, Gone> {
    let length = take(socket, 1).await?[0];
    take(socket, length.into()).await
}
