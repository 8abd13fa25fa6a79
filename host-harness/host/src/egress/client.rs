//! The transport of production.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::{Instant, timeout_at};

use super::answer::{self, MAX_HEAD_BYTES};
use super::connector::{Connector, Dialer};
use super::destination::Destination;
use super::grant;
use super::headers::{MAX_HEADER_BYTES, MAX_HEADERS, of_the_connection};
use super::resolve::Resolver;
use super::traffic::{Counters, Traffic};
use crate::transport::{BoxFuture, SendError, Transport};

/// How many bytes the body of a request may have.
pub const MAX_REQUEST_BODY: usize = 1024 * 1024;

/// What the host may add to the headers of a plugin: an access token of several kilobytes, mostly.
const HOST_HEADERS: usize = 8;
const HOST_HEADER_BYTES: usize = 16 * 1024;

/// A dead HTTP/2 connection swallows every request until its deadline; a ping that is not answered
/// finds out sooner. Only while requests are in flight, as an idle connection costs nobody anything.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_WITHIN: Duration = Duration::from_secs(10);

/// Whom to believe that a server is who it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    /// The machine's certificate authorities, read once when the client is made.
    #[default]
    System,
    /// These authorities and no other.
    Only(Vec<CertificateDer<'static>>),
}

/// How a [`Client`] connects and how much it takes.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// The certificate authorities. The machine's by default.
    pub trust: Trust,
    /// The largest body of an answer, in bytes. 8 MiB by default.
    pub max_answer: usize,
    /// For one attempt at one address. 3 seconds by default.
    pub connect_attempt: Duration,
    /// For a whole connection: name, every address in turn, TLS. 10 seconds by default.
    pub connect: Duration,
    /// How long a connection is kept without use. 60 seconds by default, which is less than what
    /// servers and NATs commonly grant.
    pub idle: Duration,
    /// How many unused connections are kept for each origin. 128 by default.
    pub idle_per_origin: usize,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            trust: Trust::System,
            max_answer: 8 * 1024 * 1024,
            connect_attempt: Duration::from_secs(3),
            connect: Duration::from_secs(10),
            idle: Duration::from_mins(1),
            idle_per_origin: 128,
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The machine has no usable certificate authority; what was found wrong, if anything.
    #[error("no certificate authority was found on this machine: {0}")]
    NoRoots(String),
    /// TLS cannot be set up, or a given authority is no certificate.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// Sends requests over pooled HTTPS connections, HTTP/2 where the server offers it, under the
/// egress rules. Must be used within a tokio runtime, and is meant to live as long as the process.
///
/// # What it refuses, whoever asks
/// Anything but https; a user name in the URL; a host that is an address in an unusual spelling; a
/// destination with a [forbidden](super::forbidden) address; a body above [`MAX_REQUEST_BODY`];
/// headers above a plugin's limits and some room for the host's; headers that frame the message or
/// describe the connection. What a plugin may not say but the host may (`Authorization`) is up to
/// [`admit_headers`](super::admit_headers), and what is granted up to [`Grant`](super::Grant).
///
/// # What it never does
/// Follow a redirect, use a proxy from the environment, keep a cookie, decompress, or repeat a
/// request that may have had an effect. There is one repetition that cannot have had one: a
/// connection of the pool turns out to be closed before it took the request from the queue, and
/// gives it back unwritten (hyper's `retry_canceled_requests`). The next connection gets it then,
/// within the same deadline; each time uses up a dead connection, and one that was just opened is
/// never tried twice.
///
/// # Which error
/// [`NotSent`](SendError::NotSent) until a connection was handed the request, the deadline included,
/// and when the connection gave it back unwritten; from then on
/// [`NoAnswer`](SendError::NoAnswer), [`TooLarge`](SendError::TooLarge) or
/// [`Deadline`](SendError::Deadline). Dropping the future abandons the request: its HTTP/1
/// connection is closed, its HTTP/2 stream reset.
///
/// # What it logs
/// Two events at level debug and target `video_host::step`, with the host and nothing else of the
/// request: `http.before-send` when nothing was sent yet, `http.answered` when the answer is
/// complete.
#[derive(Debug)]
pub struct Client {
    http: legacy::Client<Connector, Full<Bytes>>,
    counters: Arc<Counters>,
    max_answer: usize,
}

