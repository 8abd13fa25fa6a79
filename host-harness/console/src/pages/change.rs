//! How far a change of many staff is.

use axum::extract::Path;
use axum::response::{Html, IntoResponse as _};
use maud::{Markup, html};
use video_platform::VideoChange;

use super::{At, Shown, table};
use crate::failure::Failure;
use crate::view::{Page, bar, count, moving};

pub(super) fn page_of(at: &At, change: i64) -> String {
    format!("{}/video-calls/{change}", at.home)
}

async fn known(at: &At, id: &str) -> Result<VideoChange, Failure> {
    let missing = || Failure::not_found("There is no such change.");
    let id = id.parse().map_err(|_| missing())?;
    let change = at.acting().video_change(id).await?;
    change.filter(|change| change.integration == *at.id()).ok_or_else(missing)
}

pub(crate) async fn show(at: At, Path((_, id)): Path<(String, String)>) -> Shown {
    let change = known(&at, &id).await?;
    let body = html! {
        p { "Chosen: " (table::chosen(&change.filter)) "." }
        (state(&at, &change))
        p { a href=(at.home) { "Back to " (at.integration.display_name) } }
    };
    let title = format!("Turn Video Calls {}", table::on_or_off(change.enabled));
    Ok(at.shown_as(Page::new(&title).refreshed(!change.ended), body))
}

/// The part of the page that moves.
pub(crate) async fn progress(at: At, Path((_, id)): Path<(String, String)>) -> Shown {
    let change = known(&at, &id).await?;
    Ok(Html(state(&at, &change).into_string()).into_response())
}

fn state(at: &At, change: &VideoChange) -> Markup {
    if !change.ended {
        return moving(
            &format!("{}/progress", page_of(at, change.id)),
            html! {
                (bar("Changing", change.seen, change.total.max(change.seen)))
                p.detail { "You can leave this page: it goes on by itself." }
            },
        );
    }
    html! {
        div.progress id="progress" role="status" {
            p.notice.good {
                "Video Calls are " (table::on_or_off(change.enabled)) " for all who were chosen; for "
                (count(change.changed)) " of them that is new."
            }
        }
    }
}
