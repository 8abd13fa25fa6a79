//! The pages: what each shows, and what each form does.

pub(crate) mod appointment;
pub(crate) mod audit;
pub(crate) mod booking;
pub(crate) mod change;
pub(crate) mod connect;
pub(crate) mod dashboard;
pub(crate) mod disconnect;
pub(crate) mod events;
pub(crate) mod hand_over;
pub(crate) mod integration;
pub(crate) mod join;
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

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::Markup;
use url::form_urlencoded;
use video_host::provider::{Account, Capabilities, Description};
use video_platform::{Acting, Integration, IntegrationId};

use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{Submitted, Visit};
use crate::view::{Page, post};

/// Settings → Video Calls.
pub(crate) const VIDEO_CALLS: &str = "/settings/video-calls";

/// What a page answers.
pub(crate) type Shown = Result<Response, Failure>;

/// Where the settings of an integration are.
pub(crate) fn settings_of(id: &IntegrationId) -> String {
    format!("{VIDEO_CALLS}/{}", id.as_str())
}

/// The integration of an address, for whoever may have the page.
pub(crate) struct At {
    pub(crate) console: Console,
    pub(crate) visit: Visit,
    pub(crate) integration: Integration,
    /// Where its settings are.
    pub(crate) home: String,
}

impl FromRequestParts<Console> for At {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Failure> {
        let gone = || {
            Failure::not_found(
                "There is no such integration. A sign-in that was not finished leaves none behind.",
            )
        };
        let visit = Visit::from_request_parts(parts, console).await?;
        let path = RawPathParams::from_request_parts(parts, console).await.map_err(|_| gone())?;
        let id = path.iter().find_map(|(name, value)| (name == "integration").then_some(value));
        let id = id.and_then(|id| id.parse::<IntegrationId>().ok()).ok_or_else(gone)?;
        let found = console.acting_as(&visit.actor).integration(&id).await?;
        let integration = found.ok_or_else(gone)?;
        let home = settings_of(&integration.id);
        Ok(Self { console: console.clone(), visit, integration, home })
    }
}

impl At {
    pub(crate) fn id(&self) -> &IntegrationId {
        &self.integration.id
    }

    /// The platform, for who asks.
    pub(crate) fn acting(&self) -> Acting<'_> {
        self.console.acting_as(&self.visit.actor)
    }

    /// What the plugin of its provider says of itself; none if it is not loaded.
    pub(crate) fn described(&self) -> Option<Description> {
        described(&self.console, &self.integration.provider)
    }

    /// Whether its provider knows users, with whom staff are matched.
    pub(crate) fn matches(&self) -> bool {
        matches(&self.console, &self.integration.provider)
    }

    /// Shows a page below the integration's.
    pub(crate) fn shown(&self, title: &str, body: Markup) -> Response {
        self.shown_as(Page::new(title), body)
    }

    pub(crate) fn shown_as(&self, page: Page, body: Markup) -> Response {
        page.below(VIDEO_CALLS, "Video Calls")
            .below(&self.home, &self.integration.display_name)
            .body(body)
            .shown(&self.console, Some(&self.visit))
    }

    /// A form that changes something about it, which is sent to a page below its own.
    pub(crate) fn post(&self, below: &str, content: Markup) -> Markup {
        post(&self.visit, &format!("{}/{below}", self.home), content)
    }

    /// Goes on to its dashboard, with a message on it.
    pub(crate) fn on_home(&self, message: impl Into<String>) -> Shown {
        on_to(&self.visit, &self.home, message)
    }
}

/// What the plugin of a provider says of itself; none if it is not loaded.
pub(crate) fn described(console: &Console, provider: &str) -> Option<Description> {
    console.platform().providers().get(provider).map(|plugin| plugin.description().clone())
}

/// Whether a provider knows users, with whom staff are matched. One whose plugin is not loaded may.
pub(crate) fn matches(console: &Console, provider: &str) -> bool {
    described(console, provider).is_none_or(|it| it.capabilities.contains(Capabilities::MATCHING))
}

/// Whether administrators sign in at pages of a provider's.
pub(crate) fn signs_in(description: &Description) -> bool {
    !(description.identity_origins.is_empty() && description.optional_identity_origins.is_empty())
}

/// An account's names, for people.
pub(crate) fn known_as(account: &Account) -> String {
    match (account.display_name.trim(), account.user_name.trim()) {
        (name, "") => name.to_owned(),
        ("", user_name) => user_name.to_owned(),
        (name, user_name) => format!("{name} ({user_name})"),
    }
}

/// Goes on to a page, with a message on it.
#[expect(clippy::unnecessary_wraps, reason = "pages end with it")]
pub(crate) fn on_to(visit: &Visit, page: &str, message: impl Into<String>) -> Shown {
    visit.session.say(message.into());
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
