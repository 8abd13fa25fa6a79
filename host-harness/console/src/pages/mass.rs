//! Video Calls for many staff at once, with a question before it that says how many.

use axum::response::{IntoResponse as _, Redirect};
use maud::html;
use video_platform::Selection;

use super::{At, Shown, change, table};
use crate::failure::Failure;
use crate::gate::Submitted;
use crate::view::{count, staff};

/// Up to so many are changed while the administrator waits; more are changed as a job.
const AT_ONCE: u64 = 500;

/// Asks whether it is meant.
pub(crate) async fn confirm(at: At, sent: Submitted) -> Shown {
    let (selection, on) = read(&sent)?;
    let many = size(&at, &selection).await?;
    if many == 0 {
        return at.on_home("Nobody was selected, so nothing was changed.");
    }
    let (what, whom) = (table::on_or_off(on), staff(many));
    let body = html! {
        @if let Selection::Filter(filter) = &selection { p { "Chosen: " (table::chosen(filter)) "." } }
        @if on {
            p { "They can be given video appointments then" @if at.matches() { ", if they are matched" } "." }
        } @else {
            p { "They can be given no new video appointments then. Appointments that are booked keep their links." }
        }
        (at.post("video-calls", html! {
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
                a.button.quiet href=(at.home) { "Back" }
            }
        }))
    };
    Ok(at.shown(&format!("Turn Video Calls {what} for {whom}?"), body))
}

/// Does it: at once for a few, and as a job for many.
pub(crate) async fn change(at: At, sent: Submitted) -> Shown {
    let (selection, on) = read(&sent)?;
    let many = match &selection {
        Selection::Filter(filter) => {
            let query = video_platform::DashboardQuery {
                search: filter.search.clone(),
                enabled: filter.enabled,
                matched: filter.matched,
                rows_per_page: 1,
                ..video_platform::DashboardQuery::default()
            };
            let found = at.acting().dashboard(at.id(), &query).await?;
            if found.more || found.total > AT_ONCE {
                let begun = at.acting().start_video_change(at.id(), filter, on).await?;
                return Ok(Redirect::to(&change::page_of(&at, begun.id)).into_response());
            }
            found.total
        }
        Selection::Staff(ids) => ids.len() as u64,
    };
    let changed = at.acting().enable_video_for(at.id(), &selection, on).await?;
    let what = table::on_or_off(on);
    at.on_home(format!(
        "Video Calls are {what} for {}; for {} of them that is new.",
        staff(many.max(changed)),
        count(changed)
    ))
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

async fn size(at: &At, selection: &Selection) -> Result<u64, Failure> {
    Ok(match selection {
        Selection::Staff(ids) => ids.len() as u64,
        Selection::Filter(filter) => at.acting().count_staff(at.id(), filter).await?,
    })
}
