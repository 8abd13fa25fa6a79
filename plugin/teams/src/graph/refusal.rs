//! What an answer that says no means: the only reader of Graph's errors.

use http::StatusCode;

use crate::bindings::provider::{Error, GrantProblem, RefusalProblem};
use crate::failure;
use crate::json::Json;

/// An answer, or an item of a batch, whose status is not a success.
pub(crate) struct Refusal<'a> {
    /// Its status.
    pub(crate) status: StatusCode,
    /// What `Retry-After` said, in milliseconds.
    pub(crate) retry_after: Option<u64>,
    /// What `WWW-Authenticate` said.
    pub(crate) challenge: Option<&'a str>,
    /// The body; null if it is not JSON.
    pub(crate) body: &'a Json<'a>,
    /// Whether the request may have changed something.
    pub(crate) writes: bool,
}

/// `{error: {code, message, innerError}}` ("Error responses", Graph). Every part may be missing,
/// `code` may be empty, and `innerError` is spelled in two ways.
struct Detail<'a> {
    code: &'a str,
    message: &'a str,
    request: &'a str,
}

impl<'a> Detail<'a> {
    fn of(body: &'a Json<'_>) -> Self {
        let error = body.get("error");
        let text = |json: &'a Json<'_>| json.text().unwrap_or("").trim();
        Self {
            code: text(error.get("code")),
            message: text(error.get("message")),
            request: text(error.get_any_case("innererror").get("request-id")),
        }
    }
}

/// The longest piece of Graph's own text that goes into a message, in characters.
const QUOTED: usize = 300;

impl Refusal<'_> {
    /// What it means to the caller.
    pub(crate) fn error(&self) -> Error {
        let detail = Detail::of(self.body);
        match self.status {
            StatusCode::TOO_MANY_REQUESTS => Error::Throttled(self.retry_after),
            StatusCode::UNAUTHORIZED => self.unauthorized(&detail),
            StatusCode::FORBIDDEN => {
                let (problem, lead) = forbidden(&detail);
                failure::refused(problem, self.sentence(lead, &detail))
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                Error::NotFound(self.sentence("Microsoft Graph does not know what was asked for.", &detail))
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::FAILED_DEPENDENCY => self.outage(&detail),
            status if status.is_server_error() => self.outage(&detail),
            _ => failure::internal(self.sentence("Microsoft Graph did not accept the request.", &detail)),
        }
    }

    fn outage(&self, detail: &Detail<'_>) -> Error {
        failure::unavailable(
            self.writes,
            self.retry_after,
            self.sentence("Microsoft Graph has a fault at the moment.", detail),
        )
    }

    /// A 401 comes only after the host renewed the token and asked again. With `insufficient_claims`
    /// it is continuous access evaluation, which only a new sign-in satisfies.
    fn unauthorized(&self, detail: &Detail<'_>) -> Error {
        let challenged = self.challenge.is_some_and(|challenge| challenge.contains("insufficient_claims"));
        if challenged {
            failure::needs_reauthorization(
                GrantProblem::ClaimsChallenge,
                self.sentence(
                    "Microsoft wants the connected account to sign in again before it goes on \
                     (continuous access evaluation). Reauthorize.",
                    detail,
                ),
            )
        } else {
            failure::needs_reauthorization(
                GrantProblem::Other,
                self.sentence(
                    "Microsoft no longer accepts the authorization of the connected account. \
                     Reauthorize.",
                    detail,
                ),
            )
        }
    }

    /// `lead`, and what Graph said, for whoever asks Microsoft's support.
    fn sentence(&self, lead: &str, detail: &Detail<'_>) -> String {
        let mut text = [lead, " (", self.status.as_str()].concat();
        for (before, part) in [(" ", detail.code), (": ", detail.message), ("; request ", detail.request)] {
            if !part.is_empty() {
                text.push_str(before);
                let shown = part.chars().filter(|character| !character.is_control());
                text.extend(shown.take(QUOTED));
            }
        }
        text.push(')');
        text
    }
}

