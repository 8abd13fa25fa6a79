//! Opens connections: resolves, checks, dials, counts, and speaks TLS.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower_service::Service;

use super::address::forbidden;
use super::destination::Destination;
use super::resolve::{Resolved, Resolver};
use super::traffic::{CountedStream, Counters};

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    /// There must not be one.
    #[error("{0}")]
    Refused(String),
    /// There could not be one this time.
    #[error("{0}")]
    Failed(String),
}

type Dialing<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// TCP and TLS together, bounded in time: an attempt that the request no longer waits for (another
/// connection was free sooner) is finished in the background, where no request's deadline ends it.
#[derive(Clone)]
pub(super) struct Connector {
    https: HttpsConnector<Dialer>,
    within: Duration,
}

impl Connector {
    pub(super) fn new(dialer: Dialer, tls: ClientConfig, within: Duration) -> Self {
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_all_versions()
            .wrap_connector(dialer);
        Self { https, within }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<CountedStream>>;
    type Error = BoxError;
    type Future = Dialing<Self::Response, BoxError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, within) = (self.https.call(uri), self.within);
        Box::pin(async move {
            timeout(within, connecting).await.unwrap_or_else(|_| {
                Err(DialError::Failed(format!("there was no connection within {within:?}")).into())
            })
        })
    }
}

/// TCP alone.
#[derive(Clone)]
pub(super) struct Dialer {
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) counters: Arc<Counters>,
    /// For each address of a name.
    pub(super) attempt: Duration,
}

impl Service<Uri> for Dialer {
    type Response = TokioIo<CountedStream>;
    type Error = DialError;
    type Future = Dialing<Self::Response, DialError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dialer = self.clone();
        Box::pin(async move {
            let host = uri.host().unwrap_or_default();
            let port = uri.port_u16().unwrap_or(443);
            let addresses = match Destination::parse(host).map_err(DialError::Refused)? {
                Destination::Address(ip) => vec![SocketAddr::new(ip, port)],
                Destination::Name(name) => {
                    let name = name.to_ascii_lowercase();
                    let resolved = dialer.resolver.resolve(&name).await;
                    checked(resolved.map_err(|error| unresolved(&name, &error))?, &name, port)?
                }
            };
            let stream = dial(&addresses, dialer.attempt).await.map_err(DialError::Failed)?;
            Ok(TokioIo::new(CountedStream::new(stream, dialer.counters)))
        })
    }
}

fn unresolved(name: &str, error: &io::Error) -> DialError {
    let words = format!("{name} was not resolved: {error}");
    match error.kind() {
        io::ErrorKind::PermissionDenied => DialError::Refused(words),
        _ => DialError::Failed(words),
    }
}

/// The addresses to try, in order, if not one of those that came back is forbidden.
fn checked(resolved: Resolved, name: &str, port: u16) -> Result<Vec<SocketAddr>, DialError> {
    let addresses = match resolved {
        Resolved::Route(address) => return Ok(vec![address]),
        Resolved::Addresses(addresses) => addresses,
    };
    if let Some(range) = addresses.iter().find_map(|ip| forbidden(*ip)) {
        let words = format!("{name} leads to an address that is {range}, which is never allowed");
        return Err(DialError::Refused(words));
    }
    if addresses.is_empty() {
        return Err(DialError::Failed(format!("{name} has no address")));
    }
    Ok(alternating(addresses.into_iter().map(|ip| SocketAddr::new(ip, port))))
}

/// The resolver's order, but with the two families by turns (RFC 8305, 4): where one of them is
/// broken, that costs one attempt and not one for each of its addresses.
fn alternating(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut addresses = addresses.peekable();
    let v6_first = addresses.peek().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.partition(|address| address.is_ipv6() == v6_first);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut ordered = Vec::with_capacity(first.len() + second.len());
    while first.len() + second.len() > 0 {
        ordered.extend(first.next());
        ordered.extend(second.next());
    }
    ordered
}

/// A connection to the first of these addresses that takes one, or why the last did not. Failures
/// do not say which address it was: that is nothing a plugin could use.
async fn dial(addresses: &[SocketAddr], attempt: Duration) -> Result<TcpStream, String> {
    let mut failure = String::new();
    for address in addresses {
        match timeout(attempt, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Without this, a request of two segments waits for a delayed acknowledgement. It
                // fails on a connection that is gone already, as TLS is about to find out.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => failure = error.to_string(),
            Err(_) => failure = format!("the server did not take the connection within {attempt:?}"),
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tokio::net::TcpListener;

    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn one_forbidden_address_among_good_ones_refuses_the_name_wherever_it_stands() {
        for bad in ["10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "fd00:ec2::254"] {
            for list in
                [[bad, "8.8.8.8", "2603::1"], ["8.8.8.8", bad, "2603::1"], ["8.8.8.8", "2603::1", bad]]
            {
                let refusal = checked(Resolved::Addresses(ips(&list)), "a.example", 443).unwrap_err();
                assert!(matches!(refusal, DialError::Refused(_)), "{list:?}");
                assert!(!refusal.to_string().contains(bad), "{refusal}");
            }
        }
    }

    #[test]
    fn good_addresses_are_all_tried_and_nothing_else_is() {
        let resolved = Resolved::Addresses(ips(&["2603::1", "2603::2", "2603::3", "8.8.8.8"]));
        let tried = checked(resolved, "a.example", 8443).unwrap();
        let expected = ["[2603::1]:8443", "8.8.8.8:8443", "[2603::2]:8443", "[2603::3]:8443"];
        assert_eq!(tried, expected.map(|text| text.parse::<SocketAddr>().unwrap()));
    }

    #[test]
    fn a_name_without_an_address_is_a_failure_and_no_refusal() {
        let failure = checked(Resolved::Addresses(Vec::new()), "a.example", 443).unwrap_err();
        assert!(matches!(failure, DialError::Failed(_)));
    }

    #[tokio::test]
    async fn an_address_that_refuses_the_connection_is_passed_over_for_the_next() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let open = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let reached = open.local_addr().unwrap();

        let stream = dial(&[closed, reached], Duration::from_secs(5)).await.unwrap();

        assert_eq!(stream.peer_addr().unwrap(), reached);
        assert!(stream.nodelay().unwrap());
        assert!(dial(&[closed], Duration::from_secs(5)).await.is_err());
    }
}
