//! Connections: TLS, HTTP/1.1 and HTTP/2, and closing them on purpose.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming as Received, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::dispatch::{Outcome, answer};
use crate::shared::Shared;
use crate::wire::Incoming;

/// How long half a body is left to travel before the connection closes behind it.
const CUT_AFTER: Duration = Duration::from_millis(30);

pub(crate) async fn accept(
    listener: TcpListener,
    tls: TlsAcceptor,
    shared: Arc<Shared>,
    stop: CancellationToken,
    connections: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
                let connection = Connection {
                    shared: Arc::clone(&shared),
                    number,
                    peer,
                    close: stop.child_token(),
                    gone: CancellationToken::new(),
                };
                connections.spawn(connection.serve(stream, tls.clone()));
            }
            Err(error) => {
                // Out of file descriptors, most likely: others must close first.
                tracing::warn!(%error, "could not accept a connection");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

struct Connection {
    shared: Arc<Shared>,
    number: u64,
    peer: SocketAddr,
    /// Cancelled to close the connection under everything that runs on it.
    close: CancellationToken,
    /// Cancelled once the connection is gone.
    gone: CancellationToken,
}

impl Connection {
    async fn serve(self, stream: TcpStream, tls: TlsAcceptor) {
        let close = self.close.clone();
        let gone = self.gone.clone();
        let serving = async {
            // Answers are small and complete; waiting to fill a packet only delays them.
            let _ = stream.set_nodelay(true);
            let stream = match tls.accept(stream).await {
                Ok(stream) => stream,
                Err(error) => {
                    tracing::debug!(%error, "a TLS handshake failed");
                    return;
                }
            };
            let this = Arc::new(self);
            let service = service_fn(move |request| Arc::clone(&this).request(request));
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http1().timer(TokioTimer::new());
            builder.http2().timer(TokioTimer::new()).max_concurrent_streams(1_000);
            let served = builder.serve_connection(TokioIo::new(stream), service).await;
            if let Err(error) = served {
                tracing::debug!(error = %error, "a connection ended early");
            }
        };
        tokio::select! {
            () = close.cancelled() => {}
            () = serving => {}
        }
        gone.cancel();
    }

    async fn request(
        self: Arc<Self>,
        request: http::Request<Received>,
    ) -> Result<http::Response<Answer>, Infallible> {
        let (parts, body) = request.into_parts();
        let Ok(body) = body.collect().await else {
            // The client went away in the middle of its request.
            return Ok(self.closed().await);
        };
        let authority = parts
            .uri
            .authority()
            .map(ToString::to_string)
            .or_else(|| Some(parts.headers.get(HOST)?.to_str().ok()?.to_owned()))
            .unwrap_or_default();
        let incoming = Incoming {
            method: parts.method,
            version: parts.version,
            authority,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body: body.to_bytes(),
            connection: self.number,
            from_loopback: self.peer.ip().is_loopback(),
        };
        // On a task of its own, so that the effect does not end with the connection.
        let outcome = tokio::spawn(answer(Arc::clone(&self.shared), incoming)).await;
        let (reply, cut) = match outcome {
            Ok(Outcome::Send(reply)) => (reply, false),
            Ok(Outcome::Cut(reply)) => (reply, true),
            Ok(Outcome::Drop) | Err(_) => return Ok(self.closed().await),
        };
        let length = reply.body.len();
        let body = if cut { Answer::cut(&reply.body, self.close.clone()) } else { Answer::whole(reply.body) };
        let mut response = http::Response::new(body);
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        if cut {
            // The whole length is announced, so that the cut can be noticed.
            response.headers_mut().insert(http::header::CONTENT_LENGTH, length.into());
        }
        Ok(response)
    }

    /// Closes the connection instead of answering. On HTTP/2 this runs on a task of its own, which
    /// must not write its answer while there is still a connection to write it to.
    async fn closed(&self) -> http::Response<Answer> {
        self.close.cancel();
        self.gone.cancelled().await;
        http::Response::new(Answer::whole(Bytes::new()))
    }
}

/// A response body: whole, or half of it and then the end of the connection.
struct Answer {
    data: Option<Bytes>,
    cut: Option<(Pin<Box<tokio::time::Sleep>>, CancellationToken)>,
}

impl Answer {
    fn whole(data: Bytes) -> Self {
        Self { data: (!data.is_empty()).then_some(data), cut: None }
    }

    fn cut(data: &Bytes, close: CancellationToken) -> Self {
        let half = data.slice(..data.len() / 2);
        Self {
            data: (!half.is_empty()).then_some(half),
            cut: Some((Box::pin(tokio::time::sleep(CUT_AFTER)), close)),
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        let Some((wait, close)) = &mut self.cut else {
            return Poll::Ready(None);
        };
        if wait.as_mut().poll(context).is_ready() {
            close.cancel();
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.cut, &self.data) {
            (None, Some(data)) => SizeHint::with_exact(data.len() as u64),
            (None, None) => SizeHint::with_exact(0),
            (Some(_), _) => SizeHint::default(),
        }
    }
}