/// What Graph calls the lack of a permission, as opposed to that of a policy or a licence.
const NO_PERMISSION: &str = "Authorization_RequestDenied";

/// Whether a refusal is for the lack of a permission.
pub(crate) fn lacks_permission(error: &Error) -> bool {
    matches!(error, Error::Refused(refusal) if refusal.problem == RefusalProblem::Permission)
}

/// What a 403 asks of the administrator. The text only picks the sentence: it is a refusal either way.
fn forbidden(detail: &Detail<'_>) -> (RefusalProblem, &'static str) {
    let Detail { code, message, .. } = *detail;
    // "Allow applications to access online meetings on behalf of a user" (Graph). The code is
    // `Forbidden`, in older answers `Unauthorized` and sometimes `General`.
    if message.contains("application access policy") || message.contains("on behalf of user") {
        (
            RefusalProblem::Policy,
            "Microsoft Teams has no application access policy that covers this. A Teams administrator \
             has to grant one, which takes up to 30 minutes to apply.",
        )
    } else if code == NO_PERMISSION {
        (
            RefusalProblem::Permission,
            "What is connected may not do this. An administrator of the tenant has to grant the \
             permissions that the Teams provider asks for; then reauthorize.",
        )
    } else if message.is_empty() {
        (
            RefusalProblem::Other,
            "Microsoft refused and gave no reason. The organizer may be a guest, or lack a Teams licence \
             or a meeting policy: a Teams administrator can tell.",
        )
    } else {
        (
            RefusalProblem::Other,
            "Microsoft refused. A policy, a right or a licence of the organizer is missing: a Teams \
             administrator can tell.",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str, writes: bool) -> Error {
        Refusal {
            status: StatusCode::from_u16(status).expect("a status"),
            retry_after: Some(7000),
            challenge: None,
            body: &Json::read(body.as_bytes()).unwrap_or(Json::Null),
            writes,
        }
        .error()
    }

    #[test]
    fn a_throttled_request_tells_how_long_to_wait() {
        assert_eq!(of(429, "", true), Error::Throttled(Some(7000)));
    }

    #[test]
    fn only_a_write_may_have_taken_effect() {
        for (writes, status) in [(true, 503), (false, 503), (true, 500), (false, 424)] {
            let Error::Unavailable(outage) = of(status, "<html>", writes) else {
                panic!("an outage");
            };
            assert_eq!(outage.may_have_taken_effect, writes);
            assert_eq!(outage.retry_after, Some(7000));
        }
    }

    #[test]
    fn a_claims_challenge_is_told_from_another_401() {
        let mut refusal = Refusal {
            status: StatusCode::UNAUTHORIZED,
            retry_after: None,
            challenge: Some(r#"Bearer realm="", error="insufficient_claims", claims="e30=""#),
            body: &Json::Null,
            writes: false,
        };
        assert!(matches!(refusal.error(),
            Error::NeedsReauthorization(dead) if dead.problem == GrantProblem::ClaimsChallenge));
        refusal.challenge = None;
        assert!(matches!(refusal.error(),
            Error::NeedsReauthorization(dead) if dead.problem == GrantProblem::Other));
    }

    #[test]
    fn a_403_tells_who_has_to_do_what() {
        for (body, says) in [
            (
                r#"{"error":{"code":"Forbidden","message":"No application access policy found for this app."}}"#,
                "grant one",
            ),
            (
                r#"{"error":{"code":"Authorization_RequestDenied","message":"Insufficient privileges"}}"#,
                "grant the permissions",
            ),
            (r#"{"error":{"code":"","message":""}}"#, "gave no reason"),
            ("", "gave no reason"),
            (r#"{"error":{"message":"x","innererror":{"request-id":"r-1"},"more":[1]}}"#, "request r-1"),
        ] {
            assert!(matches!(of(403, body, true), Error::Refused(it) if it.message.contains(says)), "{body}");
        }
    }

    #[test]
    fn a_400_is_a_broken_rule() {
        assert!(matches!(of(400, "null", true), Error::Internal(_)));
    }
}
