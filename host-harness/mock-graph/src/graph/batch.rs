//! `POST /$batch`: up to 20 calls in one.

use std::collections::{HashMap, HashSet};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use super::error::GraphError;
use super::{Call, Resource, below_version, execute};
use crate::faults::Action;
use crate::journal::RecordedItem;
use crate::operation::Operation;
use crate::shared::Shared;
use crate::wire::Reply;

const MAX_ITEMS: usize = 20;

struct Item {
    id: String,
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Vec<u8>,
    depends_on: Vec<String>,
}

struct Done {
    reply: Reply,
    record: RecordedItem,
}

/// A batch that can be read answers 200, and each item has its own status, in any order.
pub(super) async fn answer(shared: &Shared, call: &Call<'_>) -> Reply {
    let items = match read(call) {
        Ok(items) => items,
        Err(error) => return error.reply(call.trace),
    };
    let mut done: Vec<Done> = Vec::with_capacity(items.len());
    let mut statuses: HashMap<String, StatusCode> = HashMap::new();
    // An item can depend on a later one, so the list is gone through until nothing is left;
    // `read` made sure that this comes to an end.
    let mut waiting: Vec<Item> = items;
    while !waiting.is_empty() {
        let (ready, later): (Vec<Item>, Vec<Item>) =
            waiting.into_iter().partition(|item| item.depends_on.iter().all(|id| statuses.contains_key(id)));
        waiting = later;
        for item in ready {
            let failed = item
                .depends_on
                .iter()
                .any(|id| statuses.get(id).is_some_and(|status| status.as_u16() >= 400));
            let reply = if failed {
                failed_dependency().reply(call.trace)
            } else {
                carry_out(shared, call, &item).await
            };
            statuses.insert(item.id.to_lowercase(), reply.status);
            done.push(recorded(item, reply));
        }
    }
    if shared.config.shuffle_batches {
        shared.chance.shuffle(&mut done);
    }
    finished(done)
}

fn finished(done: Vec<Done>) -> Reply {
    let responses: Vec<Value> = done.iter().map(response).collect();
    let mut reply = Reply::odata(StatusCode::OK, &json!({ "responses": responses }));
    reply.effect = done.iter().any(|item| item.reply.effect);
    reply.units = done.iter().map(|item| item.reply.units).sum();
    reply.early = done.iter().any(|item| item.reply.early);
    reply.items = done.into_iter().map(|item| item.record).collect();
    reply
}

async fn carry_out(shared: &Shared, outer: &Call<'_>, item: &Item) -> Reply {
    let plan = shared.faults.plan(Operation::BatchItem, &item.url, &item.body);
    for gate in &plan.hold_before {
        gate.pass().await;
    }
    let mut reply = match &plan.decides {
        Some(Action::Status { status, retry_after }) => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_REQUEST);
            if let Some(seconds) = retry_after.as_ref().and_then(|text| text.parse().ok()) {
                shared.throttle.asked_to_wait(outer.token, seconds, outer.trace.at);
            }
            GraphError::of_status(status, retry_after.clone()).reply(outer.trace)
        }
        Some(Action::ClaimsChallenge) => GraphError::claims_challenge(outer.trace).reply(outer.trace),
        _ => call_item(shared, outer, item),
    };
    if let Some(Action::NextLink(origin)) = &plan.decides
        && let Ok(mut body) = serde_json::from_slice(&reply.body)
    {
        super::lead_to(&mut body, origin);
        reply.body = body.to_string().into();
    }
    if let Some(Action::StatusAfter { status }) = plan.decides {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        let effect = reply.effect;
        reply = GraphError::of_status(status, None).reply(outer.trace);
        reply.effect = effect;
    }
    for gate in &plan.hold_after {
        gate.pass().await;
    }
    if !plan.slow.is_zero() {
        tokio::time::sleep(plan.slow).await;
    }
    reply
}

fn call_item(shared: &Shared, outer: &Call, item: &Item) -> Reply {
    let (path, query) = item.url.split_once('?').unwrap_or((&item.url, ""));
    let resource = match Resource::of(path) {
        // A batch inside a batch is not a thing.
        Resource::Batch => Resource::Unknown,
        resource => resource,
    };
    let call = Call {
        method: &item.method,
        resource,
        path,
        query,
        headers: &item.headers,
        body: &item.body,
        base: outer.base,
        token: outer.token,
        trace: outer.trace,
    };
    execute(shared, &call)
}

