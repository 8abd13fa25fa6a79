//! `$batch` ("Combine multiple HTTP requests using JSON batching", Graph): up to 20 requests in one,
//! each answered with a status of its own, in any order.

use http::StatusCode;
use http::header::HeaderName;
use serde::Serialize;

use super::refusal::Refusal;
use super::{Failure, retry};
use crate::bindings::provider::Error;
use crate::failure;
use crate::json::Json;

/// The most requests in one batch.
pub(crate) const MOST: usize = 20;

#[derive(Serialize)]
struct Outgoing<'a> {
    requests: Vec<OutgoingItem<'a>>,
}

#[derive(Serialize)]
struct OutgoingItem<'a> {
    id: String,
    method: &'static str,
    url: &'a str,
}

/// The body that asks for each of `paths`, which start with a slash under the version.
pub(crate) fn assemble(paths: &[&str]) -> Result<Vec<u8>, Error> {
    let requests = paths.iter().enumerate().map(|(index, &url)| OutgoingItem {
        id: (index + 1).to_string(),
        method: "GET",
        url,
    });
    serde_json::to_vec(&Outgoing { requests: requests.collect() })
        .map_err(|_| failure::internal("A batch could not be written as JSON."))
}

/// The answer to one request of a batch.
pub(crate) struct Item<'a> {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its body.
    pub(crate) body: &'a Json<'a>,
    headers: &'a Json<'a>,
}

impl Item<'_> {
    /// The error that this item is.
    pub(crate) fn refused(&self) -> Failure {
        let header = |name: HeaderName| self.headers.get_any_case(name.as_str());
        let retry_after = header(http::header::RETRY_AFTER);
        let seconds = retry_after.number().and_then(|it| u64::try_from(it).ok());
        let refusal = Refusal {
            status: self.status,
            retry_after: match seconds {
                Some(seconds) => Some(seconds.saturating_mul(1000)),
                None => retry_after.text().and_then(retry::wait),
            },
            challenge: header(http::header::WWW_AUTHENTICATE).text(),
            body: self.body,
            writes: false,
        };
        Failure { status: Some(self.status), too_large: false, error: refusal.error() }
    }
}

/// The answers in the order of the requests; none where the batch has no readable answer to one.
pub(crate) fn disassemble<'a>(answer: &'a Json<'a>, count: usize) -> Result<Vec<Option<Item<'a>>>, Error> {
    let responses = answer.get("responses").list().ok_or_else(|| {
        failure::internal("Microsoft Graph answered a batch with something other than a batch.")
    })?;
    let mut items: Vec<Option<Item<'a>>> = Vec::new();
    items.resize_with(count, || None);
    for response in responses {
        let id = response.get("id").text().and_then(|id| id.parse::<usize>().ok());
        let slot = id.and_then(|id| items.get_mut(id.checked_sub(1)?));
        let status = response.get("status").number();
        let status = status.and_then(|status| u16::try_from(status).ok());
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        if let (Some(slot), Some(status)) = (slot, status) {
            *slot = Some(Item { status, body: response.get("body"), headers: response.get("headers") });
        }
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Json<'_> {
        Json::read(body.as_bytes()).expect("JSON")
    }

    #[test]
    fn requests_are_numbered_from_one() {
        let body = assemble(&["/a", "/b?c"]).expect("a body");
        assert_eq!(
            String::from_utf8_lossy(&body),
            r#"{"requests":[{"id":"1","method":"GET","url":"/a"},{"id":"2","method":"GET","url":"/b?c"}]}"#
        );
    }

    #[test]
    fn answers_find_their_requests_in_any_order() {
        let answer = answer(
            r#"{"responses":[{"id":"3","status":200,"body":{"value":[]}},{"id":"x","status":200},
                {"id":"1","status":429,"headers":{"retry-after":"2.5"}},{"id":"9","status":200}]}"#,
        );
        let items = disassemble(&answer, 3).expect("a batch");
        assert_eq!(items[0].as_ref().map(|it| it.refused().error), Some(Error::Throttled(Some(2500))));
        assert!(items[1].is_none());
        assert!(items[2].as_ref().is_some_and(|it| it.body.get("value").list().is_some()));
    }

    #[test]
    fn a_header_may_be_a_bare_number_and_the_body_anything() {
        let answer = answer(
            r#"{"responses":[{"id":"1","status":503,"headers":{"Retry-After":3},"body":"PGh0bWw+"}]}"#,
        );
        let items = disassemble(&answer, 1).expect("a batch");
        let error = items[0].as_ref().map(|it| it.refused().error);
        assert!(matches!(error, Some(Error::Unavailable(outage)) if outage.retry_after == Some(3000)));
    }

    #[test]
    fn what_is_no_batch_is_a_broken_rule() {
        assert!(matches!(disassemble(&answer("{}"), 1), Err(Error::Internal(_))));
    }
}
