//! `rooms.example`, the service of `tests/guests/wrong`, with faults on request.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use provider_conformance::{Backend, Fault, Keys, SigningIn, Who};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio_rustls::TlsAcceptor;
use url::Url;
use video_host::clock::ShiftedClock;
use video_host::egress::{Grant, StaticRoutes, Trust};
use video_host::provider::Parameter;
use video_host::{Host, HostConfig, Manifest};

const HOST: &str = "rooms.example";

#[derive(Default)]
struct State {
    /// Account and path, to id and times.
    rooms: BTreeMap<String, (usize, String)>,
    made: usize,
    /// To the accounts that they are of.
    grants: BTreeMap<String, String>,
    given: usize,
    requests: u64,
    fault: Option<Fault>,
}

/// The service, and which rule the provider is to break.
pub(crate) struct Rooms {
    address: SocketAddr,
    authority: CertificateDer<'static>,
    state: Arc<Mutex<State>>,
    breaks: Option<&'static str>,
    compiled: &'static Path,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}

impl State {
    /// What happens to a request; none if its answer is lost.
    fn serve(&mut self, request: &Request<()>, body: &str) -> Option<Response<Full<Bytes>>> {
        self.requests += 1;
        let path = request.uri().path().to_owned();
        if let Some(account) = path.strip_prefix("/redeem/") {
            self.given += 1;
            let grant = format!("grant-{}", self.given);
            self.grants.insert(grant.clone(), account.to_owned());
            return Some(answer(StatusCode::OK, format!("{account} the-tenant {grant}")));
        }
        if path == "/token" {
            let token = r#"{"access_token":"the-token-of-rooms","token_type":"Bearer","expires_in":3600}"#;
            return Some(answer(StatusCode::OK, token.to_owned()));
        }
        let grant = request.headers().get("x-grant").and_then(|grant| grant.to_str().ok());
        let Some(account) = grant.and_then(|grant| self.grants.get(grant)).cloned() else {
            return Some(answer(StatusCode::UNAUTHORIZED, String::new()));
        };
        if path == "/account" {
            return Some(answer(StatusCode::OK, String::new()));
        }
        if path == "/sign-everybody-out" {
            self.grants.clear();
        }
        let fault = if request.method() == Method::PUT { self.fault.take() } else { None };
        match fault {
            Some(Fault::Down) => return Some(answer(StatusCode::SERVICE_UNAVAILABLE, String::new())),
            Some(Fault::Throttled(seconds)) => {
                let mut throttled = answer(StatusCode::TOO_MANY_REQUESTS, String::new());
                throttled.headers_mut().insert(RETRY_AFTER, seconds.into());
                return Some(throttled);
            }
            Some(Fault::LostAnswer) | None => {}
        }
        let answered = self.rooms(request.method(), account + &path, body);
        if fault.is_some() { None } else { Some(answered) }
    }

    fn rooms(&mut self, method: &Method, path: String, body: &str) -> Response<Full<Bytes>> {
        let known = self.rooms.get(&path).map(|(id, times)| format!("room-{id} {times}"));
        match (method, known) {
            (&Method::PUT, None) => {
                self.made += 1;
                let told = format!("room-{} {body}", self.made);
                self.rooms.insert(path, (self.made, body.to_owned()));
                answer(StatusCode::CREATED, told)
            }
            (&Method::PUT | &Method::PATCH, Some(_)) => {
                let Some((id, times)) = self.rooms.get_mut(&path) else {
                    return answer(StatusCode::NOT_FOUND, String::new());
                };
                body.clone_into(times);
                answer(StatusCode::OK, format!("room-{id} {body}"))
            }
            (&Method::GET, Some(known)) => answer(StatusCode::OK, known),
            (&Method::DELETE, Some(_)) => {
                self.rooms.remove(&path);
                answer(StatusCode::NO_CONTENT, String::new())
            }
            _ => answer(StatusCode::NOT_FOUND, String::new()),
        }
    }
}

async fn respond(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    let served = lock(&state).serve(&Request::from_parts(head, ()), &String::from_utf8_lossy(&body));
    // An error closes the connection.
    served.ok_or_else(|| std::io::Error::other("the answer is lost"))
}

impl Rooms {
    pub(crate) async fn start() -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let leaf = CertificateParams::new(vec![HOST.to_owned()])?.signed_by(&key, &authority)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, state) = (acceptor.clone(), shared.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return Ok::<_, Infallible>(()) };
                    let service = service_fn(move |request| respond(request, state.clone()));
                    let server = hyper::server::conn::http1::Builder::new();
                    // Connections end in errors on purpose.
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                    Ok(())
                });
            }
        });
        Ok(Self {
            address,
            authority: authority.der().clone(),
            state,
            breaks: None,
            compiled: compiled().await?,
        })
    }

    /// Has the provider break a rule.
    pub(crate) fn breaking(self, rule: &'static str) -> Self {
        Self { breaks: Some(rule), ..self }
    }
}

