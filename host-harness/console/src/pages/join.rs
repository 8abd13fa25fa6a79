//! Joining: the address that client and staff member have for an appointment. Whoever has it can open it; each
//! opening gets a link of its own, which the browser is sent to at once and no page shows.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use video_platform::{JoinCode, JoinError};

use super::Shown;
use crate::console::Console;
use crate::failure::Failure;
use crate::view::{Page, moment};

/// Where these addresses are.
pub(crate) const JOIN: &str = "/join";

/// The whole address, for somebody to keep.
pub(super) fn address(console: &Console, code: &JoinCode) -> String {
    format!("{}{JOIN}/{}", console.settings().origin(), code.as_str())
}

/// Sends whoever comes on to the meeting.
pub(crate) async fn open(State(console): State<Console>, Path(code): Path<String>) -> Shown {
    let arrival = match console.platform().arrive(&code).await {
        Ok(arrival) => arrival,
        Err(error) => return Ok(not_now(&console, &error)),
    };
    if !console.may_join(&code) {
        return Err(Failure::too_many_openings());
    }
    match console.platform().join(&arrival).await {
        // 303, never kept, and without telling the server where the browser came from: see `headers`.
        Ok(link) => Ok(Redirect::to(link.expose()).into_response()),
        Err(error) => Ok(not_now(&console, &error)),
    }
}

fn not_now(console: &Console, error: &JoinError) -> Response {
    let (status, title) = match error {
        JoinError::Unknown => (StatusCode::NOT_FOUND, "There is no such appointment"),
        JoinError::Cancelled => (StatusCode::GONE, "The appointment was cancelled"),
        JoinError::Over => (StatusCode::GONE, "The appointment is over"),
        JoinError::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "The meeting is not ready yet"),
        JoinError::TooEarly { opens, start } => {
            return page(console, StatusCode::FORBIDDEN, "You are early", early(*opens, *start));
        }
        JoinError::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "The meeting cannot be joined now"),
        JoinError::Broken => (StatusCode::BAD_GATEWAY, "The meeting cannot be joined now"),
        JoinError::Database(_) => (StatusCode::SERVICE_UNAVAILABLE, "Try again in a minute"),
    };
    let mut shown = page(console, status, title, html! { p.notice.warn { (error) } });
    if status == StatusCode::SERVICE_UNAVAILABLE {
        shown.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    }
    shown
}

fn early(opens: i64, start: i64) -> Markup {
    html! {
        p { "Your appointment starts on " (moment(start)) "." }
        p.notice.warn { "You can join from " (moment(opens)) " on, by the same link." }
    }
}

fn page(console: &Console, status: StatusCode, title: &str, body: Markup) -> Response {
    (status, Page::new(title).body(body).shown(console, None)).into_response()
}
