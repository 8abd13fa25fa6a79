//! Video Calls for many staff at once, with a question before it that says how many.

use axum::extract::{Path, State};
use maud::html;
use video_platform::{DashboardQuery, IntegrationId, Selection};

use super::{Shown, integration_at, on_to, settings_of, table};
use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{Submitted, Visit};
use crate::view::{Page, count, post};

/// Asks whether it is meant.
pub(crate) async fn confirm(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let home = settings_of(&integration.id);
    let (selection, on) = read(&sent)?;
    let many = size(&console, &visit, &integration.id, &selection).await?;
    if many == 0 {
        return on_to(&console, &visit, &home, "Nobody was selected, so nothing was changed.");
    }
    let what = if on { "on" } else { "off" };
    let whom = if many == 1 { "1 staff member".to_owned() } else { format!("{} staff", count(many)) };
    let title = format!("Turn Video Calls {what} for {whom}?");
    let page = Page::new(&title)
        .below("/settings/video-calls", "Video Calls")
        .below(&home, &integration.display_name)
        .body(html! {
            @if on {
                p { "They can be given video appointments then, if they are matched." }
            } @else {
                p { "They can be given no new video appointments then. Appointments that are booked keep their links." }
            }
            (post(&visit, &format!("{home}/video-calls"), html! {
                @match &selection {
                    Selection::Filter(filter) => {
                        input type="hidden" name="everybody" value="yes";
                        input type="hidden" name="search" value=(filter.search);
                        input type="hidden" name="enabled" value=(table::word(filter.enabled));
                        input type="hidden" name="matched" value=(table::word(filter.matched));
                    }
                    Selection::Staff(ids) => { @for id in ids { input type="hidden" name="staff" value=(id); } }
                }
                input type="hidden" name="to" value=(table::word(Some(on)));
                div.buttons {
                    button type="submit" { "Turn " (what) " for " (whom) }
                    a.button.quiet href=(home) { "Back" }
                }
            }))
        });
    Ok(page.shown(&console, Some(&visit)))
}

/// Does it.
pub(crate) async fn change(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let (selection, on) = read(&sent)?;
    let many = size(&console, &visit, &integration.id, &selection).await?;
    let changed = console.acting_as(&visit.actor).enable_video_for(&integration.id, &selection, on).await?;
    let what = if on { "on" } else { "off" };
    let message = format!(
        "Video Calls are {what} for {} staff; for {} of them that is new.",
        count(many.max(changed)),
        count(changed)
    );
    on_to(&console, &visit, &settings_of(&integration.id), message)
}

fn read(sent: &Submitted) -> Result<(Selection, bool), Failure> {
    let on = table::yes_or_no(sent.get("to"));
    let on = on.ok_or_else(|| Failure::did_not_work(&"Say whether Video Calls are to be on or off."))?;
    let selection = if sent.get("everybody") == "yes" {
        Selection::Filter(table::query(sent).filter())
    } else {
        Selection::Staff(sent.all("staff").map(str::to_owned).collect())
    };
    Ok((selection, on))
}

async fn size(
    console: &Console,
    visit: &Visit,
    id: &IntegrationId,
    selection: &Selection,
) -> Result<u64, Failure> {
    Ok(match selection {
        Selection::Staff(ids) => ids.len() as u64,
        Selection::Filter(filter) => {
            let query = DashboardQuery {
                search: filter.search.clone(),
                enabled: filter.enabled,
                matched: filter.matched,
                rows_per_page: 1,
                ..DashboardQuery::default()
            };
            console.acting_as(&visit.actor).dashboard(id, &query).await?.total
        }
    })
}
