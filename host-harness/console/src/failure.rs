//! What went wrong, as a page for whoever asked.

use std::error::Error;
use std::fmt::Display;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::html;
use video_platform::{ActingError, DatabaseError};

use crate::console::Console;
use crate::database::ConsoleDatabaseError;
use crate::gate::Visit;
use crate::view::Page;

/// Why there is no page, in words for people. [`gate`](crate::gate) makes the page of it.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    status: StatusCode,
    title: &'static str,
    message: String,
    /// Seconds after which it can be tried again, if that is known.
    retry_after: Option<u32>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, title: &'static str, message: &dyn Display) -> Self {
        Self { status, title, message: message.to_string(), retry_after: None }
    }

    pub(crate) fn signed_out() -> Self {
        let message = "Open the sign-in link that you were given, or ask the operator of the platform for a \
                       new one. If you were signed in before, your session has ended.";
        Self::new(StatusCode::UNAUTHORIZED, "Sign in first", &message)
    }

    pub(crate) fn foreign_form() -> Self {
        let message = "This form does not come from a page of this session, so nothing was changed. Go back, \
                       load the page again, and send it once more.";
        Self::new(StatusCode::FORBIDDEN, "Nothing was changed", &message)
    }

    pub(crate) fn garbled() -> Self {
        let message = "The address or the form has a character that no text has, so nothing was changed. Go back, \
                       and type what you sent anew instead of pasting it.";
        Self::new(StatusCode::BAD_REQUEST, "Nothing was changed", &message)
    }

    pub(crate) fn large_form() -> Self {
        let message = "The form is larger than one megabyte, so nothing was changed. Choose fewer rows, or \
                       all that the filter finds.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Nothing was changed", &message)
    }

    pub(crate) fn too_many_sign_ins() -> Self {
        let message = "Too many links that do not work were tried from your address. Try again in a minute, or ask the \
                       operator of the platform for a new link: one that works is taken at any time.";
        let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too many sign-ins", &message);
        Self { retry_after: Some(60), ..failure }
    }

    pub(crate) fn too_many_openings() -> Self {
        let message = "This link was opened very often in the last minute. Wait a minute, and open it once.";
        let failure = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too often", &message);
        Self { retry_after: Some(60), ..failure }
    }

    pub(crate) fn stopping() -> Self {
        let message = "These pages are being stopped, so nothing was changed. Try again in a few seconds.";
        let failure = Self::new(StatusCode::SERVICE_UNAVAILABLE, "Try again in a few seconds", &message);
        Self { retry_after: Some(5), ..failure }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such page", &what)
    }

    /// What was asked for could not be done.
    pub(crate) fn did_not_work(message: &dyn Display) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "That did not work", message)
    }

    fn unavailable(message: &dyn Display) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Try again in a minute", message)
    }

    /// The page.
    pub(crate) fn page(&self, console: &Console, visit: Option<&Visit>) -> Response {
        let page = Page::new(self.title);
        let page = page.body(html! {
            p.notice.bad role="alert" { (self.message) }
            @if visit.is_some() { p { a href="/" { "Back to the start" } } }
        });
        let mut response = (self.status, page.shown(console, visit)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ConsoleDatabaseError> for Failure {
    fn from(error: ConsoleDatabaseError) -> Self {
        Self::unavailable(&error)
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        Self::unavailable(&error)
    }
}

impl<E: Error + 'static> From<ActingError<E>> for Failure {
    fn from(error: ActingError<E>) -> Self {
        match error {
            ActingError::NotAllowed(refusal) => {
                Self::new(StatusCode::FORBIDDEN, "This is not for you", &refusal)
            }
            ActingError::Audit(error) => Self::unavailable(&error),
            ActingError::Failed(error) => {
                let error: &(dyn Error + 'static) = &error;
                if error.is::<DatabaseError>() {
                    Self::unavailable(&error)
                } else {
                    Self::did_not_work(&error)
                }
            }
        }
    }
}
