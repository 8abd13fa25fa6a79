//! The handle on a running stand-in.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustls::ClientConfig;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::browser::{Browser, SignIn, SignInError};
use crate::clock::Clock;
use crate::config::Config;
use crate::directory::Directory;
use crate::faults::Faults;
use crate::graph::StoredMeeting;
use crate::journal::Journal;
use crate::server;
use crate::shared::Shared;
use crate::tls::{Tls, TlsError};

/// Why a stand-in did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is taken or not this machine's.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate could not be made.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The key that signs tokens could not be made.
    #[error("the signing key could not be made")]
    SigningKey,
}

/// A running stand-in for Microsoft's login and Graph.
///
/// Cloning gives another handle on the same one; when the last handle is dropped it stops.
#[derive(Clone, Debug)]
pub struct MockGraph(Arc<Running>);

#[derive(Debug)]
struct Running {
    shared: Arc<Shared>,
    address: SocketAddr,
    ca_pem: String,
    client: Arc<ClientConfig>,
    stop: CancellationToken,
    connections: TaskTracker,
    _stops_with_the_last_handle: DropGuard,
}

impl MockGraph {
    /// Starts listening, on [`Config::listen`]. Must be called within a tokio runtime.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let listener = TcpListener::bind(config.listen).await;
        let listen_error = |source| StartError::Listen { address: config.listen, source };
        let listener = listener.map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let tls = Tls::new(&config.extra_host_names)?;
        let shared = Arc::new(Shared::new(config).map_err(|_| StartError::SigningKey)?);
        let stop = CancellationToken::new();
        let connections = TaskTracker::new();
        connections.spawn(server::accept(
            listener,
            TlsAcceptor::from(tls.server),
            Arc::clone(&shared),
            stop.clone(),
            connections.clone(),
        ));
        Ok(Self(Arc::new(Running {
            shared,
            address,
            ca_pem: tls.ca_pem,
            client: tls.client,
            _stops_with_the_last_handle: stop.clone().drop_guard(),
            stop,
            connections,
        })))
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.0.address
    }

    /// The root certificate to trust, PEM. It is made anew at every start.
    pub fn ca_pem(&self) -> &str {
        &self.0.ca_pem
    }

    /// Tenants, people and applications, to look at and to change.
    pub fn directory(&self) -> &Directory {
        &self.0.shared.directory
    }

    /// Every meeting that exists now, in order of creation.
    pub fn meetings(&self) -> Vec<StoredMeeting> {
        self.0.shared.meetings.all()
    }

    /// Forgets every meeting, so that a long measurement ends with the memory it began with.
    pub fn forget_meetings(&self) {
        self.0.shared.meetings.clear();
    }

    /// Faults, to inject and to clear.
    pub fn faults(&self) -> &Faults {
        &self.0.shared.faults
    }

    /// What was received and answered.
    pub fn journal(&self) -> &Journal {
        &self.0.shared.journal
    }

    /// The clock everything follows.
    pub fn clock(&self) -> &Clock {
        &self.0.shared.clock
    }

    /// Makes every answer take this much longer.
    pub fn set_latency(&self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.0.shared.latency_ns.store(nanoseconds, Ordering::Relaxed);
    }

    /// Every access token, refresh token, id token and authorization code ever issued, and every
    /// client secret, assertion and code verifier ever received: tests look for them where they
    /// must not be.
    pub fn issued_secrets(&self) -> Vec<String> {
        self.0.shared.secrets.all()
    }

    /// Of these, the access and refresh tokens: what a plugin must never hold.
    pub fn issued_tokens(&self) -> Vec<String> {
        self.0.shared.secrets.tokens()
    }

    /// Plays the browser: opens the authorize (or adminconsent) URL at this stand-in, whatever
    /// address its host has elsewhere, fills the forms, and gives the URL the browser is sent
    /// back to, with `code` and `state`, or `error`.
    pub async fn sign_in(&self, authorize_url: &str, script: SignIn) -> Result<String, SignInError> {
        let browser = Browser { server: self.0.address, tls: Arc::clone(&self.0.client) };
        browser.sign_in(authorize_url, &script).await
    }

    /// TCP connections accepted since the start.
    pub fn connections_opened(&self) -> u64 {
        self.0.shared.connections.load(Ordering::Relaxed)
    }

    /// Stops listening, closes every connection and waits until they are closed. Parked requests
    /// are let go.
    pub async fn shutdown(&self) {
        self.faults().clear();
        self.0.stop.cancel();
        self.0.connections.close();
        self.0.connections.wait().await;
    }
}
