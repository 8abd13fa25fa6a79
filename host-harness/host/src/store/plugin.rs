//! Plugins' storage: the contract's `storage` interface, to the letter (`wit/storage.wit`).

use sqlx::{AnyConnection, Row as _};

use super::seal::Place;
use super::{Integration, KeyRing, Store, StoreError, database, random, step};

const TABLE: &str = "plugin_storage";

/// A value with the version it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What was set.
    pub value: Vec<u8>,
    /// Opaque: compare for equality only. Never used twice for one key, even after a deletion.
    pub version: String,
}

/// Some keys, in the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// At most [`Store::PAGE`] of them.
    pub keys: Vec<String>,
    /// The cursor of the next page; none on the last one.
    pub next: Option<String>,
}

/// Why storage was neither read nor changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// Empty, longer than [`Store::MAX_KEY`] bytes, or with a control character.
    #[error("the storage key is not allowed: {0}")]
    InvalidKey(String),
    /// Longer than this many bytes.
    #[error("the value is larger than {0} bytes")]
    ValueTooLarge(u64),
    /// The integration's quota, in bytes, is used up.
    #[error("the storage quota of {0} bytes is used up")]
    QuotaExceeded(u64),
    /// The store did not answer.
    #[error("the store did not answer: {0}")]
    Unavailable(String),
}

/// Why a swap changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SwapError {
    /// The key holds something else now: this, or nothing.
    #[error("the key holds another version")]
    Stale(Option<Entry>),
    /// It was not even compared.
    #[error(transparent)]
    Failed(#[from] StorageError),
}

impl From<StoreError> for StorageError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "plugin storage failed");
        Self::Unavailable(error.to_string())
    }
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// What a write wants to find.
enum Expected<'a> {
    Anything,
    Version(Option<&'a str>),
}

/// What came of a write.
enum Written {
    Version(i64),
    /// The key holds something else than was expected.
    Stale,
    OverQuota,
}

/// What a write found.
struct Found {
    version: i64,
    size: i64,
}

impl Store {
    /// Longest key, in bytes of UTF-8.
    pub const MAX_KEY: usize = 512;
    /// Largest value, in bytes.
    pub const MAX_VALUE: usize = 64 * 1024;
    /// What each key counts for besides its bytes, about what its row takes on disk: a quota of bytes alone
    /// would let a plugin keep millions of keys without a value.
    pub const KEY_COST: usize = 128;
    /// Most keys that one page holds.
    pub const PAGE: usize = 1_000;

    /// What `key` holds.
    pub async fn get(&self, integration: &Integration, key: &str) -> Result<Option<Entry>, StorageError> {
        check_key(key)?;
        Ok(self.with_keys(|keys| self.read(integration, key, keys)).await?)
    }

    /// Writes whatever was there before, and answers with the version written.
    pub async fn set(
        &self,
        integration: &Integration,
        key: &str,
        value: &[u8],
    ) -> Result<String, StorageError> {
        match self.write(integration, key, Expected::Anything, value).await {
            Ok(version) => Ok(version),
            Err(SwapError::Failed(error)) => Err(error),
            // Nothing was expected, so nothing is stale.
            Err(SwapError::Stale(_)) => Err(StorageError::Unavailable("nothing to compare".to_owned())),
        }
    }

    /// Writes only if `key` still holds version `expected`; `None` means that it must not exist. Of
    /// several that swap at once, in any number of processes, one succeeds.
    pub async fn swap(
        &self,
        integration: &Integration,
        key: &str,
        expected: Option<&str>,
        value: &[u8],
    ) -> Result<String, SwapError> {
        self.write(integration, key, Expected::Version(expected), value).await
    }

