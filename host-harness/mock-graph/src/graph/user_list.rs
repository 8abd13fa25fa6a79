//! `GET /users`: filters, pages and counts.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};
use url::form_urlencoded::{Serializer, parse};

use super::Call;
use super::access::{READ_USERS, require};
use super::error::GraphError;
use super::filter::Filter;
use super::user_json::Selection;
use crate::directory::{Account, People};
use crate::shared::Shared;
use crate::wire::{Form, Reply};

const DEFAULT_PAGE: usize = 100;
const LARGEST_PAGE: usize = 999;

pub(super) fn list(shared: &Shared, call: &Call) -> Result<Reply, GraphError> {
    require(call.token, READ_USERS)?;
    let parameters = call.parameters();
    supported(&parameters)?;
    let selection = Selection::of(parameters.get("$select"))?;
    let filter = parameters.get("$filter").map(Filter::parse).transpose()?;
    let top = page_size(&parameters)?;
    let at = Position::of(&parameters)?;
    let empty = shared.config.empty_page_every.is_some_and(|n| n > 0 && at.page % n == 0);
    let take = if empty { 0 } else { top };
    let counted = parameters.get("$count") == Some("true") && eventual(call);
    let found = shared
        .directory
        .people(&call.token.tenant, |people| {
            let page = page(people, filter.as_ref(), at.slot, take);
            let count = counted.then(|| matching(people, filter.as_ref()));
            (page, count)
        })
        .unwrap_or_default();
    let ((accounts, next), count) = found;
    let mut body = serde_json::Map::new();
    let context = format!("{}/$metadata#users{}", call.base, selection.context());
    body.insert("@odata.context".to_owned(), json!(context));
    if let Some(count) = count {
        body.insert("@odata.count".to_owned(), json!(count));
    }
    if let Some(slot) = next {
        let next = Position { slot, page: at.page + 1 };
        body.insert("@odata.nextLink".to_owned(), json!(next.link(call)));
    }
    let value = accounts.iter().map(|account| Value::Object(selection.show(&account.user)));
    body.insert("value".to_owned(), value.collect());
    Ok(Reply::odata(StatusCode::OK, &Value::Object(body)))
}

/// `GET /users/$count`, a plain number.
pub(super) fn count(shared: &Shared, call: &Call) -> Result<Reply, GraphError> {
    require(call.token, READ_USERS)?;
    if !eventual(call) {
        return Err(GraphError::bad_request("Request_BadRequest", "$count is not currently supported."));
    }
    let filter = call.parameters().get("$filter").map(Filter::parse).transpose()?;
    let count = shared
        .directory
        .people(&call.token.tenant, |people| matching(people, filter.as_ref()))
        .unwrap_or_default();
    Ok(Reply::new(StatusCode::OK).with_body("text/plain", count.to_string()))
}

fn supported(parameters: &Form) -> Result<(), GraphError> {
    for name in ["$skip", "$orderby", "$search", "$expand"] {
        if parameters.get(name).is_some() {
            return Err(GraphError::bad_request(
                "Request_BadRequest",
                format!("'{name}' is not supported by the service."),
            ));
        }
    }
    Ok(())
}

fn eventual(call: &Call) -> bool {
    call.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
}

fn page_size(parameters: &Form) -> Result<usize, GraphError> {
    let Some(top) = parameters.get("$top") else {
        return Ok(DEFAULT_PAGE);
    };
    top.parse().ok().filter(|top| (1..=LARGEST_PAGE).contains(top)).ok_or_else(|| {
        GraphError::bad_request(
            "Request_UnsupportedQuery",
            format!(
                "Invalid page size specified: '{top}'. Must be between 1 and {LARGEST_PAGE} \
                     inclusive."
            ),
        )
    })
}

/// Up to `take` matches from `from` on, and where the next page starts if there is more.
fn page(
    people: &People,
    filter: Option<&Filter>,
    from: usize,
    take: usize,
) -> (Vec<Arc<Account>>, Option<usize>) {
    let candidates = filter.and_then(|filter| filter.candidates(people));
    let slots: Box<dyn Iterator<Item = usize>> = match &candidates {
        Some(slots) => Box::new(slots.range(from..).copied()),
        None => Box::new(from..people.slot_count()),
    };
    let mut found = Vec::new();
    for slot in slots {
        let Some(account) = people.at(slot) else {
            continue;
        };
        if filter.is_some_and(|filter| !filter.matches(&account.user)) {
            continue;
        }
        if found.len() == take {
            return (found, Some(slot));
        }
        found.push(Arc::clone(account));
    }
    (found, None)
}

fn matching(people: &People, filter: Option<&Filter>) -> usize {
    match filter {
        None => people.len(),
        Some(_) => page(people, filter, 0, usize::MAX).0.len(),
    }
}

/// A place in a listing, inside an opaque `$skiptoken`.
#[derive(Clone, Copy, Debug)]
struct Position {
    slot: usize,
    /// Counts pages from 1.
    page: u32,
}

impl Position {
    fn of(parameters: &Form) -> Result<Self, GraphError> {
        let Some(token) = parameters.get("$skiptoken") else {
            return Ok(Self { slot: 0, page: 1 });
        };
        Self::decoded(token).ok_or_else(|| {
            GraphError::bad_request(
                "Directory_ExpiredPageToken",
                "The specified page token value has expired and can no longer be included in your \
                 request.",
            )
        })
    }

    fn decoded(token: &str) -> Option<Self> {
        let raw = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        let text = String::from_utf8(raw).ok()?;
        let (slot, page) = text.strip_prefix("RFNwdAoAAQ.")?.split_once('.')?;
        Some(Self { slot: slot.parse().ok()?, page: page.parse().ok()? })
    }

    fn link(self, call: &Call) -> String {
        let token = BASE64_URL_SAFE_NO_PAD.encode(format!("RFNwdAoAAQ.{}.{}", self.slot, self.page));
        let mut query = Serializer::new(String::new());
        for (name, value) in parse(call.query.as_bytes()) {
            if name != "$skiptoken" {
                query.append_pair(&name, &value);
            }
        }
        query.append_pair("$skiptoken", &token);
        // Graph writes the `$` of its parameters as it is.
        let query = query.finish().replace("%24", "$");
        format!("{}/users?{query}", call.base)
    }
}
