//! Enums as words in a column: readable in the database, and stable when variants are renamed.

use sqlx::Row as _;
use video_host::provider::{GrantProblem, MisconfigurationProblem, RefusalProblem};

use crate::database::Row;

/// An enum of which each variant has a word.
pub(crate) trait Word: Copy + 'static {
    /// All variants with their words.
    const WORDS: &'static [(Self, &'static str)];

    /// The variant's word.
    fn word(self) -> &'static str;
}

/// Gives each variant its word.
macro_rules! words {
    ($type:ty { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $crate::word::Word for $type {
            const WORDS: &'static [(Self, &'static str)] = &[$((Self::$variant, $word)),+];

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}
pub(crate) use words;

/// The variant that a word stands for.
pub(crate) fn parse<W: Word>(word: &str) -> Option<W> {
    W::WORDS.iter().find(|(_, known)| *known == word).map(|(variant, _)| *variant)
}

/// Reads a column of words. A word that is none means that a newer version wrote it.
pub(crate) fn read<W: Word>(row: &Row, column: &'static str) -> Result<W, sqlx::Error> {
    let word: String = row.try_get(column)?;
    parse(&word).ok_or_else(|| unknown(column, &word))
}

/// The error of a column that holds what no version up to this one writes.
pub(crate) fn unknown(column: &'static str, word: &str) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: format!("`{word}` is not known").into() }
}

words!(GrantProblem {
    Revoked = "revoked",
    Expired = "expired",
    PasswordChanged = "password_changed",
    MultiFactorRequired = "multi_factor_required",
    BlockedByPolicy = "blocked_by_policy",
    ConsentWithdrawn = "consent_withdrawn",
    AccountDisabled = "account_disabled",
    ClaimsChallenge = "claims_challenge",
    Other = "other",
});

words!(MisconfigurationProblem {
    ClientAuthentication = "client_authentication",
    ClientAuthenticationExpired = "client_authentication_expired",
    UnknownClient = "unknown_client",
    RedirectUri = "redirect_uri",
    Host = "host",
    Other = "other",
});

words!(RefusalProblem {
    Policy = "policy",
    Licence = "licence",
    Permission = "permission",
    Other = "other",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back_as_what_was_written() {
        for (problem, word) in GrantProblem::WORDS {
            assert_eq!(problem.word(), *word);
            assert!(parse::<GrantProblem>(word) == Some(*problem));
        }
        assert!(parse::<GrantProblem>("no such word").is_none());
    }
}
