//! Who works here, as the platform knows them.

mod import;
pub(crate) mod store;

use std::io::Read;

pub use import::{ImportError, ImportReport, RejectedRow, RowProblem, StaffError};

use crate::dashboard::tally::{self, Touched};
use crate::database::{self, Connection, DatabaseError};
use crate::integration::MatchField;
use crate::matching::wanted;
use crate::platform::Platform;
use crate::provider::VideoProviders;
use crate::search;
use crate::word::{self, Word, words};
use store::Stored;

/// What a staff member may do on the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Role {
    /// Has appointments.
    #[default]
    Staff,
    /// Books, moves and cancels the appointments of everybody, too.
    Scheduler,
    /// Connects integrations and decides who has video, too.
    Administrator,
}

words!(Role { Staff = "staff", Scheduler = "scheduler", Administrator = "administrator" });

impl Role {
    /// All of them, from the one that may do the least.
    pub const ALL: [Self; 3] = [Self::Staff, Self::Scheduler, Self::Administrator];

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Staff => "staff member",
            Self::Scheduler => "scheduler",
            Self::Administrator => "administrator",
        }
    }

    /// Its word in files and forms.
    pub fn word(self) -> &'static str {
        Word::word(self)
    }

    /// The role of a word.
    pub fn parse(word: &str) -> Option<Self> {
        word::parse(word)
    }
}

/// A staff record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// The platform's id, never empty.
    pub id: String,
    /// For people, at most 256 characters; empty if it is not known.
    pub name: String,
    /// E-mail address; empty if there is none.
    pub email: String,
    /// Name to sign in with; empty if there is none.
    pub user_name: String,
    /// What they may do.
    pub role: Role,
}

impl StaffMember {
    /// The name for people: the id stands in where there is no name.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { &self.id } else { &self.name }
    }
}

/// A key as it is compared: neither case nor white space around it tells two addresses or sign-in
/// names apart.
pub(crate) fn comparable(key: &str) -> String {
    key.trim().to_lowercase()
}

impl<V: VideoProviders> Platform<V> {
    /// Adds the staff of a CSV file and updates those whose ids are known. Nobody is removed.
    ///
    /// The first line names the columns `id`, `name`, `email`, `user_name`, in any order, and
    /// optionally `role` (`staff`, `scheduler` or `administrator`; without it, new staff are `staff` and the others
    /// keep theirs). UTF-8, with or without a byte order mark. A row that cannot be used is named in
    /// the report with its line, and the others go in all the same.
    ///
    /// A file that cannot be read to its end imports nobody. What is read is written some rows at a time, and
    /// rows that are stored as they are given are not: bookings go on meanwhile. If the database fails midway,
    /// the rows up to there are saved, and importing the file again does the rest.
    ///
    /// Who is new or has another e-mail or user name is [matched by itself](Platform::run_jobs).
    ///
    /// Reads to the end, on the calling thread.
    pub async fn import_staff(&self, reader: impl Read) -> Result<ImportReport, ImportError> {
        let parsed = import::parse(reader)?;
        let (total, mut added) = (parsed.rows.len(), 0);
        let mut left = parsed.rows.into_iter();
        loop {
            let rows: Vec<_> = left.by_ref().take(database::ROWS_AT_ONCE).collect();
            if rows.is_empty() {
                break;
            }
            added += self.import_some(rows, parsed.has_roles).await?;
        }
        Ok(ImportReport { added, updated: total - added, rejected: parsed.rejected })
    }

    /// Writes those of at most [`ROWS_AT_ONCE`](database::ROWS_AT_ONCE) rows that are not stored as they are
    /// given. Tells how many are new.
    async fn import_some(
        &self,
        mut rows: Vec<StaffMember>,
        with_roles: bool,
    ) -> Result<usize, DatabaseError> {
        // Before the turn is taken: most rows of most files are as they were, and nobody has to wait for those.
        let stored = store::stored(&mut *self.connection().await?, &rows, with_roles).await?;
        rows.retain(|row| stored.get(&row.id) != Some(&Stored::AsGiven));
        if rows.is_empty() {
            return Ok(0);
        }
        let mut transaction = database::begin(self.pool()).await?;
        // Once more: hosts that start together import the same file.
        let stored = store::stored(&mut transaction, &rows, with_roles).await?;
        rows.retain(|row| stored.get(&row.id) != Some(&Stored::AsGiven));
        if rows.is_empty() {
            return Ok(0);
        }
        let added = rows.iter().filter(|row| !stored.contains_key(&row.id)).count();
        self.put(&mut transaction, &rows, with_roles).await?;
        database::commit(transaction, "staff.imported").await?;
        self.jobs().wake();
        Ok(added)
    }

    /// Adds a staff member, or puts another record in the place of the one with the same id. Who is
    /// new or has another e-mail or user name is [matched by itself](Platform::run_jobs).
    pub async fn put_staff(&self, member: StaffMember) -> Result<(), StaffError> {
        import::check(&member)?;
        let mut transaction = database::begin(self.pool()).await?;
        self.put(&mut transaction, &[member], true).await?;
        database::commit(transaction, "staff.put").await?;
        self.jobs().wake();
        Ok(())
    }

    async fn put(
        &self,
        connection: &mut Connection,
        rows: &[StaffMember],
        with_roles: bool,
    ) -> Result<(), DatabaseError> {
        let mut changed = Vec::new();
        for field in MatchField::ALL {
            changed.push((field, store::changed(connection, rows, field).await?));
        }
        let ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
        let before = tally::of(connection, Touched::Staff(&ids)).await?;
        store::upsert(connection, rows, with_roles).await?;
        tally::settle(connection, Touched::Staff(&ids), before).await?;
        search::index(connection, rows).await?;
        for (field, staff) in changed {
            wanted::changed(connection, field, &staff, self.now()).await?;
        }
        Ok(())
    }

    /// One staff record, if there is one of this id.
    pub async fn staff_member(&self, id: &str) -> Result<Option<StaffMember>, DatabaseError> {
        store::load(&mut *self.connection().await?, id).await
    }

    /// Staff records in the order of their ids: at most `limit` of those behind `after`, which is the
    /// last id of the page before, or none for the first page.
    pub async fn staff(&self, after: Option<&str>, limit: u32) -> Result<Vec<StaffMember>, DatabaseError> {
        store::page(&mut *self.connection().await?, after.unwrap_or_default(), limit).await
    }

    /// How many staff there are.
    pub async fn staff_count(&self) -> Result<usize, DatabaseError> {
        store::count(&mut *self.connection().await?).await
    }
}
