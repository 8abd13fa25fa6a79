//! The connect wizard: the provider, its questions, off to its sign-in, and back.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use maud::html;
use url::form_urlencoded;
use video_host::provider::{Description, NextStep, Parameter};
use video_platform::{ActingError, Finished, MatchField, Setup};

use super::integration::match_field;
use super::setup::{self, Wrong};
use super::{Shown, described, known_as, on_to, settings_of, signs_in};
use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{Submitted, Visit, told};
use crate::view::{Page, post, segment};

const NEW: &str = "/settings/video-calls/new";

/// Which provider.
pub(crate) async fn choose(State(console): State<Console>, visit: Visit) -> Shown {
    let plugins = console.platform().providers().all();
    let page = Page::new("New integration").below("/settings/video-calls", "Video Calls").body(html! {
        p { "Choose the provider whose meetings your appointments are to have." }
        ul.tiles {
            @for plugin in &plugins {
                @let description = plugin.description();
                li {
                    a href={ (NEW) "/" (segment(&description.id)) } {
                        strong { (description.name) }
                        span.detail { "Version " (description.version) }
                    }
                }
            }
        }
        @if plugins.is_empty() {
            p.empty { "No provider's plugin is loaded. The operator of the platform has to install one." }
        }
    });
    Ok(page.shown(&console, Some(&visit)))
}

/// Its questions.
pub(crate) async fn ask(State(console): State<Console>, visit: Visit, Path(provider): Path<String>) -> Shown {
    let description = loaded(&console, &provider)?;
    form(&console, &visit, &description, &Submitted::default(), None)
}

/// Begins, and sends the browser to the provider.
pub(crate) async fn begin(
    State(console): State<Console>,
    visit: Visit,
    Path(provider): Path<String>,
    sent: Submitted,
) -> Shown {
    let description = loaded(&console, &provider)?;
    let asked = setup::asked(&description, false);
    let chosen = setup::staff_field(&description).map(|field| match_field(sent.get(&field.name)));
    if let (Some(field), Some(None)) = (setup::staff_field(&description), chosen) {
        let message = "Choose one of the fields that are offered.".to_owned();
        let wrong = Wrong { field: Some(field.name.clone()), message };
        return form(&console, &visit, &description, &sent, Some(&wrong));
    }
    let setup = Setup {
        match_field: chosen.flatten().unwrap_or(MatchField::Email),
        values: setup::values(&asked, &sent),
    };
    let acting = console.acting_as(&visit.actor);
    let redirect_uri = console.settings().redirect_uri();
    match acting.start_connect(&provider, setup, &visit.session.login, &redirect_uri).await {
        Ok((_, NextStep::Visit(url))) => Ok(Redirect::to(&console.settings().visited(&url)).into_response()),
        Ok((id, NextStep::Connected(connection))) => {
            let message =
                format!("Success: {} is connected as {}.", description.name, known_as(&connection.account));
            on_to(&visit, &settings_of(&id), message)
        }
        Err(error) => {
            let wrong = Wrong::of(error)?;
            form(&console, &visit, &description, &sent, Some(&wrong))
        }
    }
}

/// Back from the provider's sign-in, connected or authorized anew.
pub(crate) async fn callback(
    State(console): State<Console>,
    visit: Visit,
    axum::extract::RawQuery(query): axum::extract::RawQuery,
) -> Shown {
    let parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .map(|(name, value)| Parameter { name: name.into_owned(), value: value.into_owned() })
        .collect();
    match console.acting_as(&visit.actor).finish_callback(&visit.session.login, parameters).await {
        Ok(finished) => {
            let (id, done, connection) = match finished {
                Finished::Connected { integration, connection } => (integration, "connected", connection),
                Finished::Reauthorized { integration, connection } => {
                    (integration, "reauthorized", connection)
                }
            };
            let account = &connection.account;
            let mut said = vec![format!("Success: {done} as {}.", known_as(account))];
            said.extend(connection.warnings);
            if done == "connected" && console.acting_as(&visit.actor).start_rematch(&id).await.is_ok() {
                said.push("Your staff are being matched now.".to_owned());
            }
            on_to(&visit, &settings_of(&id), said.join(" "))
        }
        Err(ActingError::Failed(error)) => {
            let page = Page::new("The sign-in did not succeed").below("/settings/video-calls", "Video Calls");
            let page = page.body(html! {
                p.notice.bad role="alert" { (told(&error)) }
                p { "Nothing that was connected before has changed." }
                p { a.button href="/settings/video-calls" { "Back to Video Calls" } }
            });
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page.shown(&console, Some(&visit))).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

fn loaded(console: &Console, provider: &str) -> Result<Description, Failure> {
    let missing = || {
        Failure::not_found(
            "There is no such provider. The operator of the platform has to install its plugin.",
        )
    };
    described(console, provider).ok_or_else(missing)
}

#[expect(clippy::unnecessary_wraps, reason = "pages end with it")]
fn form(
    console: &Console,
    visit: &Visit,
    description: &Description,
    sent: &Submitted,
    wrong: Option<&Wrong>,
) -> Shown {
    let asked = setup::asked(description, false);
    let title = format!("Connect {}", description.name);
    let page = Page::new(&title)
        .below("/settings/video-calls", "Video Calls")
        .below(NEW, "New integration")
        .body(html! {
            (post(visit, &format!("{NEW}/{}", segment(&description.id)), html! {
                (setup::fields(&asked, sent, wrong))
                @if signs_in(description) {
                    p.help { "Continue leads to the provider's sign-in. Choose Accept there, and you come back here." }
                }
                div.buttons { button type="submit" { "Continue" } a.button.quiet href=(NEW) { "Back" } }
            }))
        });
    let shown = page.shown(console, Some(visit));
    Ok(if wrong.is_some() { (StatusCode::UNPROCESSABLE_ENTITY, shown).into_response() } else { shown })
}
