//! The keys over their lifetime: proved before they are used, replaced while the host runs, taken away when
//! they seal nothing any more.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;
use sqlx::{AnyConnection, Row as _};
use tokio::sync::Mutex;

use super::seal::Place;
use super::{KeyFile, KeyRing, KeyRingError, Store, StoreError, database};

/// Sealed once under each key that is used here. It says nothing; that it opens says all.
const PROOF: &[u8] = b"video-host";

/// How often a transaction is repeated that PostgreSQL undid because of another one.
const UNDONE_AT_MOST: usize = 3;

/// Where a store has its keys from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A file, which is read again when the keys may have changed, and made on the first run.
    File(KeyFile),
    /// The keys themselves. Newer ones are handed in with [`Store::take_keys`].
    Given(KeyRing),
}

impl From<KeyRing> for KeySource {
    fn from(keys: KeyRing) -> Self {
        Self::Given(keys)
    }
}

impl From<KeyFile> for KeySource {
    fn from(file: KeyFile) -> Self {
        Self::File(file)
    }
}

/// The keys that a store uses now.
#[derive(Debug, Clone)]
pub(super) struct Keys(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ring: RwLock<KeyRing>,
    file: Option<KeyFile>,
    /// Whoever replaces the ring holds it, so that older keys do not come after newer ones.
    turn: Mutex<()>,
}

impl Keys {
    /// Reads the file, if the keys are in one.
    pub(super) async fn of(source: KeySource) -> Result<Self, StoreError> {
        let (ring, file) = match source {
            KeySource::Given(ring) => (ring, None),
            KeySource::File(file) => (blocking(file.clone(), KeyFile::load_or_create).await?, Some(file)),
        };
        Ok(Self(Arc::new(Inner { ring: RwLock::new(ring), file, turn: Mutex::default() })))
    }

    pub(super) fn ring(&self) -> KeyRing {
        self.0.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, ring: KeyRing) {
        *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
    }
}

/// What a key does here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// Its id.
    pub id: String,
    /// How many stored values it seals.
    pub values: u64,
    /// Whether it seals what is written.
    pub active: bool,
}

fn place(key_id: &str) -> Place<'_> {
    Place { table: "sealing_key", integration: "", name: key_id }
}

impl Store {
    /// The ids of the keys in use, the active one first.
    pub fn key_ids(&self) -> Vec<String> {
        self.keys.ring().ids().map(str::to_owned).collect()
    }

    /// A key of the active one's making, for signing what only this host may have written. Another
    /// `purpose` gives another key.
    pub(crate) fn signing_key(&self, purpose: &str) -> hmac::Key {
        self.keys.ring().signing_key(purpose)
    }

    /// Takes over what the operator wrote into the file of keys: what is written from now on is sealed under
    /// its first key. Calls under way are not disturbed. With keys that were given and not read from a file
    /// nothing happens.
    ///
    /// On an error all stays as it was: the file cannot be read, or lacks a key that still seals something
    /// ([`StoreError::MissingKey`]).
    pub async fn reload_keys(&self) -> Result<(), StoreError> {
        let Some(file) = &self.keys.0.file else { return Ok(()) };
        let _turn = self.keys.0.turn.lock().await;
        self.adopt(blocking(file.clone(), KeyFile::load).await?).await
    }

    /// Uses these keys from now on, as [`Self::reload_keys`] does with those of a file.
    pub async fn take_keys(&self, keys: KeyRing) -> Result<(), StoreError> {
        let _turn = self.keys.0.turn.lock().await;
        self.adopt(keys).await
    }

    /// Keys are used only once it is noted in the store that they are, and that they open what is there.
    async fn adopt(&self, ring: KeyRing) -> Result<(), StoreError> {
        self.prove(&ring).await?;
        if !ring.ids().eq(self.keys.ring().ids()) {
            tracing::info!(active = ring.active(), "took over new encryption keys");
        }
        self.keys.replace(ring);
        Ok(())
    }

    /// Proves that a key ring holds the keys that sealed what is stored, and notes its active one.
    pub(super) async fn prove(&self, ring: &KeyRing) -> Result<(), StoreError> {
        let (active, proof) = ring.seal(place(ring.active()), PROOF.to_vec())?;
        opens(&mut *self.pool.acquire().await?, ring).await?;
        let add = "INSERT INTO sealing_key (key_id, proof) VALUES ($1, $2) ON CONFLICT (key_id) DO NOTHING";
        sqlx::query(add).bind(active).bind(proof).execute(&self.pool).await?;
        Ok(())
    }

