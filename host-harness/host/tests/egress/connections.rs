//! Connections: to whom, how many, and what becomes of them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Version};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use video_host::egress::{Client, ClientError, ClientOptions, StaticRoutes, Traffic, Trust};
use video_host::transport::{SendError, Transport};

use crate::server::{HOST, Server, ask, get, ok, plenty};

#[tokio::test]
async fn two_requests_share_a_connection_whose_bytes_are_counted() {
    let server = Server::http(&["http/1.1"], |_| ok("answer")).await;
    let client = server.client();
    assert_eq!(client.traffic(), Traffic::default());

    assert_eq!(ask(&client).await.unwrap().version(), Version::HTTP_11);
    let after_one = client.traffic();
    ask(&client).await.unwrap();
    let after_two = client.traffic();

    assert_eq!((after_one.connections, after_two.connections), (1, 1));
    assert!(after_one.bytes_in > 100 && after_one.bytes_out > 100, "{after_one:?}");
    assert!(after_two.bytes_in > after_one.bytes_in && after_two.bytes_out > after_one.bytes_out);
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_offered_and_carries_requests_side_by_side() {
    let server = Server::http(&["h2", "http/1.1"], |_| ok("answer")).await;
    let client = server.client();
    assert_eq!(ask(&client).await.unwrap().version(), Version::HTTP_2);

    let (a, b, c) = tokio::join!(ask(&client), ask(&client), ask(&client));

    assert!([a, b, c].into_iter().all(|answer| answer.unwrap().body() == "answer"));
    assert_eq!(client.traffic().connections, 1);
}

#[tokio::test]
async fn a_server_of_another_authority_is_sent_nothing() {
    let server = Server::http(&["http/1.1"], |_| ok("reached")).await;
    let other = Server::http(&["http/1.1"], |_| ok("reached")).await;
    for options in [other.options(), ClientOptions { trust: Trust::Only(Vec::new()), ..other.options() }] {
        let result = ask(&Client::new(server.route(), options).unwrap()).await;
        assert!(
            matches!(&result, Err(SendError::NotSent(words)) if words.contains("certificate")),
            "{result:?}"
        );
    }
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_server_with_the_certificate_of_another_name_is_sent_nothing() {
    let server = Server::http(&["http/1.1"], |_| ok("reached")).await;
    let route = Arc::new(StaticRoutes::new([("other.example", server.address)]));
    let client = Client::new(route, server.options()).unwrap();
    let result = client.send(get("https://other.example/"), plenty()).await;
    assert!(matches!(&result, Err(SendError::NotSent(words)) if words.contains("certificate")), "{result:?}");
    assert_eq!(server.requests(), 0);
}

#[test]
fn an_authority_that_is_no_certificate_is_found_out_at_once() {
    let options = ClientOptions {
        trust: Trust::Only(vec![b"not a certificate".to_vec().into()]),
        ..ClientOptions::default()
    };
    let made = Client::new(Arc::new(StaticRoutes::default()), options);
    assert!(matches!(made, Err(ClientError::Tls(_))));
}

#[tokio::test]
async fn a_server_that_is_not_there_or_does_not_speak_tls_is_sent_nothing() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for address in [closed, silent.local_addr().unwrap()] {
        let options = ClientOptions { connect: Duration::from_millis(50), ..ClientOptions::default() };
        let client = Client::new(Arc::new(StaticRoutes::new([(HOST, address)])), options).unwrap();
        let result = ask(&client).await;
        assert!(matches!(result, Err(SendError::NotSent(_))), "{result:?}");
    }
}

#[tokio::test]
async fn a_request_that_a_reused_connection_may_have_carried_is_not_repeated() {
    let server = Server::by_hand(|mut line| async move {
        line.request().await;
        line.say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        // Reads the second and goes away, as a server that dies while it works.
        line.request().await;
    })
    .await;
    let client = server.client();
    ask(&client).await.unwrap();

    let post = Request::post("https://api.example/").body(Bytes::new()).unwrap();
    let result = client.send(post, plenty()).await;

    assert!(matches!(result, Err(SendError::NoAnswer(_))), "{result:?}");
    assert_eq!(server.requests(), 2);
    assert_eq!(client.traffic().connections, 1);
}

#[tokio::test]
async fn a_request_that_is_dropped_ends_its_connection() {
    for said in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"] {
        let (arrived, ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let signals = (Arc::clone(&arrived), Arc::clone(&ended));
        let server = Server::by_hand(move |mut line| {
            let (arrived, ended) = signals.clone();
            async move {
                line.request().await;
                line.say(said).await;
                arrived.notify_one();
                line.until_closed().await;
                ended.notify_one();
            }
        })
        .await;
        let client = server.client();
        let mut sending = client.send(get("https://api.example/"), plenty());
        tokio::select! {
            result = &mut sending => panic!("{result:?}"),
            () = arrived.notified() => {}
        }
        drop(sending);
        tokio::time::timeout(Duration::from_secs(10), ended.notified()).await.unwrap();
    }
}

#[tokio::test]
async fn a_request_that_is_dropped_before_it_was_polled_connects_to_nothing() {
    let server = Server::http(&["http/1.1"], |_| ok("reached")).await;
    let client = server.client();
    drop(client.send(get("https://api.example/"), plenty()));
    ask(&client).await.unwrap();
    assert_eq!(client.traffic().connections, 1);
    assert_eq!(server.requests(), 1);
}
