//! What comes back, and what it means when nothing does.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::net::TcpListener;
use video_host::egress::{AnswerRoom, Client, ClientOptions, StaticRoutes};
use video_host::transport::{SendError, Transport};

use crate::server::{HOST, Server, ask, get, moment, ok, plenty};

fn small(server: &Server) -> Client {
    Client::new(server.route(), ClientOptions { max_answer: 1000, ..server.options() }).unwrap()
}

#[tokio::test]
async fn a_body_announced_too_large_is_refused_without_waiting_for_it() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n").await;
    assert_eq!(ask(&small(&server)).await.unwrap_err(), SendError::TooLarge(1000));
}

#[tokio::test]
async fn a_body_that_grows_too_large_unannounced_is_refused_before_it_ends() {
    let chunk = format!("64\r\n{}\r\n", "a".repeat(100));
    let server =
        Server::saying(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}", chunk.repeat(11)))
            .await;
    assert_eq!(ask(&small(&server)).await.unwrap_err(), SendError::TooLarge(1000));
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_an_answer_whole_or_in_pieces() {
    let body = "0123456789".repeat(100);
    let whole = format!("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{body}");
    let piece = format!("64\r\n{}\r\n", "0123456789".repeat(10)).repeat(10);
    let pieces = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{piece}0\r\n\r\n");
    for answer in [whole, pieces] {
        let server = Server::saying(answer).await;
        assert_eq!(ask(&small(&server)).await.unwrap().body(), body.as_bytes());
    }
}

#[tokio::test]
async fn a_large_body_arrives_as_it_was_sent_over_either_protocol() {
    let body: Bytes = (0..3_000_000_u32).map(|number| number.to_le_bytes()[1]).collect();
    for protocol in ["http/1.1", "h2"] {
        let sent = body.clone();
        let server = Server::http(&[protocol], move |_| Response::new(Full::new(sent.clone()))).await;
        assert!(ask(&server.client()).await.unwrap().body() == &body, "{protocol}");
        assert_eq!(ask(&small(&server)).await.unwrap_err(), SendError::TooLarge(1000), "{protocol}");
    }
}

#[tokio::test]
async fn large_answers_that_share_room_are_refused_when_others_hold_it() {
    for protocol in ["http/1.1", "h2"] {
        let server =
            Server::http(&[protocol], |_| Response::new(Full::new(Bytes::from(vec![7; 700 << 10])))).await;
        let (client, room) = (server.client(), AnswerRoom::new(1 << 20));
        let ask = async || {
            let mut request = get("https://api.example/");
            request.extensions_mut().insert(room.clone());
            client.send(request, plenty()).await
        };
        let first = ask().await.unwrap();
        let refused = ask().await.unwrap_err();
        assert!(matches!(&refused, SendError::NoAnswer(why) if why.contains("all the room")), "{refused}");
        drop(first);
        assert_eq!(ask().await.unwrap().body().len(), 700 << 10, "{protocol}");
        // Who shares no room is not held up.
        let held = ask().await.unwrap();
        assert!(client.send(get("https://api.example/"), plenty()).await.is_ok());
        drop(held);
    }
}

#[tokio::test]
async fn the_answer_to_a_head_may_announce_any_size() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n").await;
    let request = Request::head("https://api.example/").body(Bytes::new()).unwrap();
    let answer = small(&server).send(request, plenty()).await.unwrap();
    assert!(answer.body().is_empty());
    assert_eq!(answer.headers()["content-length"], "99999999999");
}

#[tokio::test]
async fn a_head_too_large_is_refused_by_a_little_or_by_a_lot() {
    for size in [66_000, 1_000_000] {
        let long = "a".repeat(size);
        let server =
            Server::saying(format!("HTTP/1.1 200 OK\r\nx-a: {long}\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!(ask(&server.client()).await.unwrap_err(), SendError::TooLarge(64 * 1024), "{size}");
    }
    let many = "x-a: 1\r\n".repeat(1000);
    let server = Server::saying(format!("HTTP/1.1 200 OK\r\n{many}content-length: 0\r\n\r\n")).await;
    assert_eq!(ask(&server.client()).await.unwrap_err(), SendError::TooLarge(64 * 1024));
}

#[tokio::test]
async fn a_head_too_large_does_not_pass_over_http_2_either() {
    let server = Server::http(&["h2"], |_| {
        let mut answer = ok("answer");
        for name in 0..10_u8 {
            let name = http::HeaderName::from_bytes(&[b'a' + name]).unwrap();
            answer.headers_mut().insert(name, "a".repeat(8_000).parse().unwrap());
        }
        answer
    })
    .await;
    let result = ask(&server.client()).await;
    assert!(matches!(result, Err(SendError::TooLarge(_) | SendError::NoAnswer(_))), "{result:?}");
}

#[tokio::test]
async fn an_answer_is_handed_over_as_it_came() {
    let server = Server::saying(
        "HTTP/1.1 503 Busy\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nraw",
    )
    .await;
    let answer = ask(&server.client()).await.unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers().get_all("set-cookie").iter().count(), 2);
    assert_eq!(answer.body(), "raw");
}

#[tokio::test]
async fn a_connection_that_ends_after_the_request_leaves_it_without_an_answer() {
    for said in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx",
    ] {
        let server = Server::by_hand(move |mut line| async move {
            line.request().await;
            line.say(said).await;
        })
        .await;
        let result = ask(&server.client()).await;
        assert!(matches!(result, Err(SendError::NoAnswer(_))), "{said:?}: {result:?}");
        assert_eq!(server.requests(), 1, "{said:?}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up_at_the_deadline() {
    for said in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        // The first request opens the connection, so that the second has the whole time for itself.
        let server = Server::by_hand(move |mut line| async move {
            line.request().await;
            line.say("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            line.request().await;
            line.say(said).await;
            line.until_closed().await;
        })
        .await;
        let client = server.client();
        ask(&client).await.unwrap();
        let result = client.send(get("https://api.example/"), moment()).await;
        assert_eq!(result.unwrap_err(), SendError::Deadline, "{said:?}");
    }
}

#[tokio::test]
async fn a_deadline_before_there_is_a_connection_means_that_nothing_was_sent() {
    // Takes the connection and says nothing, so that TLS never begins.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let route = Arc::new(StaticRoutes::new([(HOST, listener.local_addr().unwrap())]));
    let client = Client::new(route, ClientOptions::default()).unwrap();
    let result = client.send(get("https://api.example/"), moment()).await;
    assert!(matches!(&result, Err(SendError::NotSent(words)) if words.contains("time")), "{result:?}");
    assert_eq!(client.traffic().connections, 1);
}

#[tokio::test]
async fn a_deadline_that_is_over_already_sends_nothing() {
    let server = Server::saying("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let client = server.client();
    let result = client.send(get("https://api.example/"), tokio::time::Instant::now()).await;
    assert!(matches!(&result, Err(SendError::NotSent(words)) if words.contains("time")), "{result:?}");
    assert_eq!(client.traffic().connections, 0);
}
