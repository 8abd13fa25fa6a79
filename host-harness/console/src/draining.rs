//! Stopping: what is under way is answered, and what comes after is sent elsewhere.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::console::Console;
use crate::failure::Failure;

/// Lets a request in, and knows of it until it is answered; none once the pages are stopping.
pub(crate) async fn admit(State(console): State<Console>, request: Request, next: Next) -> Response {
    let requests = console.requests();
    let under_way = requests.token();
    if requests.is_closed() {
        drop(under_way);
        metrics::counter!("video_pages_refused_total").increment(1);
        return Failure::stopping().page(&console, None).into_response();
    }
    next.run(request).await
}
