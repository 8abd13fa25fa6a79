//! The dashboard of an integration: its account, how it is, and the staff.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect};
use maud::{Markup, html};
use video_platform::{Integration, StateKind};

use super::{Asked, Shown, described, integration_at, settings_of, standing, table};
use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{Submitted, Visit};
use crate::view::{Page, post};

/// The dashboard.
pub(crate) async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    Asked(asked): Asked,
) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let acting = console.acting_as(&visit.actor);
    let query = table::query(&asked);
    let rows = acting.dashboard(&integration.id, &query).await?;
    let choices = acting.choices(&integration.id).await?;
    let meetings = acting.meetings_this_month(&integration.id).await?;
    let home = settings_of(&integration.id);
    // The column is called as the provider is.
    let provider = described(&console, &integration.provider);
    let user = format!("{} User", provider.as_ref().map_or(&integration.provider, |it| &it.name));
    let warnings: Vec<String> =
        meetings.iter().filter_map(video_platform::OrganizerMeetings::warning).collect();
    let page = Page::new(&integration.display_name).below("/settings/video-calls", "Video Calls").body(html! {
        div.bar {
            (account(&integration))
            (actions(&visit, &integration, &home))
        }
        (standing::card(&visit, &integration))
        @for warning in &warnings { p.notice.warn { (warning) } }
        dl.facts {
            dt { "Match field" } dd { (integration.match_field.label()) " · " a href={ (home) "/edit" } { "Change" } }
            @for choice in &choices { dt { (choice.label) } dd { (choice.meaning) } }
        }
        (table::filters(&home, &user, &query))
        (table::results(&visit, &home, &user, &query, &rows))
    });
    Ok(page.shown(&console, Some(&visit)))
}

fn account(integration: &Integration) -> Markup {
    html! {
        div.account {
            @match &integration.account {
                Some(account) => {
                    p.detail { "Connected account" }
                    p { strong { (account.display_name) } " (" (account.user_name) ")" }
                    p.detail { "Tenant ID " (account.tenant_id) @if integration.is_default { " · default" } }
                }
                None => { p.detail { "No account is connected yet." } }
            }
        }
    }
}

fn actions(visit: &Visit, integration: &Integration, home: &str) -> Markup {
    let kind = integration.state.kind();
    let reachable = !matches!(kind, StateKind::Pending | StateKind::Disconnected);
    html! {
        details.menu {
            summary.button { "Actions" }
            ul {
                @if integration.state.is_live() {
                    li { a href={ (home) "/rematch" } { "Rematch users" } }
                }
                @if reachable {
                    li { a href={ (home) "/reauthorize" } { "Reauthorize" } }
                    li { a href={ (home) "/options" } { "Meeting options" } }
                }
                li { a href={ (home) "/edit" } { "Name and match field" } }
                @if integration.state.is_live() && !integration.is_default {
                    li { (post(visit, &format!("{home}/default"), html! { button type="submit" { "Make it the default" } })) }
                }
                @if kind != StateKind::Disconnected {
                    li { a.danger href={ (home) "/disconnect" } { "Disconnect" } }
                }
            }
        }
    }
}

/// Switches Video Calls of one staff member.
pub(crate) async fn toggle(
    State(console): State<Console>,
    visit: Visit,
    Path((id, staff)): Path<(String, String)>,
    sent: Submitted,
) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let to = table::yes_or_no(sent.get("to"));
    let to = to.ok_or_else(|| Failure::did_not_work(&"Say whether Video Calls are to be on or off."))?;
    console.acting_as(&visit.actor).enable_video(&staff, to).await?;
    let home = settings_of(&integration.id);
    // Back to the same rows. Only a query is taken over: nobody is sent elsewhere.
    let query: String = sent.get("back").strip_prefix('?').unwrap_or_default().to_owned();
    let back = table::at(&home, &table::query(&Submitted::of(&query)));
    Ok(Redirect::to(&back).into_response())
}
