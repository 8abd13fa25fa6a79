//! The recording as an HTTP archive (HAR 1.2, <http://www.softwareishard.com/blog/har-12-spec/>).

use std::sync::Arc;

use http::{HeaderMap, header};
use serde_json::{Value, json};

use super::redaction;
use super::{Record, version_name};

pub(super) fn archive(records: &[Arc<Record>]) -> Value {
    let entries: Vec<Value> = records.iter().map(|record| entry(record)).collect();
    json!({
        "log": {
            "version": "1.2",
            "creator": { "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") },
            "entries": entries,
        }
    })
}

fn entry(record: &Record) -> Value {
    let finished = record.answer.get();
    let took = finished.map_or(0.0, |finished| finished.at.duration_since(record.at).as_secs_f64() * 1_000.0);
    json!({
        "startedDateTime": record.at.to_string(),
        "time": took,
        "request": request(record),
        "response": response(record),
        "cache": {},
        "timings": { "send": 0, "wait": took, "receive": 0 },
        "connection": record.connection.to_string(),
    })
}

fn request(record: &Record) -> Value {
    let shown = redaction::url(&record.path_and_query);
    let query = shown.split_once('?').map_or("", |(_, query)| query);
    let mut request = json!({
        "method": record.method.as_str(),
        "url": format!("https://{}{shown}", record.authority),
        "httpVersion": version_name(record.version),
        "cookies": [],
        "headers": header_list(&record.headers),
        "queryString": parameters(query),
        "headersSize": -1,
        "bodySize": record.body.len(),
    });
    if !record.body.is_empty() {
        let media_type = media_type(&record.headers);
        request["postData"] = json!({
            "mimeType": media_type,
            "text": redaction::body(media_type, &record.body),
        });
    }
    request
}

fn response(record: &Record) -> Value {
    // A request without an answer has status 0, as browsers write it.
    let Some(finished) = record.answer.get().filter(|finished| !finished.dropped) else {
        return json!({
            "status": 0, "statusText": "", "httpVersion": version_name(record.version),
            "cookies": [], "headers": [], "redirectURL": "", "headersSize": -1, "bodySize": -1,
            "content": { "size": 0, "mimeType": "" },
        });
    };
    let reply = &finished.reply;
    let media_type = media_type(&reply.headers);
    let location = reply.headers.get(header::LOCATION);
    json!({
        "status": reply.status.as_u16(),
        "statusText": reply.status.canonical_reason().unwrap_or(""),
        "httpVersion": version_name(record.version),
        "cookies": [],
        "headers": header_list(&reply.headers),
        "content": {
            "size": reply.body.len(),
            "mimeType": media_type,
            "text": redaction::body(media_type, &reply.body),
        },
        "redirectURL": location
            .and_then(|value| value.to_str().ok())
            .map(redaction::url)
            .unwrap_or_default(),
        "headersSize": -1,
        "bodySize": reply.body.len(),
    })
}

fn media_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("")
}

fn header_list(headers: &HeaderMap) -> Vec<Value> {
    redaction::headers(headers)
        .into_iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect()
}

/// `query` is already redacted, so it is only taken apart here.
fn parameters(query: &str) -> Vec<Value> {
    url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect()
}
