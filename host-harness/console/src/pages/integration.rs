//! Settings → Video Calls: the integrations, and what can be changed about one.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use maud::html;
use video_platform::{ActingError, ConnectError, MatchField};

use super::standing::badge;
use super::{At, Shown, known_as, on_to, settings_of, setup};
use crate::console::Console;
use crate::gate::{Submitted, Visit, told};
use crate::view::{Choice, Field, Page, capital, moment};

/// Settings → Video Calls.
pub(crate) async fn list(State(console): State<Console>, visit: Visit) -> Shown {
    let integrations = console.acting_as(&visit.actor).integrations().await?;
    let page = Page::new("Video Calls").below("/settings/video-calls", "Settings").body(html! {
        div.bar {
            p { "Accounts of video providers that give appointments their links." }
            a.button href="/settings/video-calls/new" { "+ New" }
        }
        @if integrations.is_empty() {
            p.empty { "Nothing is connected yet. Choose + New to connect your organization's account." }
        } @else {
            div.scroll {
                table {
                    caption.hidden { "Integrations" }
                    thead { tr {
                        th scope="col" { "Name" } th scope="col" { "State" } th scope="col" { "Account" }
                        th scope="col" { "Used for" } th scope="col" { "Since" }
                    } }
                    tbody {
                        @for one in &integrations {
                            tr {
                                th scope="row" { a href=(settings_of(&one.id)) { (one.display_name) } }
                                td { (badge(one)) }
                                td {
                                    @match &one.account {
                                        Some(account) => { (account.display_name) br; span.detail { (account.user_name) } }
                                        None => { span.detail { "none yet" } }
                                    }
                                }
                                td { @if one.is_default { "Default" } @else { "Staff for whom it is chosen" } }
                                td { (moment(one.since)) }
                            }
                        }
                    }
                }
            }
        }
    });
    Ok(page.shown(&console, Some(&visit)))
}

/// Asks the provider how the integration is.
pub(crate) async fn check(at: At) -> Shown {
    match at.acting().check(at.id()).await {
        Ok(checked) => {
            let mut said =
                vec![format!("The connection works, as {}.", known_as(&checked.connection.account))];
            said.extend(checked.connection.warnings);
            said.extend(checked.meetings.iter().filter_map(video_platform::OrganizerMeetings::warning));
            at.on_home(said.join(" "))
        }
        // What was found out stands on the page, with what to do.
        Err(ActingError::Failed(error)) => at.on_home(told(&error)),
        Err(error) => Err(error.into()),
    }
}

/// Makes the integration the default.
pub(crate) async fn set_default(at: At) -> Shown {
    at.acting().set_default(at.id()).await?;
    at.on_home(format!("{} is the default now.", at.integration.display_name))
}

/// Asks for the name and the match field.
pub(crate) async fn edit(at: At) -> Shown {
    Ok(form(&at, &at.integration.display_name, word(at.integration.match_field), None))
}

/// Changes the name and the match field.
pub(crate) async fn save(at: At, sent: Submitted) -> Shown {
    let (name, wanted) = (sent.get("name"), sent.get("match-field"));
    if name != at.integration.display_name {
        match at.acting().rename_integration(at.id(), name).await {
            Err(ActingError::Failed(error @ ConnectError::DisplayName)) => {
                let shown = form(&at, name, wanted, Some(&error.to_string()));
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, shown).into_response());
            }
            ended => ended?,
        }
    }
    let field = match_field(wanted).unwrap_or(at.integration.match_field);
    if field == at.integration.match_field {
        return at.on_home("Saved.");
    }
    at.acting().set_match_field(at.id(), field).await?;
    let message = format!(
        "Saved. Staff are matched by their {} from now on: everybody is matched anew.",
        field.label()
    );
    on_to(&at.visit, &format!("{}/rematch", at.home), message)
}

/// A field of staff records, in forms.
pub(super) fn word(field: MatchField) -> &'static str {
    match field {
        MatchField::Email => "email",
        MatchField::UserName => "user-name",
    }
}

pub(super) fn match_field(word: &str) -> Option<MatchField> {
    MatchField::ALL.into_iter().find(|field| self::word(*field) == word)
}

/// The fields of staff records to choose from.
pub(super) fn match_fields() -> Vec<Choice> {
    MatchField::ALL.map(|field| Choice::new(word(field), capital(field.label()).as_str())).to_vec()
}

/// What the page is called on which it is changed.
pub(super) fn edit_title(at: &At) -> &'static str {
    if at.matches() { "Name and match field" } else { "Name" }
}

fn form(at: &At, name: &str, field: &str, error: Option<&str>) -> Response {
    let (provider, matches) = (at.described(), at.matches());
    let label = provider.as_ref().and_then(setup::staff_field).map_or("Match field", |field| &field.label);
    let body = at.post(
        "edit",
        html! {
            (Field::new("name", "Display name").required().error(error).text("text", name))
            @if matches {
                (Field::new("match-field", label).required()
                    .help("If you choose another one, all users are matched anew.")
                    .select(&match_fields(), field))
            }
            div.buttons { button type="submit" { "Save" } a.button.quiet href=(at.home) { "Back" } }
        },
    );
    at.shown(edit_title(at), body)
}
