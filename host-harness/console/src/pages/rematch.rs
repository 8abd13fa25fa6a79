//! Rematch users: all of them, as a job, with progress that moves and a confirmation at the end.

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse as _, Redirect};
use maud::{Markup, html};
use video_platform::{Integration, JobId, JobProgress, JobState, Progress};

use super::{Asked, Shown, address, integration_at, settings_of};
use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{Submitted, Visit};
use crate::view::{Page, count, post};

/// The job that is asked for, or the one under way.
async fn job(
    console: &Console,
    visit: &Visit,
    integration: &Integration,
    asked: &Submitted,
) -> Result<Option<JobProgress>, Failure> {
    let acting = console.acting_as(&visit.actor);
    let id = match asked.get("job") {
        "" => acting.running_rematch(&integration.id).await?,
        id => Some(JobId::from(id.to_owned())),
    };
    let Some(id) = id else { return Ok(None) };
    let job = acting.rematch_progress(&id).await?;
    Ok((job.integration == integration.id).then_some(job))
}

/// The page, also while it is under way.
pub(crate) async fn show(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    Asked(asked): Asked,
) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let home = settings_of(&integration.id);
    let job = job(&console, &visit, &integration, &asked).await?;
    let running = job.as_ref().is_some_and(|job| job.state == JobState::Running);
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
            (state(&visit, &integration, job.as_ref()))
            p { a href=(home) { "Back to " (integration.display_name) } }
        });
    Ok(page.shown(&console, Some(&visit)))
}

fn page_of(integration: &Integration, job: &JobId) -> String {
    address(&format!("{}/rematch", settings_of(&integration.id)), &[("job", job.as_str())])
}

/// Starts it, unless it is under way.
pub(crate) async fn start(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let job = console.acting_as(&visit.actor).start_rematch(&integration.id).await?;
    Ok(Redirect::to(&page_of(&integration, &job)).into_response())
}

/// Cancels it. What was found by then holds.
pub(crate) async fn cancel(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    sent: Submitted,
) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let Some(job) = job(&console, &visit, &integration, &sent).await? else {
        return Err(Failure::not_found("There is no such matching."));
    };
    console.acting_as(&visit.actor).cancel_rematch(&job.job).await?;
    Ok(Redirect::to(&page_of(&integration, &job.job)).into_response())
}

/// The part of the page that moves.
pub(crate) async fn progress(
    State(console): State<Console>,
    visit: Visit,
    Path(id): Path<String>,
    Asked(asked): Asked,
) -> Shown {
    let integration = integration_at(&console, &visit, &id).await?;
    let job = job(&console, &visit, &integration, &asked).await?;
    Ok(Html(state(&visit, &integration, job.as_ref()).into_string()).into_response())
}

fn state(visit: &Visit, integration: &Integration, job: Option<&JobProgress>) -> Markup {
    let home = settings_of(&integration.id);
    let Some(job) = job else { return html! { div id="progress" {} } };
    let Progress { done, total, matched, .. } = job.progress;
    let source = address(&format!("{home}/rematch/progress"), &[("job", job.job.as_str())]);
    html! {
        @match job.state {
            JobState::Running => {
                div.progress id="progress" hx-get=(source) hx-trigger="every 500ms" hx-swap="outerHTML" {
                    (bar(&job.progress))
                    (post(visit, &format!("{home}/rematch/cancel"), html! {
                        input type="hidden" name="job" value=(job.job.as_str());
                        button.quiet type="submit" { "Stop" }
                    }))
                }
            }
            JobState::Finished => {
                div.progress id="progress" role="status" {
                    p.notice.good {
                        "All users are rematched: " (count(matched as u64)) " of " (count(total as u64)) " are matched."
                    }
                    @if matched < total {
                        p { a href={ (home) "?matched=no" } { "See who is not matched, and why" } }
                    }
                }
            }
            JobState::Cancelled => {
                div.progress id="progress" role="status" {
                    p.notice.warn {
                        "It was stopped after " (count(done as u64)) " of " (count(total as u64))
                        ". What was found by then holds."
                    }
                }
            }
            JobState::Failed => {
                div.progress id="progress" {
                    p.notice.bad role="alert" {
                        "It stopped after " (count(done as u64)) " of " (count(total as u64)) ". "
                        (job.problem.as_deref().unwrap_or_default())
                    }
                }
            }
        }
    }
}

fn bar(progress: &Progress) -> Markup {
    html! {
        progress aria-label="Matching" max=(progress.total.max(1)) value=(progress.done) {}
        p {
            (count(progress.done as u64)) " of " (count(progress.total as u64)) " done, "
            (count(progress.matched as u64)) " matched"
            @if let Some(left) = progress.left { ", about " (left.as_secs().max(1)) " s left" }
        }
        @if let Some(waiting) = progress.waiting {
            p.detail { "The provider asked to wait for " (waiting.as_secs().max(1)) " s. It goes on by itself." }
        }
    }
}
