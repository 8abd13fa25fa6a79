//! Sealing under the active key what older ones have sealed, while everybody works.

use std::time::Instant;

use sqlx::Row as _;
use tokio::time::sleep;

use super::seal::Place;
use super::{Integration, KeyRing, Store, StoreError, database, step};

/// Rows sealed anew in one transaction: other writers get their turn in between.
const BATCH: i64 = 100;

/// How often the tables are gone through: a process that has not got the new keys yet writes under an old one
/// behind our back, until it meets a new one.
const PASSES: usize = 3;

/// A table of sealed values, by its statements.
struct Sealed {
    table: &'static str,
    /// The next ones that another key sealed, behind a row, in the order of the primary key: nothing is looked
    /// at twice.
    select: &'static str,
    /// Only what was read is replaced: on PostgreSQL others may write meanwhile. What they write is under their
    /// key, and is met in the next pass if that is an older one.
    update: &'static str,
    left: &'static str,
}

const TABLES: [Sealed; 2] = [
    Sealed {
        table: "plugin_storage",
        select: "SELECT integration, name, key_id, sealed, version FROM plugin_storage \
                 WHERE key_id <> $1 AND (integration, name) > ($2, $3) ORDER BY integration, name LIMIT $4",
        update: "UPDATE plugin_storage SET key_id = $3, sealed = $4 \
                 WHERE integration = $1 AND name = $2 AND version = $5",
        left: "SELECT COUNT(*) FROM plugin_storage WHERE key_id <> $1",
    },
    Sealed {
        table: "credential",
        select: "SELECT integration, name, key_id, sealed, version FROM credential \
                 WHERE key_id <> $1 AND (integration, name) > ($2, $3) ORDER BY integration, name LIMIT $4",
        update: "UPDATE credential SET key_id = $3, sealed = $4 \
                 WHERE integration = $1 AND name = $2 AND version = $5",
        left: "SELECT COUNT(*) FROM credential WHERE key_id <> $1",
    },
];

/// How far [`Store::reseal`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resealed {
    /// Values that were sealed anew.
    pub done: u64,
    /// Values that older keys still seal, as far as is known.
    pub left: u64,
}

/// A row, by its primary key.
#[derive(Default)]
struct Cursor {
    integration: String,
    name: String,
}

impl Store {
    /// Seals under the active key whatever other keys have sealed, tells `progress` after every hundred values,
    /// and answers with how far it got. Versions stay as they are. Afterwards the other keys can be
    /// [retired](Self::retire_key), unless a process that was not given the new keys still writes with one.
    ///
    /// Other processes may work meanwhile, and have half of the time to write. It may be interrupted at any
    /// moment: what is done stays done, and the next one goes on with the rest.
    pub async fn reseal(&self, mut progress: impl FnMut(Resealed)) -> Result<Resealed, StoreError> {
        let mut done = 0;
        for _ in 0..PASSES {
            let found = self.sealed_otherwise().await?;
            if found == 0 {
                break;
            }
            let before = done;
            for table in &TABLES {
                let mut cursor = Cursor::default();
                loop {
                    let (began, behind) = (Instant::now(), &cursor);
                    let (some, last) = self.with_keys(|keys| self.reseal_some(table, behind, keys)).await?;
                    if some == 0 {
                        break;
                    }
                    (done, cursor) = (done + some, last);
                    progress(Resealed { done, left: found.saturating_sub(done - before) });
                    sleep(began.elapsed()).await;
                }
            }
        }
        Ok(Resealed { done, left: self.sealed_otherwise().await? })
    }

    /// How many values other keys than the active one seal.
    async fn sealed_otherwise(&self) -> Result<u64, StoreError> {
        let keys = self.keys.ring();
        let mut found = 0;
        for table in &TABLES {
            let left: i64 = sqlx::query_scalar(table.left).bind(keys.active()).fetch_one(&self.pool).await?;
            found += left.unsigned_abs();
        }
        Ok(found)
    }

    async fn reseal_some(
        &self,
        table: &Sealed,
        behind: &Cursor,
        keys: KeyRing,
    ) -> Result<(u64, Cursor), StoreError> {
        let mut transaction = database::begin(&self.pool, None).await?;
        let rows = sqlx::query(table.select)
            .bind(keys.active())
            .bind(&behind.integration)
            .bind(&behind.name)
            .bind(BATCH)
            .fetch_all(&mut *transaction)
            .await?;
        let (mut done, mut last) = (0, Cursor::default());
        for row in rows {
            let (id, name): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
            let integration: Integration =
                id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            let place = Place::new(table.table, &integration, name);
            let (key_id, sealed) = keys.seal(place, keys.open(place, row.try_get(2)?, row.try_get(3)?)?)?;
            sqlx::query(table.update)
                .bind(id)
                .bind(name)
                .bind(key_id)
                .bind(sealed)
                .bind(row.try_get::<i64, _>(4)?)
                .execute(&mut *transaction)
                .await?;
            done += 1;
            last = Cursor { integration: id.to_owned(), name: name.to_owned() };
        }
        if done > 0 {
            step("store.before-reseal");
            transaction.commit().await?;
            step("store.resealed");
        }
        Ok((done, last))
    }
}
