//! A request as it came in and an answer before it goes out.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// One request, read to its end.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: Method,
    pub(crate) version: Version,
    /// `Host` or `:authority`, with the port.
    pub(crate) authority: String,
    pub(crate) path: String,
    /// Without the `?`, as received.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Which TCP connection, counted from 1.
    pub(crate) connection: u64,
    /// Whether the other end is on this machine.
    pub(crate) from_loopback: bool,
}

impl Incoming {
    /// The host without the port, lower case.
    pub(crate) fn host(&self) -> String {
        let host = match self.authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => &self.authority,
        };
        host.to_lowercase()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn path_and_query(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    pub(crate) fn form(&self) -> Form {
        Form::parse(&self.body)
    }
}

/// `application/x-www-form-urlencoded` pairs, of a body or a query.
#[derive(Debug, Default, Clone)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn parse(raw: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(raw).into_owned().collect())
    }

    /// The first value; an empty one counts as absent, as it does at Microsoft.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Every value of a name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Percent-decoding for paths, where `+` is itself.
pub(crate) fn decoded(raw: &str) -> String {
    percent_decode_str(raw).decode_utf8_lossy().into_owned()
}

/// The identifiers that every answer carries.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) request_id: String,
    pub(crate) client_request_id: Option<String>,
    pub(crate) at: Timestamp,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether something changed, or was issued, because of the request.
    pub(crate) effect: bool,
    /// Resource units charged.
    pub(crate) units: u32,
    /// The call came before the `Retry-After` of an earlier refusal had ended.
    pub(crate) early: bool,
    /// The answers inside a batch.
    pub(crate) items: Vec<crate::journal::RecordedItem>,
}

impl Reply {
    pub(crate) fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            effect: false,
            units: 0,
            early: false,
            items: Vec::new(),
        }
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status).with_body("application/json; charset=utf-8", body.to_string())
    }

    /// JSON with the media type Graph gives.
    pub(crate) fn odata(status: StatusCode, body: &Value) -> Self {
        Self::new(status)
            .with_body(
                "application/json;odata.metadata=minimal;odata.streaming=true;\
                 IEEE754Compatible=false;charset=utf-8",
                body.to_string(),
            )
            .with("odata-version", "4.0")
    }

    pub(crate) fn html(status: StatusCode, page: String) -> Self {
        Self::new(status)
            .with_body("text/html; charset=utf-8", page)
            .with("cache-control", "no-store, no-cache")
    }

    pub(crate) fn redirect(location: &str) -> Self {
        Self::new(StatusCode::FOUND).with("location", location).with("cache-control", "no-store, no-cache")
    }

    pub(crate) fn with_body(mut self, media_type: &'static str, body: String) -> Self {
        self.body = Bytes::from(body);
        self.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        self
    }

    /// Adds a header; a value that cannot be one is left out.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    pub(crate) fn having_effect(mut self) -> Self {
        self.effect = true;
        self
    }

    pub(crate) fn is_json(&self) -> bool {
        self.headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/json"))
    }
}
