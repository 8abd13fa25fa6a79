//! Rows of credentials: sealed bytes with a version, a lease and, for `pending/`, an end. What the
//! bytes mean is the vault's business.

use sqlx::{AnyConnection, Row as _};
use zeroize::Zeroizing;

use super::seal::Place;
use super::{Integration, KeyRing, Store, StoreError, database, random, step};

const TABLE: &str = "credential";

/// What a credential's row holds.
pub(crate) struct CredentialRow {
    pub(crate) version: i64,
    pub(crate) opened: Zeroizing<Vec<u8>>,
}

/// A look at a credential by someone who may know it already.
pub(crate) enum Reading {
    /// There is none, or its hour as a pending one is over.
    Missing,
    /// It is the version that the reader knows.
    Unchanged,
    /// It is this.
    Changed(CredentialRow),
}

impl Store {
    /// Reads a credential, and opens it only if its version is not `known`: one query on the path of
    /// every call, so that what another process replaced or discarded is never used again.
    pub(crate) async fn credential(
        &self,
        integration: &Integration,
        name: &str,
        known: Option<i64>,
    ) -> Result<Reading, StoreError> {
        self.with_keys(|keys| self.read_credential(integration, name, known, keys)).await
    }

    async fn read_credential(
        &self,
        integration: &Integration,
        name: &str,
        known: Option<i64>,
        keys: KeyRing,
    ) -> Result<Reading, StoreError> {
        let row = sqlx::query(
            "SELECT version, key_id, CASE WHEN version = $4 THEN NULL ELSE sealed END FROM credential \
             WHERE integration = $1 AND name = $2 AND (pending_until IS NULL OR pending_until > $3)",
        )
        .bind(integration.as_str())
        .bind(name)
        .bind(self.clock.now_ms())
        .bind(known)
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(Reading::Missing) };
        let Some(sealed) = row.try_get(2)? else { return Ok(Reading::Unchanged) };
        let place = Place::new(TABLE, integration, name);
        let opened = Zeroizing::new(keys.open(place, row.try_get(1)?, sealed)?);
        Ok(Reading::Changed(CredentialRow { version: row.try_get(0)?, opened }))
    }

    /// Writes a credential, replacing what was there, and drops pending ones whose time is over.
    /// Answers with the version written.
    pub(crate) async fn put_credential(
        &self,
        integration: &Integration,
        name: &str,
        opened: &[u8],
        pending_until: Option<i64>,
    ) -> Result<i64, StoreError> {
        self.with_keys(|keys| self.write_credential(integration, name, opened, pending_until, keys)).await
    }

    async fn write_credential(
        &self,
        integration: &Integration,
        name: &str,
        opened: &[u8],
        pending_until: Option<i64>,
        keys: KeyRing,
    ) -> Result<i64, StoreError> {
        let (key_id, sealed) = keys.seal(Place::new(TABLE, integration, name), opened.to_vec())?;
        let version = random::bits();
        let mut transaction = database::begin(&self.pool, None).await?;
        sqlx::query("DELETE FROM credential WHERE pending_until <= $1")
            .bind(self.clock.now_ms())
            .execute(&mut *transaction)
            .await?;
        let row = New { version, key_id, sealed, pending_until };
        upsert(&mut transaction, integration, name, row).await?;
        transaction.commit().await?;
        Ok(version)
    }

    /// Writes a credential only if it still has version `expected`, and ends its lease. Answers with
    /// the version written; nothing if it was replaced or discarded meanwhile.
    pub(crate) async fn renew_credential(
        &self,
        integration: &Integration,
        name: &str,
        expected: i64,
        opened: &[u8],
    ) -> Result<Option<i64>, StoreError> {
        self.with_keys(|keys| self.replace_credential(integration, name, expected, opened, keys)).await
    }

    async fn replace_credential(
        &self,
        integration: &Integration,
        name: &str,
        expected: i64,
        opened: &[u8],
        keys: KeyRing,
    ) -> Result<Option<i64>, StoreError> {
        let (key_id, sealed) = keys.seal(Place::new(TABLE, integration, name), opened.to_vec())?;
        let version = random::bits();
        let written = sqlx::query(
            "UPDATE credential SET version = $4, key_id = $5, sealed = $6, lease_owner = NULL, \
             lease_until = NULL WHERE integration = $1 AND name = $2 AND version = $3",
        )
        .bind(integration.as_str())
        .bind(name)
        .bind(expected)
        .bind(version)
        .bind(key_id)
        .bind(sealed)
        .execute(&self.pool)
        .await?;
        Ok((written.rows_affected() == 1).then_some(version))
    }

    /// Takes the right to renew version `expected` of a credential for `ms` milliseconds. Tells
    /// whether it was free: the lease of a process that ended without giving it back ends by itself.
    pub(crate) async fn lease_credential(
        &self,
        integration: &Integration,
        name: &str,
        expected: i64,
        owner: i64,
        ms: i64,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now_ms();
        // A lease that ends much later than one of now would was made before the clock was put back.
        let written = sqlx::query(
            "UPDATE credential SET lease_owner = $4, lease_until = $6 \
             WHERE integration = $1 AND name = $2 AND version = $3 \
             AND (lease_owner IS NULL OR lease_owner = $4 OR lease_until <= $5 OR lease_until > $7)",
        )
        .bind(integration.as_str())
        .bind(name)
        .bind(expected)
        .bind(owner)
        .bind(now)
        .bind(now.saturating_add(ms))
        .bind(now.saturating_add(ms).saturating_add(ms))
        .execute(&self.pool)
        .await?;
        Ok(written.rows_affected() == 1)
    }

    /// Gives a lease back. Nothing is lost if this fails: the lease ends by itself.
    pub(crate) async fn release_credential(
        &self,
        integration: &Integration,
        name: &str,
        owner: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE credential SET lease_owner = NULL, lease_until = NULL \
             WHERE integration = $1 AND name = $2 AND lease_owner = $3",
        )
        .bind(integration.as_str())
        .bind(name)
        .bind(owner)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Gives the credential `pending` the name `name`, in place of the one that had it; tells whether
    /// there was one. It is sealed anew, as what is sealed opens under its own name only.
    pub(crate) async fn promote_credential(
        &self,
        integration: &Integration,
        pending: &str,
        name: &str,
        pending_until: Option<i64>,
    ) -> Result<bool, StoreError> {
        self.with_keys(|keys| self.rename_credential(integration, pending, name, pending_until, keys)).await
    }

    async fn rename_credential(
        &self,
        integration: &Integration,
        pending: &str,
        name: &str,
        pending_until: Option<i64>,
        keys: KeyRing,
    ) -> Result<bool, StoreError> {
        let mut transaction = database::begin(&self.pool, None).await?;
        // A change that changes nothing locks the row on PostgreSQL: who promotes or renews it at the same
        // time waits, and then finds what became of it.
        let row = sqlx::query(
            "UPDATE credential SET pending_until = pending_until \
             WHERE integration = $1 AND name = $2 AND (pending_until IS NULL OR pending_until > $3) \
             RETURNING key_id, sealed",
        )
        .bind(integration.as_str())
        .bind(pending)
        .bind(self.clock.now_ms())
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else { return Ok(false) };
        let opened = keys.open(Place::new(TABLE, integration, pending), row.try_get(0)?, row.try_get(1)?)?;
        let (key_id, sealed) = keys.seal(Place::new(TABLE, integration, name), opened)?;
        delete(&mut transaction, integration, pending).await?;
        let row = New { version: random::bits(), key_id, sealed, pending_until };
        upsert(&mut transaction, integration, name, row).await?;
        step("credentials.before-promote");
        transaction.commit().await?;
        Ok(true)
    }

    /// Forgets a credential. Forgetting what is not there succeeds.
    pub(crate) async fn delete_credential(
        &self,
        integration: &Integration,
        name: &str,
    ) -> Result<(), StoreError> {
        delete(&mut *self.pool.acquire().await?, integration, name).await?;
        Ok(())
    }
}

struct New<'a> {
    version: i64,
    key_id: &'a str,
    sealed: Vec<u8>,
    pending_until: Option<i64>,
}

async fn upsert(
    connection: &mut AnyConnection,
    integration: &Integration,
    name: &str,
    row: New<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO credential (integration, name, version, key_id, sealed, pending_until) \
         VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (integration, name) DO UPDATE SET version = excluded.version, \
         key_id = excluded.key_id, sealed = excluded.sealed, pending_until = excluded.pending_until, \
         lease_owner = NULL, lease_until = NULL",
    )
    .bind(integration.as_str())
    .bind(name)
    .bind(row.version)
    .bind(row.key_id)
    .bind(row.sealed)
    .bind(row.pending_until)
    .execute(connection)
    .await?;
    Ok(())
}

async fn delete(
    connection: &mut AnyConnection,
    integration: &Integration,
    name: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM credential WHERE integration = $1 AND name = $2")
        .bind(integration.as_str())
        .bind(name)
        .execute(connection)
        .await?;
    Ok(())
}
