//! Rematch users: all of them, with progress that moves and a confirmation at the end.

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse as _, Redirect};
use maud::{Markup, html};
use video_platform::{Integration, MatchReport, MatchState, Progress};

use super::{Shown, integration_at, settings_of};
use crate::console::Console;
use crate::gate::Visit;
use crate::runs::{Run, Runs};
use crate::view::{Page, count, post};

/// The page, also while it is under way.
pub(crate) async fn show(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let home = settings_of(&integration.id);
    let run = console.runs().last(&integration.id);
    let running = matches!(run, Some(Run::Running(_)));
    let page = Page::new("Rematch users")
        .below("/settings/video-calls", "Video Calls")
        .below(&home, &integration.display_name)
        .refreshed(running)
        .body(html! {
            p {
                "Every staff member is looked for anew by their " (integration.match_field.label())
                ". Appointments that are booked stay as they are."
            }
            @if !running {
                (post(&visit, &format!("{home}/rematch"), html! { button type="submit" { "Rematch all users" } }))
            }
            (state(&integration, run.as_ref()))
            p { a href=(home) { "Back to " (integration.display_name) } }
        });
    Ok(page.shown(&console, Some(&visit)))
}

/// Starts it, unless it is under way.
pub(crate) async fn start(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    Runs::start(&console, &visit.actor, &integration.id);
    Ok(Redirect::to(&format!("{}/rematch", settings_of(&integration.id))).into_response())
}

/// The part of the page that moves.
pub(crate) async fn progress(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let run = console.runs().last(&integration.id);
    Ok(Html(state(&integration, run.as_ref()).into_string()).into_response())
}

fn state(integration: &Integration, run: Option<&Run>) -> Markup {
    let source = format!("{}/rematch/progress", settings_of(&integration.id));
    html! {
        @match run {
            None => { div id="progress" {} }
            Some(Run::Running(progress)) => {
                div.progress id="progress" hx-get=(source) hx-trigger="every 500ms" hx-swap="outerHTML" {
                    (bar(progress.as_ref()))
                }
            }
            Some(Run::Finished(report)) => { div.progress id="progress" role="status" { (confirmation(report)) } }
            Some(Run::Failed(message)) => {
                div.progress id="progress" { p.notice.bad role="alert" { (message) } }
            }
        }
    }
}

fn bar(progress: Option<&Progress>) -> Markup {
    let Some(progress) = progress else {
        return html! { progress aria-label="Matching" {} p { "Beginning …" } };
    };
    html! {
        progress aria-label="Matching" max=(progress.total) value=(progress.done) {}
        p {
            (count(progress.done as u64)) " of " (count(progress.total as u64)) " done, "
            (count(progress.matched as u64)) " matched"
        }
        @if let Some(waiting) = progress.waiting {
            p.detail { "The provider asked to wait for " (waiting.as_secs().max(1)) " s. It goes on by itself." }
        }
    }
}

fn confirmation(report: &MatchReport) -> Markup {
    let others = report.outcomes.iter().filter(|(state, _)| **state != MatchState::Matched);
    html! {
        p.notice.good {
            "All users are rematched: " (count(report.matched() as u64)) " of " (count(report.total as u64))
            " are matched."
        }
        @if report.matched() < report.total {
            ul {
                @for (state, many) in others { li { (count(*many as u64)) " " (outcome(*state)) } }
                @if !report.unknown.is_empty() {
                    li { (count(report.unknown.len() as u64)) " without an answer: what was known before still holds" }
                }
            }
        }
    }
}

fn outcome(state: MatchState) -> &'static str {
    match state {
        MatchState::Matched => "matched",
        MatchState::NotFound => "not found",
        MatchState::Alias => "with an alias in the staff record",
        MatchState::Guest => "are guests",
        MatchState::Disabled => "have a disabled account",
        MatchState::Unlicensed => "have no licence",
        MatchState::Ambiguous => "answer to several users",
        MatchState::Shared => "share a key",
        MatchState::NoKey => "have no key",
        MatchState::Unknown => "unknown",
    }
}
