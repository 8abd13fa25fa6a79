//! What the service account is asked to allow.

use crate::cloud::{Cloud, GLOBAL};

/// Sees who it is.
const USER_READ: &str = "User.Read";
/// Makes, moves and cancels its meetings.
const MEETINGS: &str = "OnlineMeetings.ReadWrite";
/// Makes, moves and cancels meetings of everybody, for the application alone.
pub(crate) const MEETINGS_OF_ALL: &str = "OnlineMeetings.ReadWrite.All";
/// Finds staff.
pub(crate) const USERS: &str = "User.ReadBasic.All";

/// The scopes of the authorization request and of the redemption. Names without a resource are those
/// of the worldwide Graph; another cloud's stand with it.
pub(crate) fn asked(cloud: &Cloud) -> String {
    let mut scopes = "openid profile offline_access".to_owned();
    for name in [USER_READ, USERS, MEETINGS] {
        scopes.push(' ');
        if *cloud != GLOBAL {
            scopes.push_str(cloud.graph);
            scopes.push('/');
        }
        scopes.push_str(name);
    }
    scopes
}

/// The scopes granted. An endpoint that does not tell granted what was asked for (RFC 6749, 5.1).
pub(crate) fn granted(answered: Option<&str>) -> Vec<String> {
    match answered.filter(|scope| !scope.trim().is_empty()) {
        Some(scopes) => scopes.split_whitespace().map(str::to_owned).collect(),
        None => [USER_READ, USERS, MEETINGS].map(str::to_owned).to_vec(),
    }
}

/// The scope without which nothing works, if it was not granted.
pub(crate) fn missing(granted: &[String]) -> Option<&'static str> {
    [USER_READ, MEETINGS].into_iter().find(|needed| !holds(granted, needed))
}

/// Whether staff can be found.
pub(crate) fn finds_users(granted: &[String]) -> bool {
    holds(granted, USERS) || holds(granted, "User.Read.All") || holds(granted, "User.ReadWrite.All")
}

/// A granted scope may stand with its resource: `https://graph.microsoft.com/User.Read`.
fn holds(granted: &[String], needed: &str) -> bool {
    granted.iter().any(|scope| {
        let name = scope.rsplit('/').next().unwrap_or(scope);
        name.eq_ignore_ascii_case(needed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_endpoint_does_not_tell_was_granted_as_asked() {
        assert_eq!(missing(&granted(None)), None);
        assert!(finds_users(&granted(Some(" "))));
    }

    #[test]
    fn a_national_cloud_is_asked_for_scopes_of_its_own_graph() {
        assert!(asked(&GLOBAL).ends_with(" User.Read User.ReadBasic.All OnlineMeetings.ReadWrite"));
        let scopes = asked(&crate::cloud::NATIONAL[1]);
        assert!(scopes.ends_with(" https://dod-graph.microsoft.us/OnlineMeetings.ReadWrite"));
        assert_eq!(missing(&granted(Some(&scopes))), None);
    }

    #[test]
    fn a_scope_counts_with_its_resource_and_without() {
        let scopes = granted(Some("https://graph.microsoft.com/user.read OnlineMeetings.ReadWrite"));
        assert_eq!(missing(&scopes), None);
        assert!(!finds_users(&scopes));
        assert_eq!(missing(&granted(Some("User.Read"))), Some(MEETINGS));
    }
}
