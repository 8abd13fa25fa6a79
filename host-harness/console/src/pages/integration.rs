//! Settings → Video Calls: the integrations, and what can be changed about one.

use axum::extract::{Path, State};
use maud::html;
use video_platform::{ActingError, ConnectError, MatchField};

use super::standing::badge;
use super::{Shown, described, integration_at, on_to, settings_of, setup};
use crate::console::Console;
use crate::gate::{Submitted, Visit, told};
use crate::view::{Choice, Field, Page, moment, post};

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
pub(crate) async fn check(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let home = settings_of(&integration.id);
    match console.acting_as(&visit.actor).check(&integration.id).await {
        Ok(checked) => {
            let mut said =
                vec![format!("The connection works, as {}.", checked.connection.account.user_name)];
            said.extend(checked.connection.warnings);
            said.extend(checked.meetings.iter().filter_map(video_platform::OrganizerMeetings::warning));
            on_to(&console, &visit, &home, said.join(" "))
        }
        // What was found out stands on the page, with what to do.
        Err(ActingError::Failed(error)) => on_to(&console, &visit, &home, told(&error)),
        Err(error) => Err(error.into()),
    }
}

/// Makes the integration the default.
pub(crate) async fn set_default(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    console.acting_as(&visit.actor).set_default(&integration.id).await?;
    let message = format!("{} is the default now.", integration.display_name);
    on_to(&console, &visit, &settings_of(&integration.id), message)
}

/// Asks for the name and the match field.
pub(crate) async fn edit(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let (name, field) = (integration.display_name.clone(), word(integration.match_field));
    form(&console, &visit, &integration.id, &name, (&name, field), None).await
}

/// Changes the name and the match field.
pub(crate) async fn save(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let acting = console.acting_as(&visit.actor);
    let (name, wanted) = (sent.get("name"), sent.get("match-field"));
    if name != integration.display_name {
        match acting.rename_integration(&integration.id, name).await {
            Err(ActingError::Failed(error @ ConnectError::DisplayName)) => {
                let error = error.to_string();
                let title = &integration.display_name;
                return form(&console, &visit, &integration.id, title, (name, wanted), Some(&error)).await;
            }
            ended => ended?,
        }
    }
    let field = match_field(wanted).unwrap_or(integration.match_field);
    let home = settings_of(&integration.id);
    if field == integration.match_field {
        return on_to(&console, &visit, &home, "Saved.");
    }
    acting.set_match_field(&integration.id, field).await?;
    let message =
        format!("Saved. Staff are matched by their {} from now on: rematch all users.", field.label());
    on_to(&console, &visit, &format!("{home}/rematch"), message)
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

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

async fn form(
    console: &Console,
    visit: &Visit,
    id: &video_platform::IntegrationId,
    title: &str,
    (name, field): (&str, &str),
    error: Option<&str>,
) -> Shown {
    let home = settings_of(id);
    let provider = console.platform().integration(id).await?.and_then(|it| described(console, &it.provider));
    let label = provider.as_ref().and_then(setup::staff_field).map_or("Match field", |field| &field.label);
    let page = Page::new("Name and match field")
        .below("/settings/video-calls", "Video Calls")
        .below(&home, title)
        .body(post(
            visit,
            &format!("{home}/edit"),
            html! {
                (Field::new("name", "Display name").required().error(error).text("text", name))
                (Field::new("match-field", label).required()
                    .help("If you choose another one, all users have to be matched anew.")
                    .select(&match_fields(), field))
                div.buttons { button type="submit" { "Save" } a.button.quiet href=(home) { "Back" } }
            },
        ));
    Ok(page.shown(console, Some(visit)))
}
