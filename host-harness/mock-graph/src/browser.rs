//! A person at a browser: fills the sign-in and consent forms, over HTTPS like anyone else.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;
use url::form_urlencoded::Serializer;

/// What the person types and clicks.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The email on the sign-in page.
    pub username: String,
    /// The password.
    pub password: String,
    /// The click on the consent page, if one comes.
    pub consent: Consent,
}

/// The click on the consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Accept, for oneself.
    Accept,
    /// Accept with "Consent on behalf of the organisation", which only administrators are
    /// offered.
    AcceptForOrganisation,
    /// Accept, for oneself, but for these permissions, by their names in the request.
    AcceptWithout(&'static [&'static str]),
    /// Cancel.
    Decline,
}

impl SignIn {
    /// Signs in with the password everyone has by default, and accepts.
    pub fn accepting(username: &str) -> Self {
        Self {
            username: username.to_owned(),
            password: crate::contoso::PASSWORD.to_owned(),
            consent: Consent::Accept,
        }
    }
}

/// Why a sign-in did not come back to the application.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SignInError {
    /// The sign-in ended on an error page, or the sign-in page refused what was typed.
    #[error("the sign-in ended with AADSTS{code}")]
    Refused {
        /// The AADSTS code on the page.
        code: u32,
        /// The page, HTML.
        page: String,
    },
    /// The URL is not one.
    #[error("the authorize URL cannot be read")]
    Url(#[from] url::ParseError),
    /// The connection failed, or was closed by a fault.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// A page that the script does not know.
    #[error("an unexpected page, status {0}")]
    UnexpectedPage(StatusCode),
}

/// Where the pages are.
pub(crate) struct Browser {
    pub(crate) server: SocketAddr,
    pub(crate) tls: Arc<ClientConfig>,
}

struct Page {
    status: StatusCode,
    location: Option<String>,
    html: String,
}

/// Sign-in page, consent page and the way back: no run takes more steps.
const MOST_PAGES: usize = 5;

impl Browser {
    pub(crate) async fn sign_in(&self, start: &str, script: &SignIn) -> Result<String, SignInError> {
        let start = Url::parse(start)?;
        let mut page = self.load(&start, None).await?;
        let mut tried_password = false;
        for _ in 0..MOST_PAGES {
            if let Some(location) = page.location {
                return Ok(location);
            }
            let fields = hidden_fields(&page.html);
            let mut form = Serializer::new(String::new());
            form.extend_pairs(&fields);
            match attribute(&page.html, "data-step=\"") {
                Some("sign-in") if !tried_password => {
                    tried_password = true;
                    form.append_pair("username", &script.username);
                    form.append_pair("password", &script.password);
                }
                Some("consent") => {
                    if let Consent::AcceptWithout(permissions) = script.consent {
                        form.extend_pairs(permissions.iter().map(|name| ("without", name)));
                    }
                    let (answer, everyone) = match script.consent {
                        Consent::Accept | Consent::AcceptWithout(_) => ("accept", false),
                        Consent::AcceptForOrganisation => ("accept", true),
                        Consent::Decline => ("cancel", false),
                    };
                    form.append_pair("answer", answer);
                    if everyone {
                        form.append_pair("everyone", "1");
                    }
                }
                Some("return") => {
                    let target = attribute(&page.html, "action=\"").unwrap_or_default();
                    return Ok(format!("{}?{}", unescaped(target), form.finish()));
                }
                _ => return Err(refused(page)),
            }
            let action = attribute(&page.html, "action=\"").unwrap_or_default();
            let target = start.join(&unescaped(action))?;
            page = self.load(&target, Some(form.finish())).await?;
        }
        Err(SignInError::UnexpectedPage(page.status))
    }

    /// One request on a connection of its own, to the stand-in under the name in the URL.
    async fn load(&self, url: &Url, form: Option<String>) -> Result<Page, SignInError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let name = ServerName::try_from(host).map_err(|error| no_answer(&error))?;
        let stream = TcpStream::connect(self.server).await.map_err(|error| no_answer(&error))?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await.map_err(|error| no_answer(&error))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| no_answer(&error))?;
        tokio::spawn(connection);
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let request = Request::builder()
            .method(if form.is_some() { Method::POST } else { Method::GET })
            .uri(path)
            .header(header::HOST, host)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(form.unwrap_or_default())))
            .map_err(|error| no_answer(&error))?;
        let response = sender.send_request(request).await.map_err(|error| no_answer(&error))?;
        let status = response.status();
        let location =
            response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = response.into_body().collect().await.map_err(|error| no_answer(&error))?;
        let html = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        Ok(Page { status, location, html })
    }
}

fn no_answer(error: &dyn std::error::Error) -> SignInError {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    SignInError::NoAnswer(text)
}

fn refused(page: Page) -> SignInError {
    let code = page.html.split("AADSTS").nth(1).and_then(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    });
    match code {
        Some(code) => SignInError::Refused { code, page: page.html },
        None => SignInError::UnexpectedPage(page.status),
    }
}

fn hidden_fields(html: &str) -> Vec<(String, String)> {
    html.split("<input type=\"hidden\"")
        .skip(1)
        .filter_map(|rest| {
            let tag = rest.split('>').next()?;
            let name = attribute(tag, "name=\"")?;
            let value = attribute(tag, "value=\"")?;
            Some((unescaped(name), unescaped(value)))
        })
        .collect()
}

/// The value after the first `opening`, up to the next quote.
fn attribute<'a>(html: &'a str, opening: &str) -> Option<&'a str> {
    html.split(opening).nth(1)?.split('"').next()
}

fn unescaped(text: &str) -> String {
    text.replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&gt;", ">")
        .replace("&lt;", "<")
        .replace("&amp;", "&")
}