impl Client {
    /// Connects to where `resolver` says. Reads the machine's certificates, so this can take some
    /// milliseconds; nothing is connected yet.
    pub fn new(resolver: Arc<dyn Resolver>, options: ClientOptions) -> Result<Self, ClientError> {
        let tls = tls(options.trust)?;
        let counters = Arc::new(Counters::default());
        let dialer = Dialer { resolver, counters: Arc::clone(&counters), attempt: options.connect_attempt };
        let http = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(options.idle)
            .pool_max_idle_per_host(options.idle_per_origin)
            .retry_canceled_requests(true)
            .http1_max_buf_size(MAX_HEAD_BYTES as usize)
            .http2_max_header_list_size(MAX_HEAD_BYTES)
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_WITHIN)
            .build(Connector::new(dialer, tls, options.connect));
        Ok(Self { http, counters, max_answer: options.max_answer })
    }

    /// What went over the wire so far.
    pub fn traffic(&self) -> Traffic {
        self.counters.snapshot()
    }

    async fn exchange(
        &self,
        mut request: Request<Bytes>,
        deadline: Instant,
    ) -> Result<Response<Bytes>, SendError> {
        admit(&request).map_err(SendError::Denied)?;
        if Instant::now() >= deadline {
            return Err(SendError::NotSent("the time was over before anything was sent".to_owned()));
        }
        // What is spoken is settled with the server; a request that insists on it can only fail.
        *request.version_mut() = http::Version::HTTP_11;
        let to_head = request.method() == Method::HEAD;
        let room = request.extensions().get().cloned();
        let origin = request.uri().authority().cloned();
        let host = origin.as_ref().map_or("", |authority| authority.host());

        let mut request = request.map(Full::new);
        let connection = capture_connection(&mut request);
        tracing::debug!(target: "video_host::step", step = "http.before-send", host);
        let answered = async {
            let response = self.http.request(request).await.map_err(|e| answer::failure(&e))?;
            answer::read(response, self.max_answer, room, to_head).await
        };
        let result = timeout_at(deadline, answered).await.unwrap_or_else(|_| {
            Err(match *connection.connection_metadata() {
                Some(_) => SendError::Deadline,
                None => SendError::NotSent("the time was over before there was a connection".to_owned()),
            })
        });
        if result.is_ok() {
            tracing::debug!(target: "video_host::step", step = "http.answered", host);
        }
        result
    }
}

impl Transport for Client {
    fn send(
        &self,
        request: Request<Bytes>,
        deadline: Instant,
    ) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        Box::pin(self.exchange(request, deadline))
    }
}

/// What can be refused by looking at the request alone.
fn admit(request: &Request<Bytes>) -> Result<(), String> {
    admit_uri(request.uri())?;
    // It would be a tunnel to wherever the server likes.
    if request.method() == Method::CONNECT {
        return Err("the method CONNECT is not allowed".to_owned());
    }
    let headers = request.headers();
    if let Some(name) = headers.keys().find_map(|name| of_the_connection(name.as_str())) {
        return Err(format!("the header `{name}` belongs to the connection"));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_HEADERS + HOST_HEADERS || bytes > MAX_HEADER_BYTES + HOST_HEADER_BYTES {
        return Err(format!("the request has too many headers: {} of {bytes} bytes", headers.len()));
    }
    let body = request.body().len();
    if body > MAX_REQUEST_BODY {
        return Err(format!("the body has {body} bytes, and {MAX_REQUEST_BODY} are allowed"));
    }
    Ok(())
}

fn admit_uri(uri: &Uri) -> Result<(), String> {
    if uri.scheme() != Some(&http::uri::Scheme::HTTPS) {
        return Err("only https is allowed".to_owned());
    }
    let authority = uri.authority().ok_or_else(|| "the URL has no host".to_owned())?;
    if authority.as_str().contains('@') {
        return Err("a URL with a user name is not allowed".to_owned());
    }
    grant::port(authority).ok_or_else(|| "the URL's port is not one".to_owned())?;
    Destination::parse(authority.host()).map(|_| ())
}

/// TLS 1.2 and 1.3. The provider is passed along and not installed for the process, which belongs
/// to the embedder.
pub fn tls(trust: Trust) -> Result<ClientConfig, ClientError> {
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::Only(authorities) => {
            for authority in authorities {
                roots.add(authority)?;
            }
        }
        Trust::System => {
            let found = rustls_native_certs::load_native_certs();
            // A machine's store commonly holds a few that are too old to be understood.
            let (usable, _) = roots.add_parsable_certificates(found.certs);
            if usable == 0 {
                let reasons: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
                return Err(ClientError::NoRoots(reasons.join("; ")));
            }
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
