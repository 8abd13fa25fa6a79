//! What the service account is asked to allow.

/// Sees who it is.
const USER_READ: &str = "User.Read";
/// Makes, moves and cancels its meetings.
const MEETINGS: &str = "OnlineMeetings.ReadWrite";
/// Finds staff.
const USERS: &str = "User.ReadBasic.All";

/// The scopes of the authorization request and of the redemption. Names without a resource are
/// those of Graph.
pub(crate) const ASKED: &str =
    "openid profile offline_access User.Read User.ReadBasic.All OnlineMeetings.ReadWrite";

/// The scopes granted. An endpoint that does not tell granted what was asked for (RFC 6749, 5.1).
pub(crate) fn granted(answered: Option<&str>) -> Vec<String> {
    let names = answered.filter(|scope| !scope.trim().is_empty()).unwrap_or(ASKED);
    names.split_whitespace().map(str::to_owned).collect()
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
    fn a_scope_counts_with_its_resource_and_without() {
        let scopes = granted(Some("https://graph.microsoft.com/user.read OnlineMeetings.ReadWrite"));
        assert_eq!(missing(&scopes), None);
        assert!(!finds_users(&scopes));
        assert_eq!(missing(&granted(Some("User.Read"))), Some(MEETINGS));
    }
}
