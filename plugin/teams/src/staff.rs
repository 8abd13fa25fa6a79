//! Whether a meeting could be made for a staff member, without making one.

use http::StatusCode;

use crate::account;
use crate::bindings::provider::{Error, InputProblem, RefusalProblem, User};
use crate::connection;
use crate::failure;
use crate::graph::Request;
use crate::graph::user::{DirectoryUser, STATE};
use crate::host::Host;
use crate::identity::tenant;
use crate::method::Method;

/// Checks the object id of a user, which is also what a path may hold: never a name, with which Graph
/// finds users and no meetings of theirs.
pub(crate) fn object_id<'a>(id: &'a str, field: &str) -> Result<&'a str, Error> {
    if tenant::is_guid(id) {
        return Ok(id);
    }
    let message = "This is not the object id of a Microsoft user. Match the staff member again.";
    Err(failure::invalid_input(field, InputProblem::Malformed, message))
}

/// The answer to `check-user`: two requests, three where the staff member organises.
pub(crate) fn check(host: &dyn Host, user: &User) -> Result<Vec<String>, Error> {
    let id = object_id(&user.id, "user")?;
    let record = connection::require(host)?;
    let path = ["/users/", id].concat();
    let mut warnings = Vec::new();
    let url = record.cloud.resource(&[&path, "?$select=", STATE].concat());
    match Request::get(url, record.credential()).succeed(host) {
        Ok(answer) => in_order(&answer.json()?)?,
        Err(failure) => match failure.status {
            Some(StatusCode::NOT_FOUND) => {
                return refused(RefusalProblem::Other, "The user no longer exists in the tenant.");
            }
            Some(StatusCode::FORBIDDEN) => {
                warnings.push("Microsoft does not tell whether the account is enabled.".to_owned());
            }
            _ => return Err(failure.error),
        },
    }
    match account::licensed(host, record.cloud, &path, record.credential()) {
        Some(true) => {}
        Some(false) => return refused(RefusalProblem::Licence, "The user has no Teams licence."),
        None => warnings.push("Microsoft does not tell whether the user has a Teams licence.".to_owned()),
    }
    if record.method == Method::AccessPolicy {
        account::meetings(host, record.cloud, id, record.credential())?;
    }
    Ok(warnings)
}

fn in_order(user: &crate::json::Json<'_>) -> Result<(), Error> {
    match DirectoryUser::read(user) {
        None => Err(failure::internal("Microsoft Graph did not tell the user's id.")),
        Some(user) if user.is_guest() => refused(RefusalProblem::Other, "The user is a guest of the tenant."),
        Some(user) if user.is_disabled() => refused(RefusalProblem::Other, "The user's account is disabled."),
        Some(_) => Ok(()),
    }
}

fn refused<T>(problem: RefusalProblem, message: &str) -> Result<T, Error> {
    Err(failure::refused(problem, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    const ID: &str = "11111111-2222-3333-4444-555555555555";
    const POLICY: &str = r#","method":"access-policy","cloud":"us-government""#;

    fn asked(more: &str, answers: &[(u16, &str)]) -> (Fake, Result<Vec<String>, Error>) {
        let host = Fake::connected(more);
        for (status, body) in answers {
            host.answer(*status, body);
        }
        let user = User { id: ID.to_owned(), key: "s@c.com".to_owned(), display_name: String::new() };
        let answer = check(&host, &user);
        (host, answer)
    }

    const GOOD: (u16, &str) = (200, r#"{"id":"x","userType":"Member","accountEnabled":true}"#);
    const LICENSED: (u16, &str) = (200, r#"{"hasTeamsLicense":true}"#);

    #[test]
    fn a_user_in_order_can_have_meetings_and_none_is_made() {
        let (host, answer) = asked(POLICY, &[GOOD, LICENSED, (404, "{}")]);
        assert_eq!(answer, Ok(Vec::new()));
        let lines = host.lines();
        assert_eq!(lines.len(), 3);
        assert!(
            lines.iter().all(|line| line.starts_with("Method::Get https://graph.microsoft.us/v1.0/users/"))
        );
        let (host, answer) = asked("", &[GOOD, LICENSED]);
        assert_eq!((answer, host.lines().len()), (Ok(Vec::new()), 2));
    }

    #[test]
    fn a_user_who_cannot_have_meetings_is_refused_with_the_reason() {
        let policy =
            r#"{"error":{"code":"Forbidden","message":"No application access policy found for this app."}}"#;
        for (answers, says) in [
            (&[(404, "{}")][..], "no longer exists"),
            (&[(200, r#"{"id":"x","userType":"Guest"}"#)], "guest"),
            (&[(200, r#"{"id":"x","accountEnabled":false}"#)], "disabled"),
            (&[GOOD, (200, r#"{"hasTeamsLicense":false}"#)], "licence"),
            (&[GOOD, LICENSED, (403, policy)], "30 minutes"),
        ] {
            let (_, answer) = asked(POLICY, answers);
            assert!(matches!(answer, Err(Error::Refused(it)) if it.message.contains(says)), "{says}");
        }
    }

    #[test]
    fn what_microsoft_does_not_tell_is_said_and_stands_in_no_way() {
        let (_, answer) = asked("", &[(403, "{}"), (403, "{}")]);
        assert_eq!(answer.map(|warnings| warnings.len()), Ok(2));
        let (_, answer) = asked("", &[(429, "")]);
        assert_eq!(answer, Err(Error::Throttled(None)));
    }

    #[test]
    fn a_name_is_no_object_id() {
        for id in ["s@c.com", "", "..", "me"] {
            assert!(object_id(id, "user").is_err(), "{id}");
        }
    }
}
