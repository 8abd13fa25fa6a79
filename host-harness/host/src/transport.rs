//! One HTTP exchange, as everything in this crate sees it: a request that is complete, an answer
//! that is complete, or the reason there is none.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use tokio::time::Instant;

/// A future that a trait object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why there is no answer. The distinction that matters is whether the request may have had an
/// effect at the other side.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Outside what the operator granted. Nothing was sent.
    #[error("not allowed: {0}")]
    Denied(String),
    /// Nothing reached the server: name, address, connection or TLS. It had no effect.
    #[error("could not reach the server: {0}")]
    NotSent(String),
    /// It was sent, and the connection ended before the answer was complete.
    #[error("the connection ended before the answer was complete: {0}")]
    NoAnswer(String),
    /// The answer was larger than this many bytes. The request may have had its effect.
    #[error("the answer was larger than {0} bytes")]
    TooLarge(u64),
    /// The time was over. The request may have had its effect.
    #[error("the time for the call was over before the answer was complete")]
    Deadline,
}

/// Sends one request and reads the whole answer. Implementations follow no redirect, repeat nothing
/// that may have had an effect, and use no proxy from the environment.
pub trait Transport: Send + Sync + 'static {
    /// `deadline` covers everything from the name's resolution to the last byte of the body.
    fn send(
        &self,
        request: http::Request<Bytes>,
        deadline: Instant,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, SendError>>;
}
