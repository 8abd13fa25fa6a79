//! Where a request may go.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use video_host::egress::{Client, ClientOptions, Resolved, Resolver, SystemResolver, Trust};
use video_host::transport::{BoxFuture, SendError, Transport};

use crate::server::{Server, ask, get, ok, plenty};

/// Answers from a list, and remembers what it was asked.
#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Resolved>>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    fn new(answers: impl IntoIterator<Item = Resolved>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Resolver for Scripted {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Resolved>> {
        self.asked.lock().unwrap().push(host.to_owned());
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(std::future::ready(answer.ok_or_else(|| io::Error::other("asked once too often"))))
    }
}

fn addresses(texts: &[&str]) -> Resolved {
    Resolved::Addresses(texts.iter().map(|text| text.parse::<IpAddr>().unwrap()).collect())
}

fn nowhere(resolver: Arc<dyn Resolver>) -> Client {
    let options = ClientOptions { trust: Trust::Only(Vec::new()), ..ClientOptions::default() };
    Client::new(resolver, options).unwrap()
}

/// Sends to a name that leads to these addresses, and gives back the words of the refusal.
async fn refusal(leads_to: &[&str]) -> String {
    let client = nowhere(Scripted::new([addresses(leads_to)]));
    let result = ask(&client).await;
    assert_eq!(client.traffic().connections, 0, "{leads_to:?}");
    match result {
        Err(SendError::Denied(words)) => words,
        other => panic!("{leads_to:?}: {other:?}"),
    }
}

#[tokio::test]
async fn a_name_that_leads_to_the_cloud_metadata_is_refused_before_anything_is_connected() {
    for metadata in ["169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254"] {
        let words = refusal(&[metadata]).await;
        assert!(words.contains("api.example") && !words.contains(metadata), "{words}");
    }
}

#[tokio::test]
async fn one_private_address_among_public_ones_refuses_the_name() {
    assert!(refusal(&["8.8.8.8", "10.0.0.1"]).await.contains("private"));
    assert!(refusal(&["10.0.0.1", "8.8.8.8"]).await.contains("private"));
    assert!(refusal(&["2603:1046::1", "8.8.8.8", "::1"]).await.contains("loopback"));
}

#[tokio::test]
async fn a_private_address_in_an_ipv6_dress_is_refused() {
    assert!(refusal(&["::ffff:127.0.0.1"]).await.contains("loopback"));
    assert!(refusal(&["::ffff:169.254.169.254"]).await.contains("cloud metadata"));
    assert!(refusal(&["64:ff9b::a00:1"]).await.contains("private"));
    assert!(refusal(&["2002:7f00:1::1"]).await.contains("6to4"));
}

