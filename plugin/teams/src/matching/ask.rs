//! Asks questions in the fewest requests, and reads what comes back, page after page.

use http::StatusCode;

use super::question::Question;
use crate::bindings::provider::{Error, GrantProblem};
use crate::connection::Record;
use crate::failure;
use crate::graph::user::{DirectoryUser, Page};
use crate::graph::{Failure, Request, batch, page};
use crate::host::Host;

/// What is known after a question.
pub(crate) enum Reply {
    /// These users, and no others.
    Users(Vec<DirectoryUser>),
    /// Graph refuses the question: it cannot be asked so (400).
    Unaskable,
    /// Graph refuses to answer it to this account (403).
    Forbidden(Error),
    /// The answer was larger than the host allows.
    TooLarge(Error),
    /// Nothing, for a while: throttled, a fault, a broken connection.
    Unknown(Error),
}

/// One reply for each question. An error concerns the account or the provider, and with it all.
pub(crate) fn all(host: &dyn Host, record: &Record, questions: &[Question]) -> Result<Vec<Reply>, Error> {
    let mut replies = Vec::with_capacity(questions.len());
    if let [question] = questions {
        replies.push(alone(host, record, question)?);
        return Ok(replies);
    }
    for chunk in questions.chunks(batch::MOST) {
        if let Some(error) = together(host, record, chunk, &mut replies)? {
            // Who refuses a whole batch for a while refuses the next one too, and counts it.
            let rest = questions.len() - replies.len();
            replies.extend(std::iter::repeat_with(|| Reply::Unknown(error.clone())).take(rest));
            break;
        }
    }
    Ok(replies)
}

/// One question, in a request of its own.
fn alone(host: &dyn Host, record: &Record, question: &Question) -> Result<Reply, Error> {
    let request = Request::get(record.cloud.resource(&question.path), record.credential());
    match page_of(request, host, question.list) {
        Err(failure) => refused(failure),
        Ok(page) => follow(host, record, page),
    }
}

/// Up to 20 questions in one request. If the request as a whole fails for a while, its questions
/// are unknown, and the reason is given back; what other requests found still holds.
fn together(
    host: &dyn Host,
    record: &Record,
    questions: &[Question],
    replies: &mut Vec<Reply>,
) -> Result<Option<Error>, Error> {
    let paths: Vec<&str> = questions.iter().map(|question| question.path.as_str()).collect();
    let body = batch::assemble(&paths)?;
    let url = record.cloud.resource("/$batch");
    let answer = match Request::batch(url, body, record.credential()).succeed(host) {
        Ok(answer) => answer,
        Err(failure) => {
            let all = |reply: fn(Error) -> Reply, error: &Error| {
                questions.iter().map(|_| reply(error.clone())).collect::<Vec<_>>()
            };
            match refused(failure)? {
                Reply::Unknown(error) => {
                    replies.extend(all(Reply::Unknown, &error));
                    return Ok(Some(error));
                }
                Reply::TooLarge(error) => replies.extend(all(Reply::TooLarge, &error)),
                Reply::Forbidden(error) => return Err(error),
                _ => return Err(failure::internal("Microsoft Graph did not take a batch.")),
            }
            return Ok(None);
        }
    };
    let answer = answer.json()?;
    let items = batch::disassemble(&answer, questions.len())?;
    for (question, item) in questions.iter().zip(items) {
        let reply = match item {
            None => unread("Microsoft Graph left a question of a batch unanswered."),
            Some(item) if !item.status.is_success() => refused_item(&item)?,
            Some(item) => match Page::read(item.body, question.list) {
                None => unread("Microsoft Graph answered a question of a batch with something odd."),
                Some(page) => follow(host, record, page)?,
            },
        };
        replies.push(reply);
    }
    Ok(None)
}

/// Reads the pages that follow. A list that cannot be read to its end is not known.
fn follow(host: &dyn Host, record: &Record, first: Page) -> Result<Reply, Error> {
    let mut users = first.users;
    let mut next = first.next;
    for _ in 0..page::MOST {
        let Some(link) = next else {
            return Ok(Reply::Users(users));
        };
        match page_of(Request::get(page::next(record.cloud, link)?, record.credential()), host, true) {
            Err(failure) => return refused(failure),
            Ok(page) => {
                users.extend(page.users);
                next = page.next;
            }
        }
    }
    Err(failure::internal("A list of Microsoft Graph has no end."))
}

fn page_of(request: Request<'_>, host: &dyn Host, list: bool) -> Result<Page, Failure> {
    let answer = request.succeed(host)?;
    let page = Page::read(&answer.json()?, list);
    page.ok_or_else(|| {
        failure::internal("Microsoft Graph answered a question about users with something odd.").into()
    })
}

fn unread(message: &str) -> Reply {
    Reply::Unknown(failure::unavailable(false, None, message))
}

/// The same of an item of a batch. The host renews an access token for a request as a whole only: that it
/// ran out between the batch and one of its items is no word about the authorization, and the next batch
/// has another one.
fn refused_item(item: &batch::Item<'_>) -> Result<Reply, Error> {
    let failure = item.refused();
    match &failure.error {
        Error::NeedsReauthorization(dead) if dead.problem != GrantProblem::ClaimsChallenge => {
            Ok(unread("Microsoft Graph answered a question of a batch as if the access had run out."))
        }
        _ => refused(failure),
    }
}

/// What a refused question leaves known.
fn refused(failure: Failure) -> Result<Reply, Error> {
    match (failure.status, failure.error) {
        (Some(StatusCode::NOT_FOUND), _) => Ok(Reply::Users(Vec::new())),
        (Some(StatusCode::BAD_REQUEST), _) => Ok(Reply::Unaskable),
        (Some(StatusCode::FORBIDDEN), error) => Ok(Reply::Forbidden(error)),
        (_, error) if failure.too_large => Ok(Reply::TooLarge(error)),
        (_, error @ (Error::Throttled(_) | Error::Unavailable(_))) => Ok(Reply::Unknown(error)),
        (_, error) => Err(error),
    }
}