fn recorded(item: Item, reply: Reply) -> Done {
    let path = item.url.split('?').next().unwrap_or_default();
    let record = RecordedItem {
        operation: Resource::of(path).operation(&item.method),
        id: item.id,
        method: item.method.to_string(),
        url: item.url,
        status: reply.status.as_u16(),
        effect: reply.effect,
        units: reply.units,
    };
    Done { reply, record }
}

fn response(done: &Done) -> Value {
    let headers: Map<String, Value> = done
        .reply
        .headers
        .iter()
        .filter_map(|(name, value)| Some((title_case(name.as_str()), Value::from(value.to_str().ok()?))))
        .collect();
    let mut response = json!({
        "id": done.record.id,
        "status": done.record.status,
        "headers": headers,
    });
    if !done.reply.body.is_empty() {
        response["body"] = serde_json::from_slice(&done.reply.body)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&done.reply.body)));
    }
    response
}

/// `retry-after` as `Retry-After`: inside a batch header names are JSON keys, and Graph writes
/// them so.
fn title_case(name: &str) -> String {
    if name.starts_with("x-ms") {
        return name.to_owned();
    }
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    words.collect::<Vec<_>>().join("-").replace("Odata", "OData").replace("Www", "WWW")
}

fn read(call: &Call) -> Result<Vec<Item>, GraphError> {
    let body: Value =
        serde_json::from_slice(call.body).map_err(|_| bad("Invalid batch payload format.".to_owned()))?;
    let requests = body["requests"]
        .as_array()
        .filter(|requests| !requests.is_empty())
        .ok_or_else(|| bad("Invalid batch payload format.".to_owned()))?;
    if requests.len() > MAX_ITEMS {
        return Err(bad(format!("Number of batch request steps exceeds the maximum value of {MAX_ITEMS}.")));
    }
    let items = requests.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    let mut ids = HashSet::new();
    for item in &items {
        if !ids.insert(item.id.to_lowercase()) {
            return Err(bad(format!("Request Id : {} is not unique.", item.id)));
        }
    }
    dependencies_end(&items)?;
    Ok(items)
}

/// Dependencies must name items of the batch and must not go in circles.
fn dependencies_end(items: &[Item]) -> Result<(), GraphError> {
    let mut settled: HashSet<String> = HashSet::new();
    loop {
        let before = settled.len();
        for item in items {
            if item.depends_on.iter().all(|id| settled.contains(id)) {
                settled.insert(item.id.to_lowercase());
            }
        }
        if settled.len() == items.len() {
            return Ok(());
        }
        if settled.len() == before {
            return Err(bad("Invalid dependsOn in the batch: an unknown request id or a circle.".to_owned()));
        }
    }
}

fn item(entry: &Value) -> Result<Item, GraphError> {
    let id = match &entry["id"] {
        Value::String(id) if !id.is_empty() => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return Err(bad("Request id is missing.".to_owned())),
    };
    let missing = |what: &str| bad(format!("Request Id : {id} has no {what}."));
    let method = entry["method"].as_str().ok_or_else(|| missing("method"))?;
    let url = entry["url"].as_str().ok_or_else(|| missing("url"))?;
    let headers = headers(&entry["headers"]);
    let body = match &entry["body"] {
        Value::Null => Vec::new(),
        body if headers.contains_key("content-type") => body.to_string().into_bytes(),
        _ => {
            return Err(bad(format!(
                "Write request id : {id} does not contain Content-Type header or body."
            )));
        }
    };
    // msgraph-sdk's batches say depends_on; the documented key is dependsOn.
    let depends_on = [&entry["dependsOn"], &entry["depends_on"]]
        .into_iter()
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_lowercase)
        .collect();
    Ok(Item {
        method: Method::from_bytes(method.to_uppercase().as_bytes()).map_err(|_| missing("usable method"))?,
        url: relative(url),
        headers,
        body,
        depends_on,
        id,
    })
}

/// msgraph-sdk's batches hold absolute URLs, the JavaScript client's relative ones.
fn relative(url: &str) -> String {
    let path = match url.strip_prefix("https://") {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => url,
    };
    below_version(path).unwrap_or(path).to_owned()
}

fn headers(map: &Value) -> HeaderMap {
    let pairs = map.as_object().into_iter().flatten();
    pairs
        .filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value.as_str()?).ok()?))
        })
        .collect()
}

fn failed_dependency() -> GraphError {
    GraphError::new(
        StatusCode::FAILED_DEPENDENCY,
        "FailedDependency",
        "A request this one depends on has failed.",
    )
}

fn bad(message: String) -> GraphError {
    GraphError::bad_request("BadRequest", message)
}
