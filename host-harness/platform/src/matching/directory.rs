//! Reading the provider's directory page by page, and finding the staff in it.

use std::collections::HashMap;
use std::time::Duration;

use sqlx::{QueryBuilder, Row as _};
use video_host::CallError;
use video_host::provider::{DirectoryEntry, DirectoryPage, Error, MatchOutcome, Standing, User};

use super::apply::{Applied, For, apply};
use super::ask::Asked;
use super::job::{JobRow, Way};
use super::plan::{PAGE, by_keys};
use super::queue::{self, List};
use super::store::Answer;
use super::work::Work;
use super::{Candidate, MatchError, job_store, reason, settle, wanted};
use crate::database::{self, BuildFor as _, Kind, ROWS_AT_ONCE};
use crate::patience::{BACK_OFF, PATIENCE, SILENT_ROUNDS, named_wait, passes};
use crate::provider::{VideoProvider as _, VideoProviders};
use crate::staff::comparable;
use crate::staff::store::one_of;

impl<V: VideoProviders> Work<'_, V> {
    /// Reads the directory to its end; the staff who are not in it are not found. If it cannot be read
    /// now, the job goes on by asking for keys. False if there is nothing more to be done here.
    pub(super) async fn directory(&mut self, job: &mut JobRow) -> Result<bool, MatchError> {
        let mut silent = 0;
        while !job.page_end {
            if self.stops() {
                return Ok(false);
            }
            match self.provider.list_users(job.page.as_deref()).await {
                Ok(page) => {
                    silent = 0;
                    if job.page.is_none() && !self.worth_reading_on(job, &page).await? {
                        return if self.keep(job, Vec::new(), 1).await? {
                            self.by_keys(job).await
                        } else {
                            Ok(false)
                        };
                    }
                    if !self.read(job, &page).await? {
                        return Ok(false);
                    }
                    let mut connection = self.platform.connection().await?;
                    job_store::turn_page(&mut connection, &job.id, page.next.as_deref()).await?;
                    (job.page, job.page_end) = (page.next.clone(), page.next.is_none());
                }
                Err(error) if passes(&error) => {
                    silent += 1;
                    let wait = named_wait(&error).map_or(BACK_OFF * 2_u32.pow(silent), Duration::from_millis);
                    if silent == SILENT_ROUNDS || wait > PATIENCE {
                        return self.by_keys(job).await;
                    }
                    if !self.rest(Some(&job.id), wait).await? {
                        return Ok(false);
                    }
                }
                // A cursor that is too old, or a right that is missing for lists alone.
                Err(CallError::Provider(Error::Refused(_) | Error::Internal(_) | Error::InvalidInput(_))) => {
                    return self.by_keys(job).await;
                }
                Err(error) => {
                    let list = self.list_of(job);
                    return Err(self.stopped(&list, error).await?);
                }
            }
        }
        self.rest_is_not_found(job).await
    }

    /// Whether the directory is still the cheaper way once its first page has shown how much is on one. A
    /// provider may give fewer users than the plan counts with; then its size is asked for again.
    async fn worth_reading_on(&mut self, job: &JobRow, first: &DirectoryPage) -> Result<bool, MatchError> {
        let on_a_page = first.entries.len() as u64;
        if first.next.is_none() || on_a_page >= PAGE {
            return Ok(true);
        }
        let size = self.provider.directory_size().await;
        self.keep(job, Vec::new(), 1).await?;
        // Who does not tell is read on: the plan had it as the cheaper way, and what stands in the way of this
        // call stands in the way of the next page.
        let Ok(Some(users)) = size else { return Ok(true) };
        let staff = u64::try_from(job.total).unwrap_or(0);
        Ok(users.div_ceil(on_a_page.max(1)) < by_keys(staff, self.provider.description()))
    }

    fn list_of(&self, job: &JobRow) -> List {
        let (integration, field) = (job.integration.clone(), self.integration.match_field);
        List { integration, field, job: Some(job.id.clone()) }
    }

    async fn by_keys(&mut self, job: &mut JobRow) -> Result<bool, MatchError> {
        job_store::by_keys(&mut *self.platform.connection().await?, &job.id).await?;
        job.way = Way::Keys;
        Ok(true)
    }

    /// Finds staff in a page, by their keys and by other addresses of its users.
    async fn read(&mut self, job: &JobRow, page: &DirectoryPage) -> Result<bool, MatchError> {
        let mut by_key = HashMap::new();
        let mut by_address = HashMap::<String, Vec<&DirectoryEntry>>::new();
        for entry in &page.entries {
            by_key.insert(comparable(&entry.user.key), entry);
            for address in &entry.other_keys {
                by_address.entry(comparable(address)).or_default().push(entry);
            }
        }
        by_key.remove("");
        let keys: Vec<&str> = by_key.keys().chain(by_address.keys()).map(String::as_str).collect();
        for keys in keys.chunks(ROWS_AT_ONCE) {
            let mut query = QueryBuilder::<Kind>::new("SELECT s.* FROM staff AS s WHERE s.");
            query.push(self.integration.match_field.key_column()).push(" IN ");
            one_of(&mut query, keys);
            let mut connection = self.platform.connection().await?;
            let staff = queue::candidates(query, &mut connection, self.integration.match_field).await?;
            let sorted = settle::sort(&mut connection, self.integration, staff).await?;
            let known = known(&mut connection, job, &sorted.to_ask).await?;
            drop(connection);
            let mut answers = sorted.settled;
            for candidate in sorted.to_ask {
                let key = candidate.comparable();
                let before = known.get(&candidate.staff);
                let outcome = match (by_key.get(&key), by_address.get(&key)) {
                    (Some(entry), _) => by_name(entry),
                    // Who has the key as theirs is preferred to who has it as an address.
                    (None, _) if before.is_some_and(|user| comparable(&user.key) == key) => continue,
                    (None, Some(entries)) => by_other(entries, before),
                    (None, None) => continue,
                };
                let (description, field) = (self.provider.description(), self.integration.match_field);
                if let Ok(answer) = reason::of_outcome(outcome, description, field) {
                    answers.push((candidate, answer));
                }
            }
            if !self.keep(job, answers, 0).await? {
                return Ok(false);
            }
        }
        self.keep(job, Vec::new(), 1).await
    }

    /// Everybody about whom nothing was found has no user, no key, or shares it. Left out is who came or changed
    /// since the job began: their user may be on a page that was read before. They are asked for by themselves.
    async fn rest_is_not_found(&mut self, job: &JobRow) -> Result<bool, MatchError> {
        let field = self.integration.match_field;
        let mut after = String::new();
        loop {
            let mut query = QueryBuilder::<Kind>::new("SELECT s.* FROM staff AS s WHERE s.id > ");
            query.push_bind(after.clone()).push(" AND NOT EXISTS (SELECT 1 ");
            query.push("FROM staff_match AS m WHERE m.staff = s.id AND m.integration = ");
            query.push_bind(job.integration.as_str().to_owned()).push(" AND m.matched_at >= ");
            query.push_bind(job.started_at).push(" AND m.match_key = s.").push(field.key_column());
            query.push(") AND NOT EXISTS (SELECT 1 FROM match_wanted WHERE staff = s.id AND integration = ");
            query.push_bind(job.integration.as_str().to_owned()).push(" AND ");
            wanted::push_newer(&mut query, job.started_at);
            query.push(") ORDER BY s.id LIMIT ");
            query.push_bind(i64::try_from(ROWS_AT_ONCE).unwrap_or(i64::MAX));
            let mut connection = self.platform.connection().await?;
            let left = queue::candidates(query, &mut connection, field).await?;
            let Some(last) = left.last() else { return Ok(true) };
            after.clone_from(&last.staff);
            let sorted = settle::sort(&mut connection, self.integration, left).await?;
            drop(connection);
            let mut answers = sorted.settled;
            for candidate in sorted.to_ask {
                let outcome = MatchOutcome::NotFound;
                if let Ok(answer) = reason::of_outcome(outcome, self.provider.description(), field) {
                    answers.push((candidate, answer));
                }
            }
            if !self.keep(job, answers, 0).await? {
                return Ok(false);
            }
        }
    }

    async fn keep(
        &mut self,
        job: &JobRow,
        answers: Vec<(Candidate, Answer)>,
        calls: usize,
    ) -> Result<bool, MatchError> {
        let whom = For {
            integration: self.integration,
            turn: Some(self.turn),
            job: Some(&job.id),
            reading_since: Some(job.started_at),
        };
        let mut answers = answers;
        loop {
            let rest = answers.split_off(answers.len().min(ROWS_AT_ONCE));
            let asked = Asked { answers, ..Asked::default() };
            if apply(self.platform, whom, &asked, calls, |_| 0).await? != Applied::Stored {
                return Ok(false);
            }
            if rest.is_empty() {
                break;
            }
            answers = rest;
        }
        self.tell(&job.id, None).await?;
        Ok(true)
    }
}

