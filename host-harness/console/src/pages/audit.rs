//! The audit log.

use axum::extract::State;
use maud::{Markup, html};
use video_platform::{Action, AuditFilter, AuditOutcome, Integration};

use super::{Asked, Shown, address, settings_of};
use crate::console::Console;
use crate::gate::Visit;
use crate::view::{Choice, Field, Page, moment};

const ROWS: u32 = 50;

pub(crate) async fn show(State(console): State<Console>, visit: Visit, Asked(asked): Asked) -> Shown {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let filter = AuditFilter {
        actor: some(asked.get("actor")),
        action: Action::parse(asked.get("action")),
        subject: some(asked.get("subject")),
        outcome: AuditOutcome::parse(asked.get("outcome")),
        ..AuditFilter::default()
    };
    let log = console.acting_as(&visit.actor).audit(&filter, asked.get("before").parse().ok(), ROWS).await?;
    let integrations = console.acting_as(&visit.actor).integrations().await?;
    let all = || std::iter::once(Choice::new("", "All"));
    let actions: Vec<_> =
        all().chain(Action::ALL.iter().map(|it| Choice::new(it.word(), it.label()))).collect();
    let outcomes: Vec<_> =
        all().chain(AuditOutcome::ALL.map(|it| Choice::new(it.word(), it.label()))).collect();
    let page = Page::new("Audit log").below("/audit-log", "Audit log").body(html! {
        form.filters method="get" action="/audit-log" role="search" {
            (Field::new("actor", "Staff id").silent().text("text", asked.get("actor")))
            (Field::new("action", "What").silent().select(&actions, asked.get("action")))
            (Field::new("outcome", "Outcome").silent().select(&outcomes, asked.get("outcome")))
            (Field::new("subject", "To what").silent().text("text", asked.get("subject")))
            button.quiet type="submit" { "Show" }
        }
        @if log.entries.is_empty() { p.empty { "Nothing is in the log that fits." } } @else {
            div.scroll {
                table {
                    caption.hidden { "Audit log, the newest first" }
                    thead { tr {
                        th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" }
                        th scope="col" { "To what" } th scope="col" { "Change" } th scope="col" { "Outcome" }
                    } }
                    tbody {
                        @for entry in &log.entries {
                            tr {
                                td { (moment(entry.at)) }
                                td { (entry.actor.name()) br; span.detail.whole { (entry.actor.kind().label()) } }
                                td { (entry.action.label()) }
                                td.id { (subject(&integrations, entry.subject.as_deref().unwrap_or_default())) }
                                td {
                                    @if let Some(from) = &entry.from { (from) " → " }
                                    (entry.to.as_deref().unwrap_or_default())
                                }
                                td {
                                    span class={ "badge " (tone(entry.outcome)) } { (entry.outcome.label()) }
                                    @if let Some(message) = &entry.message { br; span.detail { (message) } }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(next) = log.next {
            @let next = next.to_string();
            @let pairs = ["actor", "action", "outcome", "subject"].map(|name| (name, asked.get(name)));
            nav.pager aria-label="Pages" {
                a rel="next" href=(address("/audit-log", &[&pairs[..], &[("before", &next)]].concat())) { "Older" }
            }
        }
    });
    Ok(page.shown(&console, Some(&visit)))
}

/// To what it was done: integrations by their names, all else by its id.
fn subject(integrations: &[Integration], id: &str) -> Markup {
    html! {
        @match integrations.iter().find(|one| one.id.as_str() == id) {
            Some(one) => { a href=(settings_of(&one.id)) { (one.display_name) } }
            None => { (id) }
        }
    }
}

fn tone(outcome: AuditOutcome) -> &'static str {
    match outcome {
        AuditOutcome::Done => "good",
        AuditOutcome::Begun => "warn",
        AuditOutcome::Failed | AuditOutcome::Refused => "bad",
    }
}
