//! Grants that a token endpoint called dead, and for how long that is believed.

use serde::{Deserialize, Serialize};

use super::{CredentialFailure, OAuthError};

/// Refusals that say that the grant is dead, not that the operator or the network is at fault.
const DEAD: [&str; 4] = ["invalid_grant", "interaction_required", "consent_required", "login_required"];

/// For how long a refusal is told again without asking: a Conditional Access policy (AADSTS53003) may be
/// lifted, an account (50057) enabled, a consent (65001) given again, and then the refresh token works as
/// before. Long enough that a dead integration costs four token requests an hour, however much it is used
/// (AADSTS50196, "client loop detected", comes from many), and short enough that nobody waits for long.
const BELIEVED_MS: i64 = 15 * 60 * 1_000;

/// The same for refusals that mean this very refresh token, which only a new sign-in replaces. They are
/// asked about once a day all the same: no refusal is believed for good.
const LASTING_MS: i64 = 24 * 60 * 60 * 1_000;

/// Codes of refusals that mean this very refresh token: it was revoked (50173), or expired of inactivity
/// (700082, 70008), after the day of a single-page application (700084), or is none (70000). 70043, expired
/// by a sign-in frequency, is not among them: that policy may be lifted.
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
const LASTING: [u32; 5] = [50_173, 700_082, 70_008, 700_084, 70_000];

/// The refusal by which a grant was found to be dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Death {
    pub(super) refusal: OAuthError,
    /// When the request that was refused was sent, in milliseconds since 1970 by this machine's clock.
    pub(super) asked_at: i64,
}

/// Whether a refusal says that the grant is dead. All others may end by themselves or by the operator's
/// doing, and are never kept.
pub(super) fn is_final(refusal: &OAuthError) -> bool {
    DEAD.contains(&refusal.error.as_str())
}

impl Death {
    /// Whether it is to be told without asking again. What was asked in the future was asked before the
    /// clock was put back, and nobody knows how long ago.
    pub(super) fn is_believed(&self, now: i64) -> bool {
        let lasting = self.refusal.codes.iter().any(|code| LASTING.contains(code));
        let believed = if lasting { LASTING_MS } else { BELIEVED_MS };
        (0..believed).contains(&now.saturating_sub(self.asked_at))
    }

    /// The refusal, once more.
    pub(super) fn told(&self) -> CredentialFailure {
        CredentialFailure::Refused(self.refusal.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn death(code: u32) -> Death {
        let refusal = OAuthError {
            status: 400,
            error: "invalid_grant".to_owned(),
            suberror: None,
            description: String::new(),
            codes: vec![code],
        };
        Death { refusal, asked_at: 1_000_000 }
    }

    #[test]
    fn a_refusal_is_believed_for_a_quarter_of_an_hour() {
        let blocked = death(53_003);
        assert!(blocked.is_believed(1_000_000) && blocked.is_believed(1_899_999));
        assert!(!blocked.is_believed(1_900_000));
    }

    #[test]
    fn a_refusal_of_this_very_refresh_token_is_believed_for_a_day() {
        for code in LASTING {
            assert!(death(code).is_believed(1_000_000 + 86_399_999));
            assert!(!death(code).is_believed(1_000_000 + 86_400_000));
        }
    }

    #[test]
    fn a_clock_that_was_put_back_makes_no_refusal_younger() {
        assert!(!death(50_173).is_believed(999_999));
    }
}
