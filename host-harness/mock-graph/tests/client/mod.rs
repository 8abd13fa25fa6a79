//! A plain HTTPS client for the suites: one connection, HTTP/1.1 or HTTP/2.
#![allow(dead_code, unreachable_pub, reason = "every suite compiles its own copy and uses a part of it")]

use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use mock_graph::{Config, MockGraph, SignIn, contoso};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;
use url::form_urlencoded::Serializer;

pub const LOGIN: &str = "login.microsoftonline.com";
pub const GRAPH: &str = "graph.microsoft.com";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// S256 of [`VERIFIER`], from RFC 7636, appendix B.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const SCOPES: &str =
    "openid profile offline_access User.Read User.ReadBasic.All OnlineMeetings.ReadWrite";

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// `error.code` of Graph, or the first AADSTS code of the login.
    pub fn code(&self) -> String {
        let body = self.json();
        match &body["error"]["code"] {
            Value::String(code) => code.clone(),
            _ => body["error_codes"][0].to_string(),
        }
    }
}

pub async fn start() -> Result<MockGraph> {
    Ok(MockGraph::start(Config::default()).await?)
}

pub async fn start_with(change: impl FnOnce(&mut Config)) -> Result<MockGraph> {
    let mut config = Config::default();
    change(&mut config);
    Ok(MockGraph::start(config).await?)
}

pub enum Sender {
    One(hyper::client::conn::http1::SendRequest<Full<Bytes>>),
    Two(hyper::client::conn::http2::SendRequest<Full<Bytes>>),
}

pub async fn connect(mock: &MockGraph, host: &str, h2: bool) -> Result<Sender> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(mock.ca_pem().as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![if h2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
    let stream = TcpStream::connect(mock.addr()).await?;
    let name = ServerName::try_from(host.to_owned())?;
    let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await?;
    let io = TokioIo::new(stream);
    Ok(if h2 {
        let (sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await?;
        tokio::spawn(connection);
        Sender::Two(sender)
    } else {
        let (sender, connection) = hyper::client::conn::http1::handshake(io).await?;
        tokio::spawn(connection);
        Sender::One(sender)
    })
}

impl Sender {
    pub async fn send(
        &mut self,
        method: &str,
        url: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Result<Answer> {
        let parsed = Url::parse(url)?;
        let host = parsed.host_str().context("a host")?;
        let target = match self {
            // HTTP/1.1 wants the path alone; HTTP/2 takes the authority from the URI.
            Self::One(_) => url
                .strip_prefix("https://")
                .and_then(|rest| rest.find('/').map(|at| &rest[at..]))
                .unwrap_or("/"),
            Self::Two(_) => url,
        };
        let mut request = Request::builder().method(method).uri(target);
        if matches!(self, Self::One(_)) {
            request = request.header("host", host);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned())))?;
        let response = match self {
            Self::One(sender) => sender.send_request(request).await?,
            Self::Two(sender) => sender.send_request(request).await?,
        };
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    }
}

/// One request on a connection of its own, HTTP/1.1.
pub async fn send(
    mock: &MockGraph,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer> {
    let host = Url::parse(url)?.host_str().context("a host")?.to_owned();
    connect(mock, &host, false).await?.send(method, url, headers, body).await
}

/// A Graph call with a token; `path` begins with `/v1.0`.
pub async fn graph(mock: &MockGraph, token: &str, method: &str, path: &str, body: &str) -> Result<Answer> {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    send(mock, method, &format!("https://{GRAPH}{path}"), &headers, body).await
}

/// A token request at a tenant; a client id and a secret are added unless given.
pub async fn token(mock: &MockGraph, tenant: &str, parameters: &[(&str, &str)]) -> Result<Answer> {
    let mut form = Serializer::new(String::new());
    form.extend_pairs(parameters);
    for (name, value) in [("client_id", contoso::CLIENT_ID), ("client_secret", contoso::CLIENT_SECRET)] {
        if !parameters.iter().any(|(given, _)| *given == name) {
            form.append_pair(name, value);
        }
    }
    let url = format!("https://{LOGIN}/{tenant}/oauth2/v2.0/token");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    send(mock, "POST", &url, &headers, &form.finish()).await
}

pub fn authorize_url(tenant: &str, changes: &[(&str, &str)]) -> String {
    let mut parameters = vec![
        ("client_id", contoso::CLIENT_ID),
        ("response_type", "code"),
        ("redirect_uri", contoso::REDIRECT_URI),
        ("scope", SCOPES),
        ("state", "the-state"),
        ("nonce", "the-nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    parameters.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let mut query = Serializer::new(String::new());
    query.extend_pairs(parameters);
    query.extend_pairs(changes.iter().filter(|(_, value)| !value.is_empty()));
    format!("https://{LOGIN}/{tenant}/oauth2/v2.0/authorize?{}", query.finish())
}

/// A parameter of a URL's query.
pub fn parameter(url: &str, name: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Signs the service account in and gives the code.
pub async fn code(mock: &MockGraph, tenant: &str) -> Result<String> {
    let script = SignIn::accepting(contoso::SERVICE_ACCOUNT);
    let url = mock.sign_in(&authorize_url(tenant, &[]), script).await?;
    parameter(&url, "code").context("a code")
}

/// The parameters that redeem a code.
pub fn redemption(code: &str) -> [(&'static str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", contoso::REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ]
}

/// Signs the service account in and gives the whole token answer.
pub async fn signed_in(mock: &MockGraph) -> Result<Value> {
    let code = code(mock, contoso::TENANT_ID).await?;
    let answer = token(mock, contoso::TENANT_ID, &redemption(&code)).await?;
    anyhow::ensure!(answer.status == StatusCode::OK, "{}", answer.json());
    Ok(answer.json())
}

/// An access token of the service account.
pub async fn user_token(mock: &MockGraph) -> Result<String> {
    let answer = signed_in(mock).await?;
    Ok(answer["access_token"].as_str().context("an access token")?.to_owned())
}

/// An access token of the application alone, after an administrator's consent.
pub async fn app_token(mock: &MockGraph) -> Result<String> {
    mock.directory().grant_consent(contoso::CLIENT_ID, contoso::TENANT_ID)?;
    let parameters =
        [("grant_type", "client_credentials"), ("scope", "https://graph.microsoft.com/.default")];
    let answer = token(mock, contoso::TENANT_ID, &parameters).await?.json();
    Ok(answer["access_token"].as_str().context("an access token")?.to_owned())
}
