//! The limit: hyper, rustls and `serde_json`, with a token in hand.
//!
//! It leaves out what the host does besides: it gets and refreshes no token, checks no address, counts nothing,
//! repeats nothing, has no deadline, and looks at nothing of the answer but the link.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use end_to_end::authorities;
use end_to_end::process::variable;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use mock_graph::contoso;
use rustls::pki_types::CertificateDer;
use tokio::runtime::Runtime;

use super::Work;
use crate::stage::{ADDRESS, CA, TOKEN};

#[derive(Clone)]
pub(crate) struct Plain {
    http: Client<HttpsConnector<HttpConnector<Stand>>, Full<Bytes>>,
    token: Arc<str>,
}

/// Every name is the stand-in.
#[derive(Clone)]
struct Stand(SocketAddr);

impl tower_service::Service<Name> for Stand {
    type Response = std::iter::Once<SocketAddr>;
    type Error = std::io::Error;
    type Future = std::future::Ready<std::io::Result<Self::Response>>;

    fn poll_ready(&mut self, _context: &mut std::task::Context<'_>) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _name: Name) -> Self::Future {
        std::future::ready(Ok(std::iter::once(self.0)))
    }
}

impl Plain {
    pub(crate) fn new(
        stand_in: SocketAddr,
        trusted: Vec<CertificateDer<'static>>,
        token: &str,
    ) -> Result<Self> {
        let mut roots = rustls::RootCertStore::empty();
        for authority in trusted {
            roots.add(authority)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new_with_resolver(Stand(stand_in));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .enable_http2()
            .wrap_connector(tcp);
        let http = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { http, token: token.into() })
    }

    pub(crate) async fn post(&self, url: &str, content_type: &str, body: Vec<u8>) -> Result<Response<Bytes>> {
        let request = Request::post(url).header("content-type", content_type);
        self.send(request, body.into()).await
    }

    /// What is there, with the token.
    pub(crate) async fn get(&self, url: &str) -> Result<Response<Bytes>> {
        self.send(Request::get(url), Bytes::new()).await
    }

    async fn send(&self, request: http::request::Builder, body: Bytes) -> Result<Response<Bytes>> {
        let request = if self.token.is_empty() {
            request
        } else {
            request.header("authorization", format!("Bearer {}", self.token))
        };
        let (head, body) = self.http.request(request.body(Full::new(body))?).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    }

    async fn create_meeting(&self, id: &str) -> Result<()> {
        let meeting = serde_json::json!({
            "externalId": id,
            "startDateTime": "2030-03-17T17:46:40Z",
            "endDateTime": "2030-03-17T18:16:40Z",
            "subject": "Mortgage advice",
            "participants": { "attendees": [{
                "upn": contoso::ADVISER,
                "role": "presenter",
                "identity": { "user": { "id": contoso::ADVISER_ID } },
            }] },
        });
        let url = "https://graph.microsoft.com/v1.0/me/onlineMeetings/createOrGet";
        let answer = self.post(url, "application/json", serde_json::to_vec(&meeting)?).await?;
        ensure!(answer.status() == 201, "status {}", answer.status());
        let meeting: serde_json::Value = serde_json::from_slice(answer.body())?;
        let link = meeting["joinWebUrl"].as_str().context("no link")?;
        ensure!(link.starts_with("https://"), "no link");
        Ok(())
    }
}

pub(super) fn serve() -> Result<()> {
    let runtime = Runtime::new()?;
    let trusted = authorities(&std::fs::read_to_string(variable(CA)?)?)?;
    let plain = Plain::new(variable(ADDRESS)?.parse()?, trusted, &variable(TOKEN)?)?;
    measure_driver::serve(&runtime, move |work, id| {
        let plain = plain.clone();
        async move {
            match Work::of(&work)? {
                Work::CreateMeeting => plain.create_meeting(&id).await,
                Work::Exchange => plain.get(super::NOBODY).await.map(|_| ()),
                other => anyhow::bail!("plain Rust does not do {other:?}"),
            }
        }
    })?;
    Ok(())
}
