//! Rematch users: all of them, as a job, with progress that moves and a confirmation at the end.

use axum::response::{Html, IntoResponse as _, Redirect};
use maud::{Markup, html};
use video_platform::{JobId, JobProgress, JobState, Progress};

use super::{Asked, At, Shown, address};
use crate::failure::Failure;
use crate::gate::Submitted;
use crate::view::{Page, bar, count, moving};

/// The job that is asked for, or the one under way.
async fn job(at: &At, asked: &Submitted) -> Result<Option<JobProgress>, Failure> {
    let id = match asked.get("job") {
        "" => at.acting().running_rematch(at.id()).await?,
        id => Some(JobId::from(id.to_owned())),
    };
    let Some(id) = id else { return Ok(None) };
    let job = at.acting().rematch_progress(&id).await?;
    Ok((job.integration == *at.id()).then_some(job))
}

/// The page, also while it is under way.
pub(crate) async fn show(at: At, Asked(asked): Asked) -> Shown {
    let job = job(&at, &asked).await?;
    let running = job.as_ref().is_some_and(|job| job.state == JobState::Running);
    let body = html! {
        p {
            "Every staff member is looked for anew by their " (at.integration.match_field.label())
            ". Appointments that are booked stay as they are."
        }
        (state(&at, job.as_ref()))
        @if !running {
            (at.post("rematch", html! { div.buttons { button type="submit" { "Rematch all users" } } }))
        }
        p { a href=(at.home) { "Back to " (at.integration.display_name) } }
    };
    Ok(at.shown_as(Page::new("Rematch users").refreshed(running), body))
}

fn page_of(at: &At, job: &JobId) -> String {
    address(&format!("{}/rematch", at.home), &[("job", job.as_str())])
}

/// Starts it, unless it is under way.
pub(crate) async fn start(at: At) -> Shown {
    let job = at.acting().start_rematch(at.id()).await?;
    Ok(Redirect::to(&page_of(&at, &job)).into_response())
}

/// Cancels it. What was found by then holds.
pub(crate) async fn cancel(at: At, sent: Submitted) -> Shown {
    let Some(job) = job(&at, &sent).await? else {
        return Err(Failure::not_found("There is no such matching."));
    };
    at.acting().cancel_rematch(&job.job).await?;
    Ok(Redirect::to(&page_of(&at, &job.job)).into_response())
}

/// The part of the page that moves.
pub(crate) async fn progress(at: At, Asked(asked): Asked) -> Shown {
    let job = job(&at, &asked).await?;
    Ok(Html(state(&at, job.as_ref()).into_string()).into_response())
}

fn state(at: &At, job: Option<&JobProgress>) -> Markup {
    let Some(job) = job else { return html! { div id="progress" {} } };
    let Progress { done, total, matched, .. } = job.progress;
    let [done, total, matched] = [done, total, matched].map(|number| number as u64);
    match job.state {
        JobState::Running => moving(
            &address(&format!("{}/rematch/progress", at.home), &[("job", job.job.as_str())]),
            html! {
                (bar("Matching", done, total))
                (details(&job.progress))
                (at.post("rematch/cancel", html! {
                    input type="hidden" name="job" value=(job.job.as_str());
                    button.quiet type="submit" { "Stop" }
                }))
            },
        ),
        JobState::Finished => html! {
            div.progress id="progress" role="status" {
                p.notice.good {
                    "All users are rematched: " (count(matched)) " of " (count(total)) " are matched."
                }
                @if matched < total {
                    p { a href={ (at.home) "?matched=no" } { "See who is not matched, and why" } }
                }
            }
        },
        JobState::Cancelled => html! {
            div.progress id="progress" role="status" {
                p.notice.warn {
                    "It was stopped after " (count(done)) " of " (count(total))
                    ". What was found by then holds."
                }
            }
        },
        JobState::Failed => html! {
            div.progress id="progress" {
                p.notice.bad role="alert" {
                    "It stopped after " (count(done)) " of " (count(total)) ". "
                    (job.problem.as_deref().unwrap_or_default())
                }
            }
        },
    }
}

fn details(progress: &Progress) -> Markup {
    html! {
        p.detail {
            (count(progress.matched as u64)) " matched so far"
            @if let Some(left) = progress.left { ", about " (left.as_secs().max(1)) " s left" }
        }
        @if let Some(waiting) = progress.waiting {
            p.detail { "The provider asked to wait for " (waiting.as_secs().max(1)) " s. It goes on by itself." }
        }
    }
}
