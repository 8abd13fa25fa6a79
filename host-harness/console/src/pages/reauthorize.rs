//! Reauthorize: the questions that are asked again, and off to the provider's sign-in.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use maud::html;
use video_host::provider::NextStep;
use video_platform::Integration;

use super::setup::{self, Wrong};
use super::{Shown, described, integration_at, on_to, settings_of};
use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{Submitted, Visit};
use crate::view::{Page, post};

/// Asks.
pub(crate) async fn ask(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    // What it is connected with is filled in.
    let chosen = console.acting_as(&visit.actor).choices(&integration.id).await?;
    let known = chosen.into_iter().filter_map(|choice| Some((choice.field, choice.value?)));
    form(&console, &visit, &integration, &Submitted::from(known.collect::<Vec<_>>()), None)
}

/// Begins, and sends the browser to the provider.
pub(crate) async fn begin(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let description = described(&console, &integration.provider).ok_or_else(not_loaded)?;
    let values = setup::values(&setup::asked(&description, true), &sent);
    let redirect_uri = console.settings().redirect_uri();
    let acting = console.acting_as(&visit.actor);
    let begun = acting.start_reauthorize(&integration.id, values, &visit.session.login, &redirect_uri).await;
    match begun {
        Ok(NextStep::Visit(url)) => Ok(Redirect::to(&console.settings().visited(&url)).into_response()),
        Ok(NextStep::Connected(connection)) => {
            let message = format!("Success: reauthorized as {}.", connection.account.display_name);
            on_to(&console, &visit, &settings_of(&integration.id), message)
        }
        Err(error) => {
            let wrong = Wrong::of(error)?;
            form(&console, &visit, &integration, &sent, Some(&wrong))
        }
    }
}

fn not_loaded() -> Failure {
    Failure::did_not_work(
        &"The provider's plugin is not loaded. The operator of the platform has to install it.",
    )
}

fn form(
    console: &Console,
    visit: &Visit,
    integration: &Integration,
    sent: &Submitted,
    wrong: Option<&Wrong>,
) -> Shown {
    let home = settings_of(&integration.id);
    let description = described(console, &integration.provider).ok_or_else(not_loaded)?;
    let asked = setup::asked(&description, true);
    let account = integration.account.as_ref();
    let page = Page::new("Reauthorize")
        .below("/settings/video-calls", "Video Calls")
        .below(&home, &integration.display_name)
        .body(html! {
            p {
                "Sign in again"
                @if let Some(account) = account { " as " strong { (account.user_name) } }
                ". Another account is refused, the connection stays as it is until this succeeds, and \
                 appointments that are booked keep their links."
            }
            (post(visit, &format!("{home}/reauthorize"), html! {
                (setup::fields(&asked, sent, wrong))
                div.buttons {
                    button type="submit" { "Start Reauthorization" }
                    a.button.quiet href=(home) { "Back" }
                }
            }))
        });
    let shown = page.shown(console, Some(visit));
    Ok(if wrong.is_some() { (StatusCode::UNPROCESSABLE_ENTITY, shown).into_response() } else { shown })
}
