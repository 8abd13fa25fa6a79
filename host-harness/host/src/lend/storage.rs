//! `storage`: the integration's own keys, and nobody else's.

use crate::bindings::scheduling::video_provider::storage as wit;
use crate::sandbox::CallState;
use crate::store::{Entry, Integration, StorageError, SwapError};

impl wit::Host for CallState {
    async fn get(&mut self, key: String) -> Result<Option<wit::Entry>, wit::Error> {
        let integration = self.storage()?;
        let lender = &self.lender;
        let now = lender.clock.now_ms();
        if let Some(recent) = lender.recent.entry(&integration, &key, now) {
            return Ok(Some(entry(recent)));
        }
        let begun = lender.recent.begin(&integration, now);
        let found = lender.store.get(&integration, &key).await;
        if let Ok(Some(found)) = &found {
            lender.recent.keep_entry(&integration, &key, begun, found);
        }
        Ok(found.map_err(error)?.map(entry))
    }

    async fn set(&mut self, key: String, value: Vec<u8>) -> Result<String, wit::Error> {
        let integration = self.storage()?;
        let version = self.lender.store.set(&integration, &key, &value).await;
        self.lender.recent.written(&integration);
        version.map_err(|failure| self.refused(failure))
    }

    async fn delete(&mut self, key: String) -> Result<(), wit::Error> {
        let integration = self.storage()?;
        let deleted = self.lender.store.delete(&integration, &key).await;
        self.lender.recent.written(&integration);
        deleted.map_err(error)
    }

    async fn list(&mut self, prefix: String, cursor: Option<String>) -> Result<wit::Page, wit::Error> {
        let integration = self.storage()?;
        let page = self.lender.store.list(&integration, &prefix, cursor.as_deref()).await;
        let page = page.map_err(error)?;
        Ok(wit::Page { keys: page.keys, next: page.next })
    }

    async fn swap(
        &mut self,
        key: String,
        expected: Option<String>,
        value: Vec<u8>,
    ) -> Result<String, wit::SwapError> {
        let integration = self.storage().map_err(wit::SwapError::Failed)?;
        let swapped = self.lender.store.swap(&integration, &key, expected.as_deref(), &value).await;
        self.lender.recent.written(&integration);
        swapped.map_err(|failure| match failure {
            SwapError::Stale(current) => wit::SwapError::Stale(current.map(entry)),
            SwapError::Failed(failure) => wit::SwapError::Failed(self.refused(failure)),
        })
    }
}

impl CallState {
    /// The host's choice of namespace. There is none while a plugin only describes itself.
    fn storage(&self) -> Result<Integration, wit::Error> {
        self.integration.clone().ok_or_else(|| {
            wit::Error::Unavailable("a plugin that describes itself has no storage".to_owned())
        })
    }
}

impl CallState {
    /// A plugin that has used up what it may store has written much, and is held back.
    fn refused(&mut self, failure: StorageError) -> wit::Error {
        self.misbehaved |= matches!(failure, StorageError::QuotaExceeded(_));
        error(failure)
    }
}

fn entry(entry: Entry) -> wit::Entry {
    wit::Entry { value: entry.value, version: entry.version }
}

fn error(error: StorageError) -> wit::Error {
    match error {
        StorageError::InvalidKey(reason) => wit::Error::InvalidKey(reason),
        StorageError::ValueTooLarge(limit) => wit::Error::ValueTooLarge(limit),
        StorageError::QuotaExceeded(quota) => wit::Error::QuotaExceeded(quota),
        StorageError::Unavailable(reason) => wit::Error::Unavailable(reason),
    }
}