/// A folder in which the provider is compiled: doing that for every rule would be most of what this suite
/// does.
async fn compiled() -> Result<&'static Path> {
    static COMPILED: OnceCell<TempDir> = OnceCell::const_new();
    let folder = COMPILED.get_or_try_init(|| async {
        let folder = TempDir::new()?;
        let trust = Trust::Only(Vec::new());
        let host = Host::start(HostConfig { trust, ..HostConfig::new(folder.path()) }).await?;
        let origins = vec![format!("https://{HOST}").parse()?];
        let grant = Grant { api: origins.clone(), identity: origins };
        host.load(plugin_artifacts::WRONG, &Manifest { grant, ..Manifest::default() }).await?;
        anyhow::Ok(folder)
    });
    Ok(folder.await?.path())
}

impl Backend for Rooms {
    fn configure(&self, config: &mut HostConfig) -> Result<()> {
        let (from, to) = (self.compiled.join("compiled"), config.data.join("compiled"));
        if !to.exists() {
            std::fs::copy(self.compiled.join(HostConfig::KEYS), config.data.join(HostConfig::KEYS))?;
            std::fs::create_dir(&to)?;
            for entry in std::fs::read_dir(from)? {
                let entry = entry?;
                std::fs::copy(entry.path(), to.join(entry.file_name()))?;
            }
        }
        config.resolver = Arc::new(StaticRoutes::new([(HOST, self.address)]));
        config.trust = Trust::Only(vec![self.authority.clone()]);
        Ok(())
    }

    fn manifest(&self) -> Result<Manifest> {
        let settings = self.breaks.map(|rule| ("breaks".to_owned(), rule.to_owned()));
        Ok(Manifest { settings: settings.into_iter().collect(), ..Manifest::default() })
    }

    fn setup(&self) -> Vec<Parameter> {
        vec![Parameter { name: "house".to_owned(), value: "Rooms & Co".to_owned() }]
    }

    fn sign_in<'a>(&'a self, url: &'a str, who: Who) -> SigningIn<'a> {
        Box::pin(async move {
            let url = Url::parse(url)?;
            let state = url.query_pairs().find(|(name, _)| name == "state").context("no state")?;
            let code = match who {
                Who::Account => "account",
                Who::AnotherAccount => "another",
            };
            Ok([("state", state.1.as_ref()), ("code", code)]
                .map(|(name, value)| Parameter { name: name.to_owned(), value: value.to_owned() })
                .to_vec())
        })
    }

    fn keys(&self) -> Option<Keys> {
        Some(Keys { known: "ada".to_owned(), unknown: "nobody".to_owned() })
    }

    fn meetings(&self) -> usize {
        lock(&self.state).rooms.len()
    }

    fn requests(&self) -> u64 {
        lock(&self.state).requests
    }

    fn inject(&self, fault: Fault) {
        lock(&self.state).fault = Some(fault);
    }

    fn kill_grants(&self, _: &ShiftedClock) -> Result<()> {
        lock(&self.state).grants.clear();
        Ok(())
    }
}