/// The users that were found for these staff since the job began.
async fn known(
    connection: &mut database::Connection,
    job: &JobRow,
    staff: &[Candidate],
) -> Result<HashMap<String, User>, database::DatabaseError> {
    if staff.is_empty() {
        return Ok(HashMap::new());
    }
    let mut query = QueryBuilder::<Kind>::new(
        "SELECT staff, user_id, user_key, user_name FROM staff_match WHERE integration = ",
    );
    query.push_bind(job.integration.as_str().to_owned()).push(" AND matched_at >= ");
    query.push_bind(job.started_at).push(" AND staff IN ");
    one_of(&mut query, &staff.iter().map(|candidate| candidate.staff.as_str()).collect::<Vec<_>>());
    let rows = query.build_for(connection).persistent(false).fetch_all(connection).await?;
    let mut known = HashMap::new();
    for row in &rows {
        // Left to this side: SQLite would go through all matches that have a user.
        let Some(id) = row.try_get(1)? else { continue };
        let user = User { id, key: row.try_get(2)?, display_name: row.try_get(3)? };
        known.insert(row.try_get(0)?, user);
    }
    Ok(known)
}

fn by_name(entry: &DirectoryEntry) -> MatchOutcome {
    let user = entry.user.clone();
    match entry.standing {
        Standing::Usable => MatchOutcome::Matched(user),
        Standing::Guest => MatchOutcome::Guest(user),
        Standing::Disabled => MatchOutcome::Disabled(user),
        Standing::Unlicensed => MatchOutcome::Unlicensed(user),
    }
}

/// `before` is who was found by the same address on an earlier page.
fn by_other(entries: &[&DirectoryEntry], before: Option<&User>) -> MatchOutcome {
    let mut users: Vec<User> = before.into_iter().cloned().collect();
    for entry in entries {
        if users.iter().all(|user| user.id != entry.user.id) {
            users.push(entry.user.clone());
        }
    }
    match entries.first() {
        Some(entry) if users.len() == 1 => match entry.standing {
            Standing::Guest => MatchOutcome::Guest(entry.user.clone()),
            Standing::Disabled => MatchOutcome::Disabled(entry.user.clone()),
            Standing::Usable | Standing::Unlicensed => MatchOutcome::AliasOf(entry.user.clone()),
        },
        _ => MatchOutcome::Ambiguous(users),
    }
}
