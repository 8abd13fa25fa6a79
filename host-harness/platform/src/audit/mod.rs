//! Who did what, to what, when, and how it ended.
//!
//! The row is written, and lasts, before anything happens; its outcome after. So what was done is in the log
//! even if the process ended in between: then its outcome stays [`AuditOutcome::Begun`], and what became of
//! it shows at its subject. Rows hold no token, no secret and no session.

mod action;
pub(crate) mod store;

pub use action::Action;
pub(crate) use action::Reach;

use crate::acting::Actor;
use crate::database::DatabaseError;
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::word::{self, Word, words};

/// The most rows of a page of the log.
const LARGEST_PAGE: u32 = 500;

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOutcome {
    /// It is under way, or its process ended before it could say how it went.
    Begun,
    /// It was done.
    Done,
    /// It was allowed, and did not work.
    Failed,
    /// It was not allowed.
    Refused,
}

words!(AuditOutcome { Begun = "begun", Done = "done", Failed = "failed", Refused = "refused" });

impl AuditOutcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Begun, Self::Done, Self::Failed, Self::Refused];

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }

    /// Its word in the log.
    pub fn word(self) -> &'static str {
        Word::word(self)
    }

    /// The outcome of a word.
    pub fn parse(word: &str) -> Option<Self> {
        word::parse(word)
    }
}

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place: the later, the higher.
    pub id: i64,
    /// When it began, in milliseconds since 1970.
    pub at: i64,
    /// Who, as they were called and what they were then.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// To what: an id, for the most.
    pub subject: Option<String>,
    /// How it was, where something is changed.
    pub from: Option<String>,
    /// How it was to be, or what became of it.
    pub to: Option<String>,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// Why it failed or was refused, as a sentence.
    pub message: Option<String>,
}

/// Which rows of the log; all of these have to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The id of the staff member who did it.
    pub actor: Option<String>,
    /// What was done.
    pub action: Option<Action>,
    /// To what.
    pub subject: Option<String>,
    /// How it ended.
    pub outcome: Option<AuditOutcome>,
    /// Not before this, in milliseconds since 1970.
    pub from: Option<i64>,
    /// Before this, in milliseconds since 1970.
    pub until: Option<i64>,
}

/// A page of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// Its rows, the newest first.
    pub entries: Vec<AuditEntry>,
    /// What to hand in for the next page; none if this is the last one.
    pub next: Option<i64>,
}

impl<V: VideoProviders> Platform<V> {
    /// The log, the newest rows first: at most `limit`, which is 1 to 500, of those before the row `before`,
    /// or none for the first page.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<AuditPage, DatabaseError> {
        let limit = limit.clamp(1, LARGEST_PAGE);
        let mut entries = store::page(&mut *self.connection().await?, filter, before, limit + 1).await?;
        let more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        Ok(AuditPage { next: entries.last().filter(|_| more).map(|last| last.id), entries })
    }
}
