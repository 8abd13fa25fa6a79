//! Transports that reach nothing: for tests, and for hosts without a network.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;

use crate::transport::{BoxFuture, SendError, Transport};

/// Refuses every request.
#[derive(Debug, Default, Clone, Copy)]
pub struct DenyAll;

impl Transport for DenyAll {
    fn send(&self, _: Request<Bytes>, _: Instant) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        let refusal = SendError::Denied("this host sends no requests".to_owned());
        Box::pin(std::future::ready(Err(refusal)))
    }
}

type Answer = dyn Fn(&Request<Bytes>) -> Result<Response<Bytes>, SendError> + Send + Sync;

/// Keeps every request as it came and answers it from a function, at once. For tests: it applies
/// none of the egress rules and forgets nothing.
pub struct RecordingTransport {
    answer: Box<Answer>,
    requests: Mutex<Vec<Request<Bytes>>>,
}

impl RecordingTransport {
    /// Answers with what `answer` returns.
    pub fn new(
        answer: impl Fn(&Request<Bytes>) -> Result<Response<Bytes>, SendError> + Send + Sync + 'static,
    ) -> Self {
        Self { answer: Box::new(answer), requests: Mutex::default() }
    }

    /// The requests so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request<Bytes>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

// Requests carry tokens, so only their number is shown.
impl fmt::Debug for RecordingTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingTransport").field("requests", &self.requests().len()).finish_non_exhaustive()
    }
}

impl Transport for RecordingTransport {
    fn send(&self, request: Request<Bytes>, _: Instant) -> BoxFuture<'_, Result<Response<Bytes>, SendError>> {
        Box::pin(async move {
            let answer = (self.answer)(&request);
            self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
            answer
        })
    }
}