    /// Deletes `key`. Deleting what is not there succeeds.
    pub async fn delete(&self, integration: &Integration, key: &str) -> Result<(), StorageError> {
        check_key(key)?;
        step("storage.before-delete");
        let mut transaction = database::begin(&self.pool, None).await?;
        let used = lock_usage(&mut transaction, integration).await?;
        let size: Option<i64> = sqlx::query_scalar(
            "DELETE FROM plugin_storage WHERE integration = $1 AND name = $2 RETURNING size",
        )
        .bind(integration.as_str())
        .bind(key)
        .fetch_optional(&mut *transaction)
        .await?;
        set_usage(&mut transaction, integration, used - size.unwrap_or(0)).await?;
        transaction.commit().await?;
        step("storage.deleted");
        Ok(())
    }

    /// The keys that start with `prefix`, at most [`Self::PAGE`] of them, in the order of their
    /// bytes, after `cursor`, which is the `next` of the page before.
    pub async fn list(
        &self,
        integration: &Integration,
        prefix: &str,
        cursor: Option<&str>,
    ) -> Result<Page, StorageError> {
        for text in [prefix, cursor.unwrap_or_default()] {
            if !text.is_empty() {
                check_key(text)?;
            }
        }
        // No key has a control character, so none lies between the cursor and this.
        let after_cursor = cursor.map(|cursor| format!("{cursor}\u{1}"));
        let first = after_cursor.as_deref().map_or(prefix, |after| prefix.max(after));
        // One more than a page tells whether there is another page.
        let wanted = i64::try_from(Self::PAGE + 1).unwrap_or(i64::MAX);
        let mut keys: Vec<String> = sqlx::query_scalar(
            "SELECT name FROM plugin_storage \
             WHERE integration = $1 AND name >= $2 AND name < $3 ORDER BY name LIMIT $4",
        )
        .bind(integration.as_str())
        .bind(first)
        .bind(after_all_with(prefix))
        .bind(wanted)
        .fetch_all(&self.pool)
        .await?;
        let more = keys.len() > Self::PAGE;
        keys.truncate(Self::PAGE);
        let next = if more { keys.last().cloned() } else { None };
        Ok(Page { keys, next })
    }

    /// The bytes of keys and values that an integration keeps, with [`Self::KEY_COST`] for each key.
    pub async fn storage_used(&self, integration: &Integration) -> Result<u64, StoreError> {
        let used: Option<i64> = sqlx::query_scalar("SELECT bytes FROM storage_usage WHERE integration = $1")
            .bind(integration.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(used.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0))
    }

    async fn read(
        &self,
        integration: &Integration,
        key: &str,
        keys: KeyRing,
    ) -> Result<Option<Entry>, StoreError> {
        let row = sqlx::query(
            "SELECT version, key_id, sealed FROM plugin_storage WHERE integration = $1 AND name = $2",
        )
        .bind(integration.as_str())
        .bind(key)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let place = Place::new(TABLE, integration, key);
        let value = keys.open(place, row.try_get(1)?, row.try_get(2)?)?;
        Ok(Some(Entry { value, version: shown(row.try_get(0)?) }))
    }

    async fn write(
        &self,
        integration: &Integration,
        key: &str,
        expected: Expected<'_>,
        value: &[u8],
    ) -> Result<String, SwapError> {
        check_key(key)?;
        if value.len() > Self::MAX_VALUE {
            return Err(StorageError::ValueTooLarge(Self::MAX_VALUE as u64).into());
        }
        match self.with_keys(|keys| self.replace(integration, key, &expected, value, keys)).await {
            Ok(Written::Version(version)) => Ok(shown(version)),
            Ok(Written::OverQuota) => Err(StorageError::QuotaExceeded(self.quota).into()),
            Ok(Written::Stale) => Err(SwapError::Stale(self.get(integration, key).await?)),
            Err(error) => Err(StorageError::from(error).into()),
        }
    }

