//! Which resource a Graph path names.

use http::Method;

use crate::operation::Operation;
use crate::wire::decoded;

/// `/me` or `/users/{id or UPN}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Me,
    User(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Me,
    User(String),
    Users,
    UserCount,
    UserDelta,
    Batch,
    LicenceDetails(Who),
    TeamsLicence(Who),
    Skus,
    Meetings(Who),
    CreateOrGet(Who),
    Meeting(Who, String),
    Unknown,
}

impl Resource {
    /// `path` is what follows `/v1.0`, as received; empty segments are skipped, because
    /// msgraph-sdk sends `/v1.0//me`.
    pub(crate) fn of(path: &str) -> Self {
        let segments: Vec<String> =
            path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["$batch"] => Self::Batch,
            ["subscribedSkus"] => Self::Skus,
            ["users"] => Self::Users,
            ["users", "$count"] => Self::UserCount,
            ["users", "delta" | "delta()" | "microsoft.graph.delta()"] => Self::UserDelta,
            ["me", rest @ ..] => Self::below(Who::Me, rest),
            ["users", key, rest @ ..] => Self::below(Who::User((*key).to_owned()), rest),
            [first, rest @ ..] => match keyed(first, "users") {
                Some(key) => Self::below(Who::User(key), rest),
                None => Self::Unknown,
            },
            [] => Self::Unknown,
        }
    }

    fn below(who: Who, rest: &[&str]) -> Self {
        match rest {
            [] => match who {
                Who::Me => Self::Me,
                Who::User(key) => Self::User(key),
            },
            ["licenseDetails"] => Self::LicenceDetails(who),
            ["licenseDetails", "getTeamsLicensingDetails" | "getTeamsLicensingDetails()"] => {
                Self::TeamsLicence(who)
            }
            ["onlineMeetings"] => Self::Meetings(who),
            ["onlineMeetings", "createOrGet" | "microsoft.graph.createOrGet"] => Self::CreateOrGet(who),
            ["onlineMeetings", id] => Self::Meeting(who, (*id).to_owned()),
            [last] => match keyed(last, "onlineMeetings") {
                Some(id) => Self::Meeting(who, id),
                None => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }

    pub(crate) fn operation(&self, method: &Method) -> Operation {
        match self {
            Self::Me => Operation::Me,
            Self::User(_) => Operation::GetUser,
            Self::Users | Self::UserCount | Self::UserDelta => Operation::ListUsers,
            Self::Batch => Operation::Batch,
            Self::LicenceDetails(_) | Self::TeamsLicence(_) | Self::Skus => Operation::Licence,
            Self::CreateOrGet(_) => Operation::CreateMeeting,
            Self::Meetings(_) if method == Method::POST => Operation::CreateMeeting,
            Self::Meetings(_) => Operation::ListMeetings,
            Self::Meeting(..) => match method.as_str() {
                "PATCH" => Operation::UpdateMeeting,
                "DELETE" => Operation::DeleteMeeting,
                _ => Operation::GetMeeting,
            },
            Self::Unknown => Operation::Other,
        }
    }
}

/// `name('key')`, with doubled quotes inside.
fn keyed(segment: &str, name: &str) -> Option<String> {
    let key = segment.strip_prefix(name)?.strip_prefix("('")?.strip_suffix("')")?;
    Some(key.replace("''", "'"))
}
