//! Signing in and out.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use cookie::Cookie;
use maud::html;
use video_platform::{Action, Actor};

use super::{Asked, Shown};
use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{self, Submitted, Visit};
use crate::view::Page;

/// The page of a sign-in link. It asks for a click: what only opens links uses none up.
pub(crate) async fn ask(State(console): State<Console>, Asked(asked): Asked) -> Shown {
    let page = Page::new("Sign in").body(html! {
        p { "This link signs you in once, in this browser." }
        form method="post" action="/sign-in" {
            input type="hidden" name="token" value=(asked.get("token"));
            button type="submit" { "Sign in" }
        }
    });
    Ok(page.shown(&console, None))
}

/// Uses a sign-in link up.
pub(crate) async fn enter(State(console): State<Console>, request: axum::extract::Request) -> Shown {
    let form = request.extensions().get::<Submitted>().cloned().unwrap_or_default();
    let used_up = || {
        let message =
            "This link was used before, or is too old. Ask the operator of the platform for a new one.";
        Failure::new(StatusCode::UNAUTHORIZED, "The link does not work any more", &message)
    };
    // Only who guesses is counted: behind a proxy everybody has one address, and nobody may be kept out by others.
    let Some(staff) = console.links().take(form.get("token"), console.now()).await? else {
        let again = console.may_guess(gate::address(&request));
        return Err(if again { used_up() } else { Failure::too_many_sign_ins() });
    };
    let actor = console.platform().actor(&staff).await?.ok_or_else(used_up)?;
    console.acting_as(&actor).signed_in().await?;
    let cookie = console.sessions().begin(&staff, console.now()).await?;
    Ok(with_cookie(Redirect::to("/").into_response(), &cookie))
}

/// Ends the session.
pub(crate) async fn leave(State(console): State<Console>, visit: Visit) -> Shown {
    let cookie = console.sessions().end(&visit.session).await?;
    console.acting_as(&visit.actor).signed_out().await?;
    let page = Page::new("You are signed out").body(html! { p { "You can close this window." } });
    Ok(with_cookie(page.shown(&console, None), &cookie))
}

/// The first page, which depends on who it is for.
pub(crate) async fn start(State(console): State<Console>, visit: Visit) -> Redirect {
    Redirect::to(start_of(&console, &visit.actor))
}

fn start_of(console: &Console, actor: &Actor) -> &'static str {
    if console.acting_as(actor).allows(Action::SeeIntegrations) {
        "/settings/video-calls"
    } else {
        "/schedule"
    }
}

fn with_cookie(mut response: Response, cookie: &Cookie<'_>) -> Response {
    if let Ok(value) = HeaderValue::from_str(&cookie.to_string()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}
