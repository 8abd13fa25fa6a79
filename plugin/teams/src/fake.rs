//! A host for tests: answers from a list, storage and credentials in memory, everything recorded.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::bindings::{credentials, http, log, storage, types};
use crate::host::Host;

/// The time at which tests take place.
pub(crate) const NOW: i64 = 1_800_000_000_000;

/// A host in memory.
#[derive(Default)]
pub(crate) struct Fake {
    /// What `send` answers, in order.
    pub(crate) answers: RefCell<VecDeque<Result<http::Response, http::Error>>>,
    /// What was sent.
    pub(crate) sent: RefCell<Vec<http::Request>>,
    /// What is stored.
    pub(crate) stored: RefCell<BTreeMap<String, Vec<u8>>>,
    /// The credentials there are.
    pub(crate) credentials: RefCell<BTreeSet<String>>,
    /// What `exchange` answers.
    pub(crate) exchange: RefCell<Option<Result<credentials::Grant, credentials::Error>>>,
    /// What was exchanged.
    pub(crate) exchanged: RefCell<Vec<types::Parameter>>,
    /// Whether the store refuses writes.
    pub(crate) read_only: Cell<bool>,
    /// What the operator configured, besides the client id.
    pub(crate) settings: RefCell<BTreeMap<&'static str, String>>,
    /// How far the clock was put forward, in milliseconds.
    pub(crate) later: Cell<i64>,
    calls: Cell<u8>,
}

impl Fake {
    /// A host with the connection that `more`, members of its record, makes of a usual one.
    pub(crate) fn connected(more: &str) -> Self {
        let host = Self::default();
        let version = if more.is_empty() { 1 } else { 2 };
        let record = format!(
            r#"{{"version":{version},"tenant":"t","oid":"org","upn":"o@c.com","name":"O","scopes":[],"connected_at":0{more}}}"#
        );
        host.stored.borrow_mut().insert("connection".to_owned(), record.into_bytes());
        host
    }

    /// Answers the next request with a status and a body.
    pub(crate) fn answer(&self, status: u16, body: &str) {
        let body = body.as_bytes().to_vec();
        self.answers.borrow_mut().push_back(Ok(http::Response { status, headers: Vec::new(), body }));
    }

    /// What was sent as `METHOD url`, decoded.
    pub(crate) fn lines(&self) -> Vec<String> {
        let line = |request: &http::Request| {
            let url = percent_encoding::percent_decode_str(&request.url).decode_utf8_lossy();
            format!("{:?} {url}", request.method)
        };
        self.sent.borrow().iter().map(line).collect()
    }

    /// The body of a request that was sent.
    pub(crate) fn body(&self, index: usize) -> String {
        let sent = self.sent.borrow();
        let body = sent.get(index).and_then(|request| request.body.clone());
        String::from_utf8(body.unwrap_or_default()).unwrap_or_default()
    }
}

impl Host for Fake {
    fn send(&self, request: &http::Request) -> Result<http::Response, http::Error> {
        self.sent.borrow_mut().push(request.clone());
        let answer = self.answers.borrow_mut().pop_front();
        answer.unwrap_or_else(|| Err(http::Error::NotSent("no answer was prepared".to_owned())))
    }

    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, storage::Error> {
        Ok(self.stored.borrow().get(key).cloned())
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), storage::Error> {
        if self.read_only.get() {
            return Err(storage::Error::Unavailable("read only".to_owned()));
        }
        self.stored.borrow_mut().insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<(), storage::Error> {
        self.stored.borrow_mut().remove(key);
        Ok(())
    }

    fn list(&self, prefix: &str, _: Option<&str>) -> Result<storage::Page, storage::Error> {
        let stored = self.stored.borrow();
        let keys = stored.keys().filter(|key| key.starts_with(prefix)).cloned();
        Ok(storage::Page { keys: keys.collect(), next: None })
    }

    fn exchange(
        &self,
        name: &str,
        _: &str,
        parameters: &[types::Parameter],
        _: credentials::ClientAuthentication,
    ) -> Result<credentials::Grant, credentials::Error> {
        self.exchanged.borrow_mut().extend_from_slice(parameters);
        let answer = self.exchange.borrow_mut().take();
        let answer = answer.unwrap_or(Err(credentials::Error::Missing));
        if answer.is_ok() {
            self.credentials.borrow_mut().insert(name.to_owned());
        }
        answer
    }

    fn promote(&self, pending: &str, name: &str) -> Result<(), credentials::Error> {
        let mut credentials = self.credentials.borrow_mut();
        if !credentials.remove(pending) {
            return Err(credentials::Error::Missing);
        }
        credentials.insert(name.to_owned());
        Ok(())
    }

    fn discard(&self, name: &str) -> Result<(), credentials::Error> {
        self.credentials.borrow_mut().remove(name);
        Ok(())
    }

    fn setting(&self, name: &str) -> Option<String> {
        let set = self.settings.borrow().get(name).cloned();
        set.or_else(|| (name == "client-id").then(|| "client".to_owned()))
    }

    fn log(&self, _: log::Level, _: &str) {}

    fn now(&self) -> types::Instant {
        NOW + self.later.get()
    }

    fn random(&self) -> Vec<u8> {
        self.calls.set(self.calls.get() + 1);
        vec![self.calls.get(); 32]
    }
}