    async fn replace(
        &self,
        integration: &Integration,
        key: &str,
        expected: &Expected<'_>,
        value: &[u8],
        keys: KeyRing,
    ) -> Result<Written, StoreError> {
        let (key_id, sealed) = keys.seal(Place::new(TABLE, integration, key), value.to_vec())?;
        step("storage.before-set");
        let mut transaction = database::begin(&self.pool, None).await?;
        let used = lock_usage(&mut transaction, integration).await?;
        let found = find(&mut transaction, integration, key).await?;
        if let Expected::Version(expected) = expected
            && found.as_ref().map(|found| shown(found.version)).as_deref() != *expected
        {
            return Ok(Written::Stale);
        }
        // Key and value are of at most 66,048 bytes together.
        let size = i64::try_from(key.len() + value.len() + Self::KEY_COST).unwrap_or(i64::MAX);
        let before = found.as_ref().map_or(0, |found| found.size);
        let after = used - before + size;
        if size > before && u64::try_from(after).unwrap_or(0) > self.quota {
            return Ok(Written::OverQuota);
        }
        let version = random::bits();
        sqlx::query(
            "INSERT INTO plugin_storage (integration, name, version, size, key_id, sealed) \
             VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (integration, name) DO UPDATE SET version = excluded.version, \
             size = excluded.size, key_id = excluded.key_id, sealed = excluded.sealed",
        )
        .bind(integration.as_str())
        .bind(key)
        .bind(version)
        .bind(size)
        .bind(key_id)
        .bind(sealed)
        .execute(&mut *transaction)
        .await?;
        set_usage(&mut transaction, integration, after).await?;
        transaction.commit().await?;
        step("storage.set");
        Ok(Written::Version(version))
    }
}

/// What the integration uses, and no other writer until the transaction ends.
pub(super) async fn lock_usage(
    connection: &mut AnyConnection,
    integration: &Integration,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "INSERT INTO storage_usage (integration, bytes) VALUES ($1, 0) \
         ON CONFLICT (integration) DO UPDATE SET bytes = storage_usage.bytes RETURNING bytes",
    )
    .bind(integration.as_str())
    .fetch_one(connection)
    .await
}

async fn set_usage(
    connection: &mut AnyConnection,
    integration: &Integration,
    bytes: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE storage_usage SET bytes = $2 WHERE integration = $1")
        .bind(integration.as_str())
        .bind(bytes)
        .execute(connection)
        .await?;
    Ok(())
}

async fn find(
    connection: &mut AnyConnection,
    integration: &Integration,
    key: &str,
) -> Result<Option<Found>, sqlx::Error> {
    let row = sqlx::query("SELECT version, size FROM plugin_storage WHERE integration = $1 AND name = $2")
        .bind(integration.as_str())
        .bind(key)
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok(Found { version: row.try_get(0)?, size: row.try_get(1)? })).transpose()
}

/// A version as plugins see it.
fn shown(version: i64) -> String {
    format!("{version:016x}")
}

fn check_key(key: &str) -> Result<(), StorageError> {
    let invalid = |reason: String| Err(StorageError::InvalidKey(reason));
    if key.is_empty() {
        invalid("it is empty".to_owned())
    } else if key.len() > Store::MAX_KEY {
        invalid(format!("it is {} bytes long, {} are allowed", key.len(), Store::MAX_KEY))
    } else if key.chars().any(char::is_control) {
        invalid("it has a control character".to_owned())
    } else {
        Ok(())
    }
}

/// A text that comes after every key with this prefix and before all others that do, in the order of
/// their bytes. UTF-8 orders by code points, so the next code point gives the next text.
fn after_all_with(prefix: &str) -> String {
    let mut kept = prefix.to_owned();
    while let Some(last) = kept.pop() {
        // A range of characters steps over the surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            kept.push(next);
            return kept;
        }
    }
    // Longer than any key, of the highest character there is.
    char::MAX.to_string().repeat(Store::MAX_KEY / 4 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_right_at_the_edges_of_unicode() {
        assert_eq!(after_all_with("a/"), "a0");
        assert_eq!(after_all_with("a\u{d7ff}"), "a\u{e000}");
        assert_eq!(after_all_with("a\u{7f}"), "a\u{80}");
        assert_eq!(after_all_with("a\u{10ffff}"), "b");
        let longest = char::MAX.to_string().repeat(Store::MAX_KEY / 4);
        assert!(after_all_with("\u{10ffff}") > longest && after_all_with("") > longest);
    }
}
