//! The end of an exchange: a complete answer, or the reason there is none.

use std::error::Error;
use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::Response;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper_util::client::legacy;

use super::connector::DialError;
use super::room::{AnswerRoom, Taken};
use crate::transport::SendError;

/// How many bytes the headers of an answer may have.
pub(super) const MAX_HEAD_BYTES: u32 = 64 * 1024;

/// What is said of an answer that is dropped because others of the plugin's hold too much.
const NO_ROOM: &str = "answers to other calls of the plugin take all the room that they may have together";

/// Reads the body, at most `limit` bytes of it, as far as there is `room` for it beside others.
pub(super) async fn read(
    response: Response<Incoming>,
    limit: usize,
    room: Option<AnswerRoom>,
    to_head: bool,
) -> Result<Response<Bytes>, SendError> {
    let (mut parts, mut body) = response.into_parts();
    // What hyper is told bounds its buffers, and one that is read at a stroke can pass it by.
    let head: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if head > MAX_HEAD_BYTES as usize {
        return Err(SendError::TooLarge(MAX_HEAD_BYTES.into()));
    }
    let too_large = || SendError::TooLarge(limit as u64);
    // The answer to a HEAD announces the body that it does not have.
    let announced = if to_head { 0 } else { body.size_hint().lower() };
    let announced = usize::try_from(announced).ok().filter(|size| *size <= limit).ok_or_else(too_large)?;

    let mut taken = Taken::default();
    let mut has_room = |bytes| room.as_ref().is_none_or(|room| room.take(&mut taken, bytes));
    let no_room = || SendError::NoAnswer(NO_ROOM.to_owned());
    if !has_room(announced) {
        return Err(no_room());
    }

    // Most answers are one frame, which is handed on as it is; a second one begins a copy.
    let mut whole = Bytes::new();
    let mut gathered = BytesMut::new();
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else { break };
        let frame = frame.map_err(|error| SendError::NoAnswer(words(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if whole.len() + gathered.len() + data.len() > limit {
            return Err(too_large());
        }
        if !has_room(whole.len() + gathered.len() + data.len()) {
            return Err(no_room());
        }
        if whole.is_empty() && gathered.is_empty() {
            whole = data;
            continue;
        }
        if gathered.is_empty() {
            gathered.reserve(announced.max(whole.len() + data.len()));
            gathered.extend_from_slice(&std::mem::take(&mut whole));
        }
        gathered.extend_from_slice(&data);
    }
    if !gathered.is_empty() {
        whole = gathered.freeze();
    }
    parts.extensions.insert(Arc::new(taken));
    Ok(Response::from_parts(parts, whole))
}

/// What it means that there was no answer at all.
pub(super) fn failure(error: &legacy::Error) -> SendError {
    if let Some(DialError::Refused(words)) = find(error) {
        return SendError::Denied(words.clone());
    }
    // Only a request that was handed to a connection knows which one it was. One that the connection
    // took and gave back, "canceled", was never written.
    let given_back = |error: &hyper::Error| error.is_canceled();
    if error.connect_info().is_none() || find(error).is_some_and(given_back) {
        return SendError::NotSent(causes(error));
    }
    if find(error).is_some_and(hyper::Error::is_parse_too_large) {
        return SendError::TooLarge(MAX_HEAD_BYTES.into());
    }
    SendError::NoAnswer(causes(error))
}

/// The first error of this type in the chain.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |error| (**error).source()).find_map(|error| error.downcast_ref())
}

/// The chain below hyper-util's own error, which says nothing that its kind does not.
fn causes(error: &legacy::Error) -> String {
    error.source().map_or_else(|| error.to_string(), words)
}

/// The network's part in it. HTTP/2's own error is one too, and names no cause.
fn network<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    find(error).or_else(|| find(error).and_then(h2::Error::get_io))
}

/// A network's failure in words that an administrator can read; the chain's own are for programmers.
fn plain(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => "the connection was closed",
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => "the connection was reset",
        io::ErrorKind::ConnectionRefused => "the connection was refused",
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => "there is no way to it",
        io::ErrorKind::TimedOut => "it did not answer in time",
        _ => return None,
    })
}

/// The whole chain in one line, or what it comes down to. Neither hyper nor TLS put anything of the request into it.
fn words(error: &(dyn Error + 'static)) -> String {
    if let Some(words) = network(error).and_then(|error| plain(error.kind())) {
        tracing::debug!(error, "an exchange failed");
        return words.to_owned();
    }
    let mut line = error.to_string();
    for cause in std::iter::successors(error.source(), |cause| (**cause).source()) {
        let cause = cause.to_string();
        if !line.ends_with(&cause) {
            line.push_str(": ");
            line.push_str(&cause);
        }
    }
    line
}
