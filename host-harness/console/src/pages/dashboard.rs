//! The dashboard of an integration: its account, how it is, and the staff.

use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect};
use maud::{Markup, html};
use video_platform::{Integration, StateKind};

use super::integration::edit_title;
use super::{Asked, At, Shown, change, known_as, standing, table};
use crate::failure::Failure;
use crate::gate::Submitted;

/// The dashboard.
pub(crate) async fn show(at: At, Asked(asked): Asked) -> Shown {
    let integration = &at.integration;
    let query = table::query(&asked);
    let rows = at.acting().dashboard(at.id(), &query).await?;
    let choices = at.acting().choices(at.id()).await?;
    let meetings = at.acting().meetings_this_month(at.id()).await?;
    let changes = at.acting().video_changes().await?;
    let rematch = at.acting().running_rematch(at.id()).await?;
    // The column is called as the provider is, and is not there if it knows nobody.
    let provider = at.described().map_or_else(|| integration.provider.clone(), |it| it.name);
    let user = at.matches().then(|| format!("{provider} User"));
    let warnings: Vec<String> =
        meetings.iter().filter_map(video_platform::OrganizerMeetings::warning).collect();
    let home = &at.home;
    let body = html! {
        div.bar {
            (account(integration))
            (actions(&at))
        }
        (standing::card(&at.visit, integration))
        @for warning in &warnings { p.notice.warn { (warning) } }
        @if rematch.is_some() {
            p.notice { "Users are being rematched. " a href={ (home) "/rematch" } { "See how far it is" } }
        }
        @for change in changes.iter().filter(|change| change.integration == *at.id()) {
            p.notice {
                "Video Calls are being turned " (table::on_or_off(change.enabled)) " for " (table::chosen(&change.filter)) ". "
                a href=(change::page_of(&at, change.id)) { "See how far it is" }
            }
        }
        dl.facts {
            @if user.is_some() {
                dt { "Match field" } dd { (integration.match_field.label()) " · " a href={ (home) "/edit" } { "Change" } }
            }
            @for choice in &choices { dt { (choice.label) } dd { (choice.meaning) } }
        }
        @if user.is_none() {
            p.detail { (provider) " knows no users: whoever has Video Calls on can be booked." }
        }
        (table::filters(home, user.as_deref(), &query))
        (table::results(&at.visit, home, user.as_deref(), &query, &rows))
    };
    Ok(at.shown(&integration.display_name, body))
}

fn account(integration: &Integration) -> Markup {
    html! {
        div.account {
            @match &integration.account {
                Some(account) => {
                    p.detail { "Connected account" }
                    p { strong { (known_as(account)) } }
                    p.detail { "Tenant ID " (account.tenant_id) @if integration.is_default { " · default" } }
                }
                None => { p.detail { "No account is connected yet." } }
            }
        }
    }
}

fn actions(at: &At) -> Markup {
    let (integration, home) = (&at.integration, &at.home);
    let kind = integration.state.kind();
    let reachable = !matches!(kind, StateKind::Pending | StateKind::Disconnected);
    html! {
        details.menu {
            summary.button { "Actions" }
            ul {
                @if integration.state.is_live() && at.matches() {
                    li { a href={ (home) "/rematch" } { "Rematch users" } }
                }
                @if reachable {
                    li { a href={ (home) "/reauthorize" } { "Reauthorize" } }
                    @if at.described().is_none_or(|it| !it.meeting_options.is_empty()) {
                        li { a href={ (home) "/options" } { "Meeting options" } }
                    }
                }
                li { a href={ (home) "/edit" } { (edit_title(at)) } }
                li { a href={ (home) "/events" } { "Events" } }
                @if integration.state.is_live() && !integration.is_default {
                    li { (at.post("default", html! { button type="submit" { "Make it the default" } })) }
                }
                @if kind != StateKind::Disconnected {
                    li { a.danger href={ (home) "/disconnect" } { "Disconnect" } }
                }
            }
        }
    }
}

/// Switches Video Calls of one staff member.
pub(crate) async fn toggle(at: At, Path((_, staff)): Path<(String, String)>, sent: Submitted) -> Shown {
    let to = table::yes_or_no(sent.get("to"));
    let to = to.ok_or_else(|| Failure::did_not_work(&"Say whether Video Calls are to be on or off."))?;
    at.acting().enable_video(&staff, to).await?;
    // Back to the same rows. Only a query is taken over: nobody is sent elsewhere.
    let query: String = sent.get("back").strip_prefix('?').unwrap_or_default().to_owned();
    let back = table::at(&at.home, &table::query(&Submitted::of(&query)));
    Ok(Redirect::to(&back).into_response())
}
