//! Whatever Microsoft, or somebody in its place, answers: it is read or refused, nothing panics, and no request
//! leaves for anywhere else than Microsoft.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::IgnoredAny;

use crate::bindings::http as wire;
use crate::bindings::provider::{
    AuthorizationResponse, Cancellation, Look, MeetingReference, MeetingRequest,
};
use crate::bindings::types::Parameter;
use crate::cloud::GLOBAL;
use crate::fake::{Fake, NOW};
use crate::graph::{batch, retry};
use crate::identity::Purpose;
use crate::identity::claims::{self, Expected};
use crate::json::Json;
use crate::{account, connect, directory, matching, meeting};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

#[test]
fn fuzz_json() {
    for input in fuzzing::inputs("json") {
        let tree = Json::read(&input);
        // What is too deep is passed over by the same reader, which then goes on.
        if serde_json::from_slice::<IgnoredAny>(&input).is_err() {
            assert!(tree.is_none(), "what is no JSON was read");
        }
        if let Some(tree) = tree {
            let _ = (tree.get("a").get("b").list(), tree.get_any_case("A").texts(), tree.owned());
        }
    }
}

#[test]
fn fuzz_batch() {
    for input in fuzzing::inputs("batch") {
        let Some(answer) = Json::read(&input) else { continue };
        if let Ok(items) = batch::disassemble(&answer, 3) {
            assert_eq!(items.len(), 3);
            for item in items.iter().flatten() {
                let _ = item.refused();
            }
        }
    }
}

#[test]
fn fuzz_retry_after() {
    for input in fuzzing::inputs("retry-after") {
        let header = String::from_utf8_lossy(&input);
        if let Some(wait) = retry::wait(&header) {
            let whole: Cow<'_, str> = header.trim().split('.').next().unwrap_or_default().into();
            let seconds: u64 = whole.parse().unwrap_or(u64::MAX / 2000);
            assert!(wait >= seconds.saturating_mul(1000), "{header}: {wait} is too early");
        }
    }
}

#[test]
fn fuzz_id_token() {
    let expected = Expected { cloud: &GLOBAL, client: "client", tenant: TENANT, nonce: "nonce", now: NOW };
    let mut accepted = 0;
    for input in fuzzing::inputs("id-token") {
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(&input));
        if let Ok(oid) = claims::object_id(&token, &expected) {
            let read = Json::read(&input);
            let read = read.as_ref().expect("what was taken is JSON");
            assert_eq!(read.get("nonce").text(), Some("nonce"), "another sign-in's");
            assert!(
                read.get("tid").text().is_some_and(|tid| tid.eq_ignore_ascii_case(TENANT)),
                "another tenant"
            );
            assert!(!oid.is_empty());
            accepted += 1;
        }
        // And as the whole token, which is no token at all.
        let _ = claims::object_id(&String::from_utf8_lossy(&input), &expected);
    }
    assert!(accepted > 0, "the good one of the corpus was refused");
}

/// Answers everything with the same, whatever the status.
fn answering(input: &[u8]) -> Fake {
    let host = Fake::connected("");
    for nth in 0..60_u8 {
        let status = [200, 201, 429, 404, 401, 503][usize::from(input.first().unwrap_or(&0) ^ nth) % 6];
        let header = |name: &str, bytes: &[u8]| Parameter {
            name: name.to_owned(),
            value: String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes)).into_owned(),
        };
        // Mostly a success, or little would be read.
        let status = if nth % 4 == 3 { status } else { 200 };
        host.answers.borrow_mut().push_back(Ok(wire::Response {
            status,
            headers: vec![header("retry-after", input), header("www-authenticate", input)],
            body: input.to_vec(),
        }));
    }
    host
}

#[test]
fn fuzz_graph_answer() {
    let request = MeetingRequest {
        appointment_id: "a-1".to_owned(),
        meeting_id: None,
        organizer_id: None,
        staff: None,
        subject: "Advice".to_owned(),
        start: 0,
        end: 60_000,
        attendees: Vec::new(),
        options: Vec::new(),
    };
    let reference = |meeting_id: Option<&str>| MeetingReference {
        appointment_id: "a-1".to_owned(),
        meeting_id: meeting_id.map(str::to_owned),
        organizer_id: Some("org".to_owned()),
        staff: None,
    };
    for input in fuzzing::inputs("graph-answer") {
        let host = answering(&input);
        let cancellation: Cancellation = reference(Some("M1"));
        let _ = meeting::create(&host, &request);
        let _ =
            meeting::update(&host, &MeetingRequest { meeting_id: Some("M1".to_owned()), ..request.clone() });
        let _ = meeting::cancel(&host, &cancellation);
        let _ = meeting::look_up(&host, &[reference(Some("M1")), reference(None)]);
        let outcomes =
            matching::match_users(&host, &["a@c.com".to_owned(), "B@c.com".to_owned()], Look::Everywhere);
        assert!(outcomes.map_or(true, |outcomes| outcomes.len() == 2));
        let _ = directory::list(&host, None);
        let _ = directory::size(&host);
        let _ = account::check(&host);
        let parameters = url_parameters(&input);
        let response = AuthorizationResponse { state: "state".to_owned(), parameters };
        assert!(connect::finish(&host, &response, Purpose::Connect).is_err(), "nothing was begun");
        for sent in host.sent.borrow().iter() {
            let there = [GLOBAL.graph, GLOBAL.login]
                .iter()
                .any(|origin| sent.url.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/')));
            assert!(there, "a request went to {}", sent.url);
        }
    }
}

/// What a browser could bring back: the input, cut into names and values.
fn url_parameters(input: &[u8]) -> Vec<Parameter> {
    let text = String::from_utf8_lossy(input);
    let pair = |pair: &str| {
        let (name, value) = pair.split_once(':').unwrap_or((pair, ""));
        Parameter { name: name.to_owned(), value: value.to_owned() }
    };
    text.split(',').take(20).map(pair).collect()
}
