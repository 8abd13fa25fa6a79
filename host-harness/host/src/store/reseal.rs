//! The keys over their lifetime: proved when the store is opened, and left behind when all is sealed
//! under a newer one.

use sqlx::Row as _;

use super::database::BEGIN_WRITE;
use super::seal::Place;
use super::{Integration, Store, StoreError, step};

/// Sealed once under each key that is used here. It says nothing; that it opens says all.
const PROOF: &[u8] = b"video-host";

/// Rows sealed anew in one transaction: other writers get their turn in between.
const BATCH: i64 = 100;

/// A table of sealed values, by its three statements.
struct Sealed {
    table: &'static str,
    select: &'static str,
    update: &'static str,
    remaining: &'static str,
}

const TABLES: [Sealed; 2] = [
    Sealed {
        table: "plugin_storage",
        select: "SELECT integration, name, key_id, sealed FROM plugin_storage WHERE key_id <> $1 LIMIT $2",
        update: "UPDATE plugin_storage SET key_id = $3, sealed = $4 WHERE integration = $1 AND name = $2",
        remaining: "SELECT COUNT(*) FROM plugin_storage WHERE key_id = $1",
    },
    Sealed {
        table: "credential",
        select: "SELECT integration, name, key_id, sealed FROM credential WHERE key_id <> $1 LIMIT $2",
        update: "UPDATE credential SET key_id = $3, sealed = $4 WHERE integration = $1 AND name = $2",
        remaining: "SELECT COUNT(*) FROM credential WHERE key_id = $1",
    },
];

fn place(key_id: &str) -> Place<'_> {
    Place { table: "sealing_key", integration: "", name: key_id }
}

impl Store {
    /// Proves that the key ring holds the keys that sealed what is stored, and notes the active one.
    pub(super) async fn prove_keys(&self) -> Result<(), StoreError> {
        let (active, proof) = self.keys.seal(place(self.keys.active()), PROOF.to_vec())?;
        let proofs = "SELECT key_id, proof FROM sealing_key ORDER BY key_id";
        for row in sqlx::query(proofs).fetch_all(&self.pool).await? {
            let key_id: &str = row.try_get(0)?;
            self.keys.open(place(key_id), key_id, row.try_get(1)?)?;
        }
        let add = "INSERT INTO sealing_key (key_id, proof) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING";
        sqlx::query(add).bind(active).bind(proof).execute(&self.pool).await?;
        Ok(())
    }

    /// Seals under the active key whatever older keys have sealed, and answers with how many values
    /// that were. Versions stay as they are. Afterwards the older keys may go from the key ring, once
    /// every process that uses this store has the new key ring.
    ///
    /// It may be interrupted and repeated, and other processes may work meanwhile.
    pub async fn reseal(&self) -> Result<u64, StoreError> {
        let mut resealed = 0;
        for table in &TABLES {
            loop {
                let done = self.reseal_some(table).await?;
                if done == 0 {
                    break;
                }
                resealed += done;
            }
        }
        self.forget_unused_keys().await?;
        step("store.resealed");
        Ok(resealed)
    }

    async fn reseal_some(&self, table: &Sealed) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin_with(BEGIN_WRITE).await?;
        let rows = sqlx::query(table.select)
            .bind(self.keys.active())
            .bind(BATCH)
            .fetch_all(&mut *transaction)
            .await?;
        let mut done = 0;
        for row in rows {
            let (id, name): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
            let integration: Integration =
                id.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            let place = Place::new(table.table, &integration, name);
            let (key_id, sealed) =
                self.keys.seal(place, self.keys.open(place, row.try_get(2)?, row.try_get(3)?)?)?;
            sqlx::query(table.update)
                .bind(id)
                .bind(name)
                .bind(key_id)
                .bind(sealed)
                .execute(&mut *transaction)
                .await?;
            done += 1;
        }
        transaction.commit().await?;
        Ok(done)
    }

    async fn forget_unused_keys(&self) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with(BEGIN_WRITE).await?;
        for key_id in self.keys.ids().skip(1) {
            let mut used = false;
            for table in &TABLES {
                let rows: i64 =
                    sqlx::query_scalar(table.remaining).bind(key_id).fetch_one(&mut *transaction).await?;
                used |= rows > 0;
            }
            if !used {
                let delete = "DELETE FROM sealing_key WHERE key_id = $1";
                sqlx::query(delete).bind(key_id).execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}