#[tokio::test]
async fn a_name_is_resolved_once_and_a_second_answer_does_not_rescue_it() {
    let server = Server::http(&["http/1.1"], |_| ok("reached")).await;
    let resolver = Scripted::new([addresses(&["127.0.0.1"]), Resolved::Route(server.address)]);
    let client = Client::new(resolver.clone(), server.options()).unwrap();

    assert!(matches!(ask(&client).await, Err(SendError::Denied(_))));
    assert_eq!(resolver.asked().len(), 1);
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_connection_goes_to_the_answer_that_was_checked_and_not_to_a_later_one() {
    let first = Server::http(&["http/1.1"], |_| ok("first")).await;
    let resolver = Scripted::new([Resolved::Route(first.address), addresses(&["169.254.169.254"])]);
    let client = Client::new(resolver.clone(), first.options()).unwrap();

    assert_eq!(ask(&client).await.unwrap().body(), "first");
    // The name has been moved by now, which an open connection does not notice.
    assert_eq!(ask(&client).await.unwrap().body(), "first");
    assert_eq!(resolver.asked(), ["api.example"]);
    assert_eq!(client.traffic().connections, 1);
}

#[tokio::test]
async fn every_new_connection_is_checked_anew() {
    let server = Server::http(&["http/1.1"], |_| {
        let mut answer = ok("once");
        answer.headers_mut().insert("connection", "close".parse().unwrap());
        answer
    })
    .await;
    let resolver = Scripted::new([Resolved::Route(server.address), addresses(&["169.254.169.254"])]);
    let client = Client::new(resolver.clone(), server.options()).unwrap();

    assert_eq!(ask(&client).await.unwrap().body(), "once");
    assert!(matches!(ask(&client).await, Err(SendError::Denied(_))));
    assert_eq!(resolver.asked().len(), 2);
}

#[tokio::test]
async fn what_the_machine_resolves_to_loopback_is_refused() {
    let client = nowhere(Arc::new(SystemResolver));
    let result = client.send(get("https://localhost/"), plenty()).await;
    assert!(matches!(&result, Err(SendError::Denied(words)) if words.contains("loopback")), "{result:?}");
}

#[tokio::test]
async fn an_address_in_the_url_is_refused_in_every_spelling_and_never_resolved() {
    let resolver = Scripted::new([]);
    let client = nowhere(resolver.clone());
    let mut tried = 0;
    for host in [
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0x7f.1",
        "2130706433",
        "127.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "169.254.169.254",
        "[64:ff9b::a9fe:a9fe]",
        "0",
        "0x0",
        "[fe80::1%25lo]",
    ] {
        let Ok(request) = Request::get(format!("https://{host}/")).body(Bytes::new()) else { continue };
        tried += 1;
        let result = client.send(request, plenty()).await;
        assert!(matches!(result, Err(SendError::Denied(_))), "{host}: {result:?}");
    }
    assert!(tried >= 12, "the URL parser refused too many for this to be a test");
    assert!(resolver.asked().is_empty());
}

#[tokio::test]
async fn only_https_without_a_user_name_is_sent_anywhere() {
    let server = Server::http(&["http/1.1"], |_| ok("reached")).await;
    let client = server.client();
    for url in [
        "http://api.example/",
        "HTTP://api.example/",
        "ftp://api.example/",
        "/",
        "https://user@api.example/",
        "https://user:password@api.example/",
        "https://evil.example@api.example/",
    ] {
        let result = client.send(get(url), plenty()).await;
        assert!(matches!(result, Err(SendError::Denied(_))), "{url}: {result:?}");
    }
    let tunnel = Request::builder().method(Method::CONNECT).uri("https://api.example/");
    let result = client.send(tunnel.body(Bytes::new()).unwrap(), plenty()).await;
    assert!(matches!(result, Err(SendError::Denied(_))), "{result:?}");
    assert_eq!(client.traffic().connections, 0);
}

#[tokio::test]
async fn a_host_without_a_route_is_refused_and_one_in_other_letters_is_found() {
    let server = Server::http(&["http/1.1"], |_| ok("reached")).await;
    let client = server.client();
    let elsewhere = client.send(get("https://elsewhere.example/"), plenty()).await;
    assert!(matches!(elsewhere, Err(SendError::Denied(_))), "{elsewhere:?}");
    let here = client.send(get("https://API.example/"), plenty()).await.unwrap();
    assert_eq!(here.body(), "reached");
}

#[tokio::test]
async fn a_redirect_to_loopback_is_an_answer_and_is_not_followed() {
    let victim = Server::http(&["http/1.1"], |_| ok("secret")).await;
    let location = format!("https://{}/", victim.address);
    let server = Server::http(&["http/1.1"], move |_| {
        let mut answer = ok("over there");
        *answer.status_mut() = StatusCode::FOUND;
        answer.headers_mut().insert("location", location.parse().unwrap());
        answer
    })
    .await;

    let answer = ask(&server.client()).await.unwrap();

    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(answer.headers()["location"], format!("https://{}/", victim.address));
    assert_eq!((server.requests(), victim.requests()), (1, 0));
}

#[tokio::test]
async fn a_name_that_cannot_be_resolved_was_not_sent() {
    for resolver in [Scripted::new([]), Scripted::new([Resolved::Addresses(Vec::new())])] {
        let result = ask(&nowhere(resolver)).await;
        assert!(matches!(result, Err(SendError::NotSent(_))), "{result:?}");
    }
}
