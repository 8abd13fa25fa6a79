//! From a name to addresses.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::transport::BoxFuture;

/// Where a name leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// What the name system says. Every one of them is checked with
    /// [`forbidden`](super::forbidden), and one forbidden address refuses the whole name: somebody
    /// who mixes a private address among public ones is trying his luck.
    Addresses(Vec<IpAddr>),
    /// The embedder's own routing, for instance to a stand-in on loopback. Not checked, and the port
    /// of the URL does not matter. No name system can produce this, only code that the embedder
    /// wrote and handed in; that is also why there is no switch that allows private addresses.
    Route(SocketAddr),
}

/// Resolves names. Asked once for every connection that is opened; the connection then goes to one
/// of the addresses of that very answer.
pub trait Resolver: Send + Sync + 'static {
    /// `host` is a name in lower case, never an address.
    ///
    /// An error of kind [`io::ErrorKind::PermissionDenied`] means that this host is not to be
    /// reached at all ([`SendError::Denied`](crate::transport::SendError::Denied)); every other one
    /// that the name could not be resolved this time
    /// ([`NotSent`](crate::transport::SendError::NotSent)).
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Resolved>>;
}

/// The machine's own resolution of names (`getaddrinfo`): production's. It never routes.
///
/// The system call blocks a thread of the runtime's blocking pool and cannot be called off: a
/// request that is given up stops waiting for it, and the thread is free again when the system's
/// own timeout is over.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Resolved>> {
        Box::pin(async move {
            // The port plays no part in the resolution and is set by whoever connects.
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(Resolved::Addresses(found.map(|address| address.ip()).collect()))
        })
    }
}

/// Fixed routes, for tests and demonstrations. A host without a route is refused.
#[derive(Debug, Default, Clone)]
pub struct StaticRoutes {
    routes: HashMap<String, SocketAddr>,
}

impl StaticRoutes {
    /// Routes each host, in whatever case it is written, to its address.
    pub fn new<H: AsRef<str>>(routes: impl IntoIterator<Item = (H, SocketAddr)>) -> Self {
        let lower = |(host, address): (H, _)| (host.as_ref().to_ascii_lowercase(), address);
        Self { routes: routes.into_iter().map(lower).collect() }
    }
}

impl Resolver for StaticRoutes {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Resolved>> {
        let route = self.routes.get(host).map(|address| Resolved::Route(*address));
        let refused = || io::Error::new(io::ErrorKind::PermissionDenied, "no route leads to this host");
        Box::pin(std::future::ready(route.ok_or_else(refused)))
    }
}
