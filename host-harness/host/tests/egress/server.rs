//! An HTTPS server that does as it is told, and a client that is led to it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use video_host::egress::{Client, ClientOptions, Resolver, StaticRoutes, Trust};
use video_host::transport::{SendError, Transport};

pub(crate) const HOST: &str = "api.example";

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) authority: CertificateDer<'static>,
    requests: Arc<AtomicUsize>,
}

/// A connection after the handshake, for servers that speak by hand.
pub(crate) struct Line {
    pub(crate) stream: TlsStream<TcpStream>,
    requests: Arc<AtomicUsize>,
}

impl Line {
    /// Reads the head of the next request, which must have no body.
    pub(crate) async fn request(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.unwrap());
        }
        self.requests.fetch_add(1, Ordering::SeqCst);
        String::from_utf8(head).unwrap()
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Waits until the client is gone.
    pub(crate) async fn until_closed(&mut self) {
        while matches!(self.stream.read(&mut [0; 1024]).await, Ok(1..)) {}
    }
}

impl Server {
    /// Speaks HTTP properly, offering these protocols.
    pub(crate) async fn http(
        protocols: &[&str],
        answer: impl Fn(Request<Incoming>) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
    ) -> Self {
        Self::start(protocols, move |line| {
            let (answer, requests) = (answer.clone(), line.requests);
            async move {
                let service = service_fn(move |request| {
                    requests.fetch_add(1, Ordering::SeqCst);
                    std::future::ready(Ok::<_, Infallible>(answer(request)))
                });
                let server = auto::Builder::new(TokioExecutor::new());
                // How a connection ends is for the client's side of the test to see.
                let _ = server.serve_connection(TokioIo::new(line.stream), service).await;
            }
        })
        .await
    }

    /// Does with every connection what it is told.
    pub(crate) async fn by_hand<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(Line) -> F + Send + Sync + 'static,
    ) -> Self {
        Self::start(&["http/1.1"], serve).await
    }

    /// Answers the first request of every connection with these bytes, and then waits.
    pub(crate) async fn saying(answer: impl Into<String>) -> Self {
        let answer = Arc::new(answer.into());
        Self::by_hand(move |mut line| {
            let answer = Arc::clone(&answer);
            async move {
                line.request().await;
                line.say(&answer).await;
                line.until_closed().await;
            }
        })
        .await
    }

    async fn start<F: Future<Output = ()> + Send + 'static>(
        protocols: &[&str],
        serve: impl Fn(Line) -> F + Send + Sync + 'static,
    ) -> Self {
        let (authority, mut tls) = certified(HOST);
        tls.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        tokio::spawn(async move {
            let serve = Arc::new(serve);
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, serve) = (acceptor.clone(), Arc::clone(&serve));
                let requests = Arc::clone(&counted);
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve(Line { stream, requests }).await;
                    }
                });
            }
        });
        Self { address, authority, requests }
    }

    /// How many requests arrived.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn options(&self) -> ClientOptions {
        ClientOptions { trust: Trust::Only(vec![self.authority.clone()]), ..ClientOptions::default() }
    }

    /// A client that is led here by [`HOST`] and nowhere else.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.route(), self.options()).unwrap()
    }

    pub(crate) fn route(&self) -> Arc<dyn Resolver> {
        Arc::new(StaticRoutes::new([(HOST, self.address)]))
    }
}

/// An authority, and a server's configuration with a certificate of its.
fn certified(name: &str) -> (CertificateDer<'static>, ServerConfig) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    (authority.der().clone(), config)
}

pub(crate) fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

/// Long enough never to matter.
pub(crate) fn plenty() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

pub(crate) fn moment() -> Instant {
    Instant::now() + Duration::from_millis(50)
}

/// Asks the server for `/`.
pub(crate) async fn ask(client: &Client) -> Result<Response<Bytes>, SendError> {
    client.send(get("https://api.example/"), plenty()).await
}

pub(crate) fn ok(body: &'static str) -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from_static(body.as_bytes())))
}
