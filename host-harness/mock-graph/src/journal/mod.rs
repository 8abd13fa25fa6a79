//! The record of everything received and answered.

mod har;
mod redaction;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use http::{HeaderMap, Method, Version};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

use crate::locks::lock;
use crate::operation::Operation;
use crate::wire::{Incoming, Reply};

/// One request and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Recorded {
    /// Counts from 0, in order of arrival.
    pub sequence: u64,
    /// When it arrived, by the stand-in's clock.
    #[serde(serialize_with = "as_text")]
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// `Host` or `:authority`, with the port.
    pub host: String,
    /// Path and query, as received.
    pub path_and_query: String,
    /// `HTTP/1.1` or `HTTP/2`.
    pub version: &'static str,
    /// Headers in order, names in lower case; `authorization` only as its scheme.
    pub headers: Vec<(String, String)>,
    /// SHA-256 (hex) of the whole `Authorization` header: tells tokens apart without showing them.
    pub authorization_sha256: Option<String>,
    /// What it was.
    pub operation: Operation,
    /// The body as received.
    pub body: String,
    /// The TCP connection it came on, counted from 1.
    pub connection: u64,
    /// The answer; `None` while there is none yet.
    pub answer: Option<Answered>,
}

/// The answer to a recorded request.
#[derive(Clone, Debug, Serialize)]
pub struct Answered {
    /// The status; `None` where the connection was closed instead.
    pub status: Option<u16>,
    /// Whether something changed or was issued because of the request.
    pub effect: bool,
    /// Bytes of the body received.
    pub bytes_in: usize,
    /// Bytes of the body answered.
    pub bytes_out: usize,
    /// Resource units charged.
    pub units: u32,
    /// The call came before the `Retry-After` of an earlier refusal had ended.
    pub before_retry_after: bool,
    /// What a batch held.
    pub items: Vec<RecordedItem>,
}

/// One request of a batch.
#[derive(Clone, Debug, Serialize)]
pub struct RecordedItem {
    /// Its id in the batch.
    pub id: String,
    /// What it was.
    pub operation: Operation,
    /// Its method.
    pub method: String,
    /// Its URL, as received.
    pub url: String,
    /// The status answered.
    pub status: u16,
    /// Whether something changed because of it.
    pub effect: bool,
    /// Resource units charged.
    pub units: u32,
}

/// Everything received, oldest first, in memory only.
#[derive(Debug)]
pub struct Journal {
    inner: Mutex<Inner>,
    capacity: usize,
    /// Bumped on every arrival and every answer.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    records: VecDeque<Arc<Record>>,
    next: u64,
    counts: HashMap<Operation, u64>,
}

/// A record as kept: the bytes are shared with the request and turned into text only when asked.
#[derive(Debug)]
pub(crate) struct Record {
    sequence: u64,
    at: Timestamp,
    method: Method,
    authority: String,
    path_and_query: String,
    version: Version,
    headers: HeaderMap,
    operation: Operation,
    body: Bytes,
    connection: u64,
    answer: OnceLock<Finished>,
}

#[derive(Debug)]
struct Finished {
    at: Timestamp,
    dropped: bool,
    reply: Reply,
}

impl Journal {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { inner: Mutex::default(), capacity: capacity.max(1), changed: watch::Sender::new(0) }
    }

    /// The requests kept, in order of arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.records().iter().map(|record| record.shown()).collect()
    }

    /// The requests kept that are of one operation.
    pub fn of(&self, operation: Operation) -> Vec<Recorded> {
        let records = self.records();
        let wanted = records.iter().filter(|record| operation.covers(record.operation));
        wanted.map(|record| record.shown()).collect()
    }

    /// How many requests of an operation arrived since the start or the last
    /// [`clear`](Journal::clear), forgotten ones included. Items of batches count as
    /// [`Operation::BatchItem`] once their batch is answered.
    pub fn count(&self, operation: Operation) -> u64 {
        let inner = lock(&self.inner);
        let counts = inner.counts.iter();
        counts.filter(|(counted, _)| operation.covers(**counted)).map(|(_, count)| count).sum()
    }

    /// Forgets everything and starts counting again.
    pub fn clear(&self) {
        let mut inner = lock(&self.inner);
        inner.records.clear();
        inner.counts.clear();
    }

    /// Resolves when at least `n` requests of an operation have arrived.
    pub async fn wait_for(&self, operation: Operation, n: u64) {
        let mut changed = self.changed.subscribe();
        while self.count(operation) < n {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// The record as HAR 1.2, with everything secret replaced: `Authorization`, cookies, tokens,
    /// authorization codes, verifiers, client secrets, assertions and passwords, in URLs, forms,
    /// JSON and `Location` headers. Pages are left out.
    pub fn har(&self) -> String {
        har::archive(&self.records()).to_string()
    }

    pub(crate) fn received(&self, incoming: &Incoming, operation: Operation, at: Timestamp) -> Arc<Record> {
        let mut record = Record {
            sequence: 0,
            at,
            method: incoming.method.clone(),
            authority: incoming.authority.clone(),
            path_and_query: incoming.path_and_query(),
            version: incoming.version,
            headers: incoming.headers.clone(),
            operation,
            body: incoming.body.clone(),
            connection: incoming.connection,
            answer: OnceLock::new(),
        };
        let mut inner = lock(&self.inner);
        record.sequence = inner.next;
        inner.next += 1;
        *inner.counts.entry(operation).or_default() += 1;
        if inner.records.len() >= self.capacity {
            inner.records.pop_front();
        }
        let record = Arc::new(record);
        inner.records.push_back(Arc::clone(&record));
        drop(inner);
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
        record
    }

    pub(crate) fn answered(&self, record: &Record, reply: &Reply, dropped: bool, at: Timestamp) {
        let items = reply.items.len() as u64;
        let _ = record.answer.set(Finished { at, dropped, reply: reply.clone() });
        if items > 0 {
            *lock(&self.inner).counts.entry(Operation::BatchItem).or_default() += items;
        }
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    fn records(&self) -> Vec<Arc<Record>> {
        lock(&self.inner).records.iter().cloned().collect()
    }
}

impl Record {
    fn shown(&self) -> Recorded {
        let authorization = self.headers.get(http::header::AUTHORIZATION);
        Recorded {
            sequence: self.sequence,
            at: self.at,
            method: self.method.to_string(),
            host: self.authority.clone(),
            path_and_query: self.path_and_query.clone(),
            version: version_name(self.version),
            headers: self.headers.iter().map(shown_header).collect(),
            authorization_sha256: authorization.map(|value| hex(digest(&SHA256, value.as_bytes()).as_ref())),
            operation: self.operation,
            body: String::from_utf8_lossy(&self.body).into_owned(),
            connection: self.connection,
            answer: self.answer.get().map(|finished| Answered {
                status: (!finished.dropped).then(|| finished.reply.status.as_u16()),
                effect: finished.reply.effect,
                bytes_in: self.body.len(),
                bytes_out: if finished.dropped { 0 } else { finished.reply.body.len() },
                units: finished.reply.units,
                before_retry_after: finished.reply.early,
                items: finished.reply.items.clone(),
            }),
        }
    }
}

fn shown_header((name, value): (&http::HeaderName, &http::HeaderValue)) -> (String, String) {
    let value = String::from_utf8_lossy(value.as_bytes());
    let shown = if name == http::header::AUTHORIZATION {
        value.split(' ').next().unwrap_or_default().to_owned()
    } else {
        value.into_owned()
    };
    (name.to_string(), shown)
}

fn version_name(version: Version) -> &'static str {
    match version {
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn as_text<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_string())
}
