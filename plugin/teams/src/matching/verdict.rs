//! What is known of a key, and what is said about it.

use crate::bindings::provider::{Error, MatchOutcome};
use crate::graph::retry;
use crate::graph::user::DirectoryUser;

/// How many of the users who share an address are named: as many as a host takes in a list.
const AMBIGUOUS: usize = 100;

/// What is known of a key.
pub(crate) enum Known {
    /// Nobody was found, as far as was asked.
    Nobody,
    /// It is the user principal name of this user.
    Name(DirectoryUser),
    /// It is another address of these users.
    Address(Vec<DirectoryUser>),
    /// Graph did not answer.
    Unknown(Error),
}

impl Known {
    /// This user has the key: as its name, or as another address.
    pub(crate) fn add(&mut self, user: &DirectoryUser, by_name: bool) {
        match self {
            Self::Name(_) => {}
            _ if by_name => *self = Self::Name(user.clone()),
            Self::Address(users) => {
                if users.len() < AMBIGUOUS && !users.iter().any(|other| other.id == user.id) {
                    users.push(user.clone());
                }
            }
            // Found by one kind of address, with the other unanswered: there may be a second user.
            Self::Unknown(_) => {}
            Self::Nobody => *self = Self::Address(vec![user.clone()]),
        }
    }

    /// A question about the key was not answered.
    pub(crate) fn doubt(&mut self, error: &Error) {
        if !matches!(self, Self::Name(_)) {
            *self = Self::Unknown(error.clone());
        }
    }

    /// Why nothing is known, if that is so.
    pub(crate) fn reason(&self) -> Option<&Error> {
        match self {
            Self::Unknown(error) => Some(error),
            _ => None,
        }
    }

    /// What the platform is told. A guest or a disabled account is one however it was found:
    /// correcting the staff record would not make it a match. A licence matters once the key is
    /// right.
    pub(crate) fn outcome(&self) -> MatchOutcome {
        match self {
            Self::Nobody => MatchOutcome::NotFound,
            Self::Unknown(error) => MatchOutcome::RetryLater(retry::after(error)),
            Self::Name(user) => state(user).unwrap_or_else(|| {
                if user.is_unlicensed() {
                    MatchOutcome::Unlicensed(user.user())
                } else {
                    MatchOutcome::Matched(user.user())
                }
            }),
            Self::Address(users) => match &users[..] {
                [user] => state(user).unwrap_or_else(|| MatchOutcome::AliasOf(user.user())),
                users => MatchOutcome::Ambiguous(users.iter().map(DirectoryUser::user).collect()),
            },
        }
    }
}

fn state(user: &DirectoryUser) -> Option<MatchOutcome> {
    if user.is_guest() {
        Some(MatchOutcome::Guest(user.user()))
    } else if user.is_disabled() {
        Some(MatchOutcome::Disabled(user.user()))
    } else {
        None
    }
}

/// Whether two errors are of one cause.
pub(crate) fn is_alike(one: &Error, other: &Error) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str, rest: &str) -> DirectoryUser {
        let text = format!(r#"{{"id":"{id}","userPrincipalName":"{id}@c.com"{rest}}}"#);
        let json = crate::json::Json::read(text.as_bytes()).expect("JSON");
        DirectoryUser::read(&json).expect("a user")
    }

    #[test]
    fn a_user_is_a_match_unless_its_account_is_not_in_order() {
        let outcome = |rest| Known::Name(user("a", rest)).outcome();
        assert!(matches!(outcome(""), MatchOutcome::Matched(_)));
        assert!(matches!(outcome(r#","userType":"Guest","accountEnabled":false"#), MatchOutcome::Guest(_)));
        assert!(matches!(
            outcome(r#","accountEnabled":false,"assignedPlans":[]"#),
            MatchOutcome::Disabled(_)
        ));
        assert!(matches!(outcome(r#","assignedPlans":[]"#), MatchOutcome::Unlicensed(_)));
        assert!(matches!(outcome(r#","assignedPlans":null"#), MatchOutcome::Matched(_)));
    }

    #[test]
    fn an_address_is_an_alias_of_one_user_and_ambiguous_with_two() {
        let mut known = Known::Nobody;
        known.add(&user("a", ""), false);
        known.add(&user("a", ""), false);
        assert!(matches!(known.outcome(), MatchOutcome::AliasOf(found) if found.key == "a@c.com"));
        known.add(&user("b", ""), false);
        assert!(matches!(known.outcome(), MatchOutcome::Ambiguous(users) if users.len() == 2));
    }

    #[test]
    fn what_was_not_answered_is_unknown_and_never_not_found() {
        let mut known = Known::Nobody;
        known.doubt(&Error::Throttled(Some(7)));
        assert_eq!(known.outcome(), MatchOutcome::RetryLater(7));
        known.doubt(&Error::Throttled(None));
        known.add(&user("a", ""), false);
        assert_eq!(known.outcome(), MatchOutcome::RetryLater(retry::UNNAMED));
        known.add(&user("a", ""), true);
        known.doubt(&Error::Throttled(None));
        assert!(matches!(known.outcome(), MatchOutcome::Matched(_)));
    }
}
