//! Reauthorize: the questions that are asked again, and off to the provider's sign-in.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use maud::html;
use video_host::provider::NextStep;

use super::setup::{self, Wrong};
use super::{At, Shown, known_as, signs_in};
use crate::failure::Failure;
use crate::gate::Submitted;

/// Asks.
pub(crate) async fn ask(at: At) -> Shown {
    // What it is connected with is filled in.
    let chosen = at.acting().choices(at.id()).await?;
    let known = chosen.into_iter().filter_map(|choice| Some((choice.field, choice.value?)));
    form(&at, &Submitted::from(known.collect::<Vec<_>>()), None)
}

/// Begins, and sends the browser to the provider.
pub(crate) async fn begin(at: At, sent: Submitted) -> Shown {
    let description = at.described().ok_or_else(not_loaded)?;
    let values = setup::values(&setup::asked(&description, true), &sent);
    let settings = at.console.settings();
    let (session, redirect_uri) = (&at.visit.session.login, settings.redirect_uri());
    match at.acting().start_reauthorize(at.id(), values, session, &redirect_uri).await {
        Ok(NextStep::Visit(url)) => Ok(Redirect::to(&settings.visited(&url)).into_response()),
        Ok(NextStep::Connected(connection)) => {
            at.on_home(format!("Success: reauthorized as {}.", connection.account.display_name))
        }
        Err(error) => {
            let wrong = Wrong::of(error)?;
            form(&at, &sent, Some(&wrong))
        }
    }
}

fn not_loaded() -> Failure {
    Failure::did_not_work(
        &"The provider's plugin is not loaded. The operator of the platform has to install it.",
    )
}

fn form(at: &At, sent: &Submitted, wrong: Option<&Wrong>) -> Shown {
    let description = at.described().ok_or_else(not_loaded)?;
    let asked = setup::asked(&description, true);
    let body = html! {
        p {
            @if signs_in(&description) {
                "Sign in again"
                @if let Some(account) = &at.integration.account { " as " strong { (known_as(account)) } }
                ". Another account is refused, the"
            } @else {
                "Nobody signs in for " (description.name) ": it is connected once more. The"
            }
            " connection stays as it is until this succeeds, and appointments that are booked keep their links."
        }
        (at.post("reauthorize", html! {
            (setup::fields(&asked, sent, wrong))
            div.buttons {
                button type="submit" { "Start Reauthorization" }
                a.button.quiet href=(at.home) { "Back" }
            }
        }))
    };
    let shown = at.shown("Reauthorize", body);
    Ok(if wrong.is_some() { (StatusCode::UNPROCESSABLE_ENTITY, shown).into_response() } else { shown })
}
