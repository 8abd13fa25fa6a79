//! The way back to the application.

use http::StatusCode;
use url::form_urlencoded::Serializer;

use super::pages;
use crate::wire::{Form, Reply};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Query,
    Fragment,
    FormPost,
}

/// Where an authorization request wants its answer, and with which `state`.
#[derive(Clone, Debug)]
pub(crate) struct ReturnTo {
    pub(crate) redirect_uri: String,
    state: Option<String>,
    mode: Mode,
}

impl ReturnTo {
    /// `redirect_uri` must have been checked against the registration.
    pub(crate) fn new(redirect_uri: &str, request: &Form) -> Self {
        Self {
            redirect_uri: redirect_uri.to_owned(),
            state: request.get("state").map(str::to_owned),
            mode: match request.get("response_mode") {
                Some("fragment") => Mode::Fragment,
                Some("form_post") => Mode::FormPost,
                _ => Mode::Query,
            },
        }
    }

    pub(crate) fn with(&self, parameters: &[(&str, &str)]) -> Reply {
        let state = self.state.as_deref().map(|state| ("state", state));
        let parameters: Vec<(&str, &str)> = parameters.iter().copied().chain(state).collect();
        if self.mode == Mode::FormPost {
            let page = pages::form_post(&self.redirect_uri, &parameters);
            return Reply::html(StatusCode::OK, page);
        }
        let query = Serializer::new(String::new()).extend_pairs(&parameters).finish();
        let joint = match self.mode {
            Mode::Fragment => '#',
            _ if self.redirect_uri.contains('?') => '&',
            _ => '?',
        };
        Reply::redirect(&format!("{}{joint}{query}", self.redirect_uri))
    }
}