    /// Does `act` with the keys in use. If it meets a key that another process has and this one has not, or
    /// writes with one that was taken away, the keys are read anew and it is done once more.
    pub(super) async fn with_keys<T, F>(&self, mut act: impl FnMut(KeyRing) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let ring = self.keys.ring();
        let active = ring.active().to_owned();
        let mut done = act(ring.clone()).await;
        for _ in 0..UNDONE_AT_MOST {
            match &done {
                Err(error) if error.is_undone() => {
                    tracing::debug!(%error, "doing a transaction once more");
                    done = act(ring.clone()).await;
                }
                _ => break,
            }
        }
        match done {
            Err(error) if error.is_of_keys() => {
                if self.keys.0.file.is_some() {
                    tracing::info!(%error, "reading the encryption keys anew");
                    self.reload_keys().await?;
                    act(self.keys.ring()).await
                } else if let StoreError::Database(_) = error {
                    Err(StoreError::RetiredKey(active))
                } else {
                    Err(error)
                }
            }
            done => done,
        }
    }

    /// What the keys do: those in use, the active one first.
    pub async fn key_uses(&self) -> Result<Vec<KeyUse>, StoreError> {
        let ring = self.keys.ring();
        let mut connection = self.pool.acquire().await?;
        let mut uses = Vec::new();
        for id in ring.ids() {
            let values = sealed_by(&mut connection, id).await?;
            uses.push(KeyUse { id: id.to_owned(), values, active: id == ring.active() });
        }
        Ok(uses)
    }

    /// Forbids for good that anything here is sealed under a key. Afterwards it may go from the file of keys; a
    /// process that still writes with it reads that file anew when its next write is refused.
    ///
    /// Refuses with [`StoreError::KeyInUse`] while the key still seals something, and the active key with
    /// [`KeyRingError::Active`]. A key that is unknown here is forbidden already.
    pub async fn retire_key(&self, id: &str) -> Result<(), StoreError> {
        if self.keys.ring().active() == id {
            return Err(KeyRingError::Active(id.to_owned()).into());
        }
        let mut transaction = database::begin(&self.pool, None).await?;
        let values = sealed_by(&mut transaction, id).await?;
        if values > 0 {
            return Err(StoreError::KeyInUse { id: id.to_owned(), values });
        }
        let deleted = sqlx::query("DELETE FROM sealing_key WHERE key_id = $1").bind(id);
        if let Err(error) = deleted.execute(&mut *transaction).await {
            // Somebody wrote under it since it was counted.
            let used =
                error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation);
            return Err(if used {
                StoreError::KeyInUse { id: id.to_owned(), values: 1 }
            } else {
                error.into()
            });
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Proves that a key ring holds the keys that sealed what is stored.
pub(super) async fn opens(connection: &mut AnyConnection, ring: &KeyRing) -> Result<(), StoreError> {
    let proofs = "SELECT key_id, proof FROM sealing_key ORDER BY key_id";
    for row in sqlx::query(proofs).fetch_all(&mut *connection).await? {
        let key_id: &str = row.try_get(0)?;
        match ring.open(place(key_id), key_id, row.try_get(1)?) {
            Ok(_) => {}
            // A key that seals nothing is not missed.
            Err(StoreError::MissingKey(_)) if sealed_by(connection, key_id).await? == 0 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// How many values a key seals.
async fn sealed_by(connection: &mut AnyConnection, key_id: &str) -> Result<u64, sqlx::Error> {
    let values: i64 = sqlx::query_scalar(
        "SELECT (SELECT COUNT(*) FROM plugin_storage WHERE key_id = $1) \
         + (SELECT COUNT(*) FROM credential WHERE key_id = $1)",
    )
    .bind(key_id)
    .fetch_one(connection)
    .await?;
    Ok(values.unsigned_abs())
}

async fn blocking(
    file: KeyFile,
    read: impl FnOnce(&KeyFile) -> Result<KeyRing, KeyRingError> + Send + 'static,
) -> Result<KeyRing, StoreError> {
    let path = file.path().display().to_string();
    match tokio::task::spawn_blocking(move || read(&file)).await {
        Ok(read) => Ok(read?),
        Err(error) => Err(KeyRingError::File { path, source: std::io::Error::other(error) }.into()),
    }
}
