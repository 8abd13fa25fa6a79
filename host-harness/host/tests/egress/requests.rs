//! What a request may hold, and what becomes of it.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use tracing::field::{Field, Visit};
use tracing::span;
use video_host::egress::{DenyAll, MAX_REQUEST_BODY, RecordingTransport, admit_headers};
use video_host::transport::{SendError, Transport};

use crate::server::{Server, ask, get, ok, plenty};

#[tokio::test]
async fn a_header_that_frames_the_message_is_refused_even_from_the_host() {
    let server = Server::http(&["http/1.1"], |_| ok("reached")).await;
    let client = server.client();
    for (name, value) in [
        ("host", "evil.example"),
        ("content-length", "0"),
        ("transfer-encoding", "chunked"),
        ("connection", "authorization"),
        ("upgrade", "h2c"),
        ("te", "trailers"),
        ("trailer", "x-a"),
        ("keep-alive", "timeout=1"),
        ("proxy-authorization", "Basic x"),
    ] {
        let mut request = get("https://api.example/");
        request.headers_mut().insert(name, value.parse().unwrap());
        let result = client.send(request, plenty()).await;
        assert!(
            matches!(&result, Err(SendError::Denied(words)) if words.contains(name.split('-').next().unwrap())),
            "{name}: {result:?}"
        );
    }
    assert_eq!(client.traffic().connections, 0);
}

#[tokio::test]
async fn admitted_headers_arrive_beside_the_hosts_authorization() {
    let server = Server::http(&["http/1.1"], |request| {
        let headers = request.headers();
        assert_eq!(headers["host"], "api.example");
        assert_eq!(headers["authorization"], "Bearer token");
        assert_eq!(headers.get_all("prefer").iter().count(), 2);
        assert_eq!(headers.len(), 4);
        ok("as expected")
    })
    .await;
    let own = [("Prefer", "a"), ("prefer", "b")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut request = get("https://api.example/");
    *request.headers_mut() = admit_headers(&own).unwrap();
    request.headers_mut().insert("authorization", "Bearer token".parse().unwrap());

    assert_eq!(server.client().send(request, plenty()).await.unwrap().body(), "as expected");
}

#[tokio::test]
async fn a_body_of_the_largest_size_is_sent_and_one_byte_more_is_refused() {
    let server = Server::http(&["http/1.1"], |request| {
        assert_eq!(request.headers()["content-length"], MAX_REQUEST_BODY.to_string());
        ok("taken")
    })
    .await;
    let client = server.client();
    let post = |size| Request::post("https://api.example/").body(Bytes::from(vec![b'a'; size])).unwrap();

    let refused = client.send(post(MAX_REQUEST_BODY + 1), plenty()).await;
    assert!(matches!(refused, Err(SendError::Denied(_))), "{refused:?}");
    assert_eq!(server.requests(), 0);
    assert_eq!(client.send(post(MAX_REQUEST_BODY), plenty()).await.unwrap().body(), "taken");
}

#[tokio::test]
async fn headers_beyond_every_limit_are_refused() {
    let server = Server::http(&["http/1.1"], |_| ok("reached")).await;
    let client = server.client();
    let mut many = get("https://api.example/");
    for number in 0..100 {
        many.headers_mut().append("x-a", number.into());
    }
    let mut long = get("https://api.example/");
    long.headers_mut().insert("x-a", "a".repeat(64 * 1024).parse().unwrap());
    for request in [many, long] {
        let result = client.send(request, plenty()).await;
        assert!(matches!(result, Err(SendError::Denied(_))), "{result:?}");
    }
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn deny_all_denies_and_the_recording_transport_keeps_requests_without_showing_them() {
    let denied = DenyAll.send(get("https://api.example/"), plenty()).await;
    assert!(matches!(denied, Err(SendError::Denied(_))));

    let recording = RecordingTransport::new(|request| {
        Ok(Response::new(Bytes::copy_from_slice(request.uri().path().as_bytes())))
    });
    let mut request = get("https://api.example/path");
    request.headers_mut().insert("authorization", "Bearer token".parse().unwrap());
    let answer = recording.send(request, plenty()).await.unwrap();
    assert_eq!(answer.body(), "/path");
    assert_eq!(recording.requests()[0].headers()["authorization"], "Bearer token");
    assert!(!format!("{recording:?}").contains("token"));
}

/// Writes every event of the crate's steps down, with all its fields.
#[derive(Clone, Default)]
struct Steps(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Steps {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "video_host::step"
    }

    fn event(&self, event: &tracing::Event<'_>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                let _ = write!(self.0, "{}={value:?} ", field.name());
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0.trim_end().to_owned());
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[tokio::test]
async fn the_steps_of_an_exchange_are_told_with_the_host_and_nothing_else() {
    let steps = Steps::default();
    // While there is only one subscriber, tracing asks the thread that comes by an event first whether
    // anybody listens: another test's thread, which does not. With a second one it asks them all.
    let _second = tracing::Dispatch::new(Steps::default());
    let _guard = tracing::subscriber::set_default(steps.clone());
    let server = Server::http(&["http/1.1"], |_| ok("secret")).await;
    let client = server.client();

    client.send(get("https://api.example/users/ada?code=secret"), plenty()).await.unwrap();
    assert_eq!(
        *steps.0.lock().unwrap(),
        [r#"step="http.before-send" host="api.example""#, r#"step="http.answered" host="api.example""#]
    );
    assert!(ask(&client).await.is_ok());
    assert_eq!(steps.0.lock().unwrap().len(), 4);
}
