//! What a request is, in the words of faults and journal.

use serde::{Deserialize, Serialize};

/// One kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operation {
    /// `GET /{tenant}/oauth2/v2.0/authorize`.
    Authorize,
    /// The sign-in form, posted.
    SignIn,
    /// The consent form, posted.
    Consent,
    /// `GET /{tenant}/v2.0/adminconsent`.
    AdminConsent,
    /// `POST /{tenant}/oauth2/v2.0/token`.
    Token,
    /// The `OpenID` configuration, the signing keys and the instance discovery.
    Discovery,
    /// `GET /me`.
    Me,
    /// `GET /users/{id or UPN}`.
    GetUser,
    /// `GET /users`, `/users/$count` and `/users/delta`.
    ListUsers,
    /// `POST /$batch` as a whole.
    Batch,
    /// One request inside a batch, whatever it asks for.
    BatchItem,
    /// `POST …/onlineMeetings` and `…/createOrGet`.
    CreateMeeting,
    /// `GET …/onlineMeetings/{id}`.
    GetMeeting,
    /// `GET …/onlineMeetings?$filter=…`.
    ListMeetings,
    /// `PATCH …/onlineMeetings/{id}`.
    UpdateMeeting,
    /// `DELETE …/onlineMeetings/{id}`.
    DeleteMeeting,
    /// `licenseDetails`, `getTeamsLicensingDetails` and `subscribedSkus`.
    Licence,
    /// Anything else the stand-in was asked for.
    Other,
    /// In a fault or a count: every operation except [`Operation::BatchItem`]. No request is
    /// recorded as this.
    Any,
}

impl Operation {
    /// Whether a fault or a count for `self` takes in a request that is `other`.
    pub(crate) fn covers(self, other: Self) -> bool {
        self == other || (self == Self::Any && other != Self::BatchItem)
    }
}
