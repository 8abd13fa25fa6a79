//! What the host lends, as one trait: the component uses [`Lent`], tests a fake.

use crate::bindings::{credentials, http, log, settings, storage, types};

/// Everything that this provider can reach. Nothing else in the crate calls an import.
pub(crate) trait Host {
    /// One HTTP request and its whole answer.
    fn send(&self, request: &http::Request) -> Result<http::Response, http::Error>;
    /// Reads a value.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, storage::Error>;
    /// Writes a value.
    fn set(&self, key: &str, value: &[u8]) -> Result<(), storage::Error>;
    /// Deletes a value; it succeeds if there is none.
    fn delete(&self, key: &str) -> Result<(), storage::Error>;
    /// One page of the keys with a prefix.
    fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<storage::Page, storage::Error>;
    /// Calls a token endpoint and keeps the tokens under a name.
    fn exchange(
        &self,
        name: &str,
        token_url: &str,
        parameters: &[types::Parameter],
        authentication: credentials::ClientAuthentication,
    ) -> Result<credentials::Grant, credentials::Error>;
    /// Puts one credential in the place of another, atomically.
    fn promote(&self, pending: &str, name: &str) -> Result<(), credentials::Error>;
    /// Forgets a credential; it succeeds if there is none.
    fn discard(&self, name: &str) -> Result<(), credentials::Error>;
    /// What the operator configured.
    fn setting(&self, name: &str) -> Option<String>;
    /// A line for the operator.
    fn log(&self, level: log::Level, message: &str);
    /// The time.
    fn now(&self) -> types::Instant;
    /// 32 bytes that nobody can guess.
    fn random(&self) -> Vec<u8>;
}

/// The imports of the component.
pub(crate) struct Lent;

impl Host for Lent {
    fn send(&self, request: &http::Request) -> Result<http::Response, http::Error> {
        http::send(request)
    }

    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, storage::Error> {
        Ok(storage::get(key)?.map(|entry| entry.value))
    }

    fn set(&self, key: &str, value: &[u8]) -> Result<(), storage::Error> {
        storage::set(key, value).map(drop)
    }

    fn delete(&self, key: &str) -> Result<(), storage::Error> {
        storage::delete(key)
    }

    fn list(&self, prefix: &str, cursor: Option<&str>) -> Result<storage::Page, storage::Error> {
        storage::list(prefix, cursor)
    }

    fn exchange(
        &self,
        name: &str,
        token_url: &str,
        parameters: &[types::Parameter],
        authentication: credentials::ClientAuthentication,
    ) -> Result<credentials::Grant, credentials::Error> {
        credentials::exchange(name, token_url, parameters, authentication)
    }

    fn promote(&self, pending: &str, name: &str) -> Result<(), credentials::Error> {
        credentials::promote(pending, name)
    }

    fn discard(&self, name: &str) -> Result<(), credentials::Error> {
        credentials::discard(name)
    }

    fn setting(&self, name: &str) -> Option<String> {
        settings::get(name)
    }

    fn log(&self, level: log::Level, message: &str) {
        log::log(level, message);
    }

    fn now(&self) -> types::Instant {
        let now = wasi::clocks::wall_clock::now();
        let seconds = types::Instant::try_from(now.seconds).unwrap_or(types::Instant::MAX / 1000);
        seconds * 1000 + types::Instant::from(now.nanoseconds / 1_000_000)
    }

    fn random(&self) -> Vec<u8> {
        wasi::random::random::get_random_bytes(32)
    }
}
