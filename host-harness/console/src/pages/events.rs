//! What happened to a connection, and when.

use maud::html;
use video_platform::IntegrationChange;

use super::{Asked, At, Shown, address, standing};
use crate::view::moment;

const ROWS: u32 = 50;

pub(crate) async fn show(at: At, Asked(asked): Asked) -> Shown {
    // One more than is shown tells whether there are older ones.
    let before = asked.get("before").parse().ok();
    let mut events = at.acting().events_of(at.id(), before, ROWS + 1).await?;
    let more = events.len() > ROWS as usize;
    events.truncate(ROWS as usize);
    let body = html! {
        p { "What happened to the connection, the newest first. What people changed is in the " a href={ "/audit-log?subject=" (at.id()) } { "audit log" } "." }
        @if events.is_empty() { p.empty { "Nothing has happened yet." } } @else {
            ol.history {
                @for event in &events {
                    @let (label, tone) = label(&event.change);
                    li class=(tone) {
                        span class={ "badge " (tone) } { (label) } " " span.detail { (moment(event.at)) }
                        p { (event.message) }
                    }
                }
            }
        }
        @if let Some(last) = events.last().filter(|_| more) {
            nav.pager aria-label="Pages" {
                a rel="next" href=(address(&format!("{}/events", at.home), &[("before", &last.id.to_string())])) { "Older" }
            }
        }
        p { a href=(at.home) { "Back to " (at.integration.display_name) } }
    };
    Ok(at.shown("Events", body))
}

/// What people call a change, and its tone.
fn label(change: &IntegrationChange) -> (&'static str, &'static str) {
    match change {
        IntegrationChange::State { to, .. } => standing::state(*to),
        IntegrationChange::Unavailable { .. } => standing::UNAVAILABLE,
        IntegrationChange::Available => ("Available again", "good"),
        IntegrationChange::Quota { .. } => ("Many meetings this month", "warn"),
    }
}
