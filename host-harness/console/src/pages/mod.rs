//! The pages: what each shows, and what each form does.

pub(crate) mod appointment;
pub(crate) mod audit;
pub(crate) mod booking;
pub(crate) mod connect;
pub(crate) mod dashboard;
pub(crate) mod disconnect;
pub(crate) mod integration;
pub(crate) mod mass;
pub(crate) mod options;
pub(crate) mod profile;
pub(crate) mod reauthorize;
pub(crate) mod record;
pub(crate) mod rematch;
pub(crate) mod schedule;
pub(crate) mod services;
mod setup;
pub(crate) mod sign_in;
pub(crate) mod staff;
mod standing;
mod table;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use url::form_urlencoded;
use video_host::provider::Description;
use video_platform::{Integration, IntegrationId};

use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{Submitted, Visit};

/// What a page answers.
pub(crate) type Shown = Result<Response, Failure>;

/// Where the settings of an integration are.
pub(crate) fn settings_of(id: &IntegrationId) -> String {
    format!("/settings/video-calls/{}", id.as_str())
}

/// The integration in an address.
pub(crate) async fn integration_at(
    console: &Console,
    visit: &Visit,
    id: &str,
) -> Result<Integration, Failure> {
    const GONE: &str = "There is no such integration. A sign-in that was not finished leaves none behind.";
    let id = id.parse::<IntegrationId>().map_err(|_| Failure::not_found(GONE))?;
    let found = console.acting_as(&visit.actor).integration(&id).await?;
    found.ok_or_else(|| Failure::not_found(GONE))
}

/// What the plugin of a provider says of itself; none if it is not loaded.
pub(crate) fn described(console: &Console, provider: &str) -> Option<Description> {
    console.platform().providers().get(provider).map(|plugin| plugin.description().clone())
}

/// Goes on to a page, with a message on it.
#[expect(clippy::unnecessary_wraps, reason = "pages end with it")]
pub(crate) fn on_to(console: &Console, visit: &Visit, page: &str, message: impl Into<String>) -> Shown {
    console.sessions().say(&visit.session, message.into());
    Ok(Redirect::to(page).into_response())
}

/// What stands behind the question mark of an address.
pub(crate) struct Asked(pub(crate) Submitted);

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Ok(Self(Submitted::from(pairs)))
    }
}

/// An address with what is asked for, leaving out what is empty.
pub(crate) fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
