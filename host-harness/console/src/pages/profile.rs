//! A staff member's profile: who they are, the Video Calls Platform that they use, their services.

use axum::extract::{Path, State};
use maud::{Markup, html};
use video_platform::{
    Action, Integration, IntegrationId, MatchState, StaffCheck, StaffMember, VideoSettings,
};

use super::{Shown, matches, on_to, table};
use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{Submitted, Visit};
use crate::view::{Choice, Field, Page, moment, post, segment};

fn home(staff: &str) -> String {
    format!("/staff/{}", segment(staff))
}

pub(crate) async fn show(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let acting = console.acting_as(&visit.actor);
    let missing = || Failure::not_found("There is no staff member with this id.");
    let staff = acting.staff_member(&id).await?.ok_or_else(missing)?;
    let settings = acting.video_settings(&id).await?.ok_or_else(missing)?;
    let services = acting.services_of(&id).await?;
    let used = match &settings.integration {
        Some(id) => console.platform().integration(id).await?,
        None => None,
    };
    let known_there = used.is_none_or(|it| matches(&console, &it.provider));
    let may_choose = acting.allows(Action::ChooseIntegration);
    let integrations = if may_choose { acting.integrations().await? } else { Vec::new() };
    let mut page = Page::new(staff.label());
    if acting.allows(Action::ListStaff) {
        page = page.below("/staff", "Staff");
    }
    let page = page.body(html! {
        @if acting.allows(Action::PutStaff) {
            div.bar { p.detail { "Staff record" } a.button.quiet href={ (home(&staff.id)) "/edit" } { "Edit" } }
        }
        dl.facts {
            dt { "Id" } dd { (staff.id) }
            dt { "E-mail" } dd { (staff.email) }
            dt { "User name" } dd { (staff.user_name) }
            dt { "Role" } dd { (staff.role.label()) }
        }
        (video(&console, &visit, &staff, &settings, &integrations, known_there))
        section aria-labelledby="services" {
            h2 id="services" { "Services" }
            @if services.is_empty() { p.empty { "None yet." } }
            ul { @for service in &services { li { (service.name) } } }
        }
        p { a href={ "/schedule?staff=" (segment(&staff.id)) } { "Appointments" } }
    });
    Ok(page.shown(&console, Some(&visit)))
}

/// Video Calls: whether they have it, where, and who they are there.
fn video(
    console: &Console,
    visit: &Visit,
    staff: &StaffMember,
    settings: &VideoSettings,
    integrations: &[Integration],
    known_there: bool,
) -> Markup {
    let home = home(&staff.id);
    let may = |action| console.acting_as(&visit.actor).allows(action);
    let matched = settings.found.as_ref();
    html! {
        section aria-labelledby="video" {
            h2 id="video" { "Video Calls" }
            @if may(Action::EnableVideo) {
                (post(visit, &format!("{home}/video-calls"), html! {
                    input type="hidden" name="to" value=(table::word(Some(!settings.enabled)));
                    button.switch type="submit" role="switch" aria-checked=(settings.enabled) aria-label="Video Calls" {
                        span aria-hidden="true" {}
                    }
                    " " span aria-hidden="true" { @if settings.enabled { "On" } @else { "Off" } }
                }))
            } @else {
                p { @if settings.enabled { "Video Calls are on." } @else { "Video Calls are off." } }
            }
            @if known_there { p {
                @match matched {
                    Some(found) if found.state == MatchState::Matched => {
                        span.matched { span aria-hidden="true" { "✓" } " Matched" }
                        @if let Some(user) = &found.user { " to " (user.display_name) " (" (user.key) ")" }
                        ", " (moment(found.at))
                    }
                    Some(found) => { "Not matched: " (found.reason.as_deref().unwrap_or_default()) }
                    None => { "Not matched yet." }
                }
            } }
            @if may(Action::ChooseIntegration) {
                (post(visit, &format!("{home}/video-calls-platform"), html! {
                    (Field::new("platform", "Video Calls Platform").required()
                        .help("For appointments from now on. Appointments that are booked stay where they are.")
                        .select(&platforms(settings, integrations), settings.chosen.as_ref().map_or("", IntegrationId::as_str)))
                    button type="submit" { "Save" }
                }))
                div.buttons {
                    @if known_there { (post(visit, &format!("{home}/rematch"), html! { button.quiet type="submit" { "Rematch this user" } })) }
                    (post(visit, &format!("{home}/check"), html! { button.quiet type="submit" { "Check whether they can be booked" } }))
                }
            }
        }
    }
}

fn platforms(settings: &VideoSettings, integrations: &[Integration]) -> Vec<Choice> {
    let default = integrations.iter().find(|one| one.is_default);
    let default =
        default.map_or("Default (none is set)".to_owned(), |one| format!("Default ({})", one.display_name));
    // What can be used, and what is chosen now, however it is.
    let offered = integrations
        .iter()
        .filter(|one| one.state.is_live() || settings.chosen.as_ref() == Some(&one.id))
        .map(|one| Choice::new(one.id.as_str(), &one.display_name));
    std::iter::once(Choice::new("", &default)).chain(offered).collect()
}

pub(crate) async fn choose(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    let chosen =
        match sent.get("platform") {
            "" => None,
            id => Some(id.parse::<IntegrationId>().map_err(|_| {
                Failure::did_not_work(&"There is no such platform. Choose one that is listed.")
            })?),
        };
    console.acting_as(&visit.actor).choose_integration(&id, chosen.as_ref()).await?;
    on_to(&visit, &home(&id), "The Video Calls Platform is saved.")
}

pub(crate) async fn enable(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    let on = sent.get("to") == "yes";
    console.acting_as(&visit.actor).enable_video(&id, on).await?;
    let message = if on { "Video Calls are on." } else { "Video Calls are off." };
    on_to(&visit, &home(&id), message)
}

pub(crate) async fn rematch(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let found = console.acting_as(&visit.actor).rematch_one(&id).await?;
    let message = match (found.unanswered_at, found.reason) {
        (Some(_), _) => {
            "The provider gave no answer. What was known before still holds; try again later.".to_owned()
        }
        (None, Some(reason)) => format!("Not matched: {reason}."),
        (None, None) => "Matched.".to_owned(),
    };
    on_to(&visit, &home(&id), message)
}

pub(crate) async fn check(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let message = match console.acting_as(&visit.actor).check_staff(&id).await? {
        StaffCheck::Ready { warnings, .. } if warnings.is_empty() => {
            "They can be booked for video calls.".to_owned()
        }
        StaffCheck::Ready { warnings, .. } => {
            format!("They can be booked for video calls. {}", warnings.join(" "))
        }
        StaffCheck::NotReady { message, .. } | StaffCheck::Unknown { message } => message,
    };
    on_to(&visit, &home(&id), message)
}
