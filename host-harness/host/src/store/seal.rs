//! Encryption at rest: AES-256-GCM, a random nonce for each sealing, and the row's place as
//! associated data, so that a sealed value opens nowhere but where it was put.

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};

use super::{Integration, KeyRing, StoreError};

/// The place of a sealed value. All three parts are authenticated with it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The table's name.
    pub(super) table: &'static str,
    /// The integration's id, or nothing where a table has none.
    pub(super) integration: &'a str,
    /// What tells the rows of one integration apart.
    pub(super) name: &'a str,
}

impl<'a> Place<'a> {
    pub(super) fn new(table: &'static str, integration: &'a Integration, name: &'a str) -> Self {
        Self { table, integration: integration.as_str(), name }
    }

    /// Each part behind its length, so that no two places give the same bytes.
    fn associated_data(&self) -> Vec<u8> {
        let parts = [self.table, self.integration, self.name];
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
        for part in parts {
            // No part is anywhere near 4 GiB long.
            bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

impl KeyRing {
    /// Seals `value` in place under the active key, whose id comes first in the answer. What is
    /// stored is ciphertext, tag, nonce, in this order: it opens without being moved.
    pub(super) fn seal(&self, place: Place<'_>, mut value: Vec<u8>) -> Result<(&str, Vec<u8>), StoreError> {
        let (id, key) = self.active_key();
        let nonce = key
            .seal_in_place_append_tag(Aad::from(place.associated_data()), &mut value)
            .map_err(|_| StoreError::Sealing)?;
        value.extend_from_slice(nonce.as_ref());
        Ok((id, value))
    }

    /// Opens what [`Self::seal`] sealed for the same place.
    pub(super) fn open(
        &self,
        place: Place<'_>,
        key_id: &str,
        mut sealed: Vec<u8>,
    ) -> Result<Vec<u8>, StoreError> {
        let wrong = || StoreError::WrongKey(key_id.to_owned());
        let key = self.key(key_id).ok_or_else(|| StoreError::MissingKey(key_id.to_owned()))?;
        let end = sealed.len().checked_sub(NONCE_LEN).ok_or_else(wrong)?;
        let (body, nonce) = sealed.split_at_mut(end);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong())?;
        let length =
            key.open_in_place(nonce, Aad::from(place.associated_data()), body).map_err(|_| wrong())?.len();
        sealed.truncate(length);
        Ok(sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> KeyRing {
        KeyRing::parse("k:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap()
    }

    #[test]
    fn a_value_opens_only_in_its_own_place() {
        let ring = ring();
        let home = Place { table: "t", integration: "a", name: "bc" };
        let (id, sealed) = ring.seal(home, b"value".to_vec()).unwrap();
        assert_eq!(ring.open(home, id, sealed.clone()).unwrap(), b"value");
        for elsewhere in [
            Place { table: "u", ..home },
            Place { integration: "ab", name: "c", ..home },
            Place { name: "bd", ..home },
        ] {
            assert!(matches!(ring.open(elsewhere, id, sealed.clone()), Err(StoreError::WrongKey(_))));
        }
    }

    #[test]
    fn every_sealing_differs_and_a_damaged_one_is_an_error() {
        let ring = ring();
        let place = Place { table: "t", integration: "a", name: "b" };
        let (id, first) = ring.seal(place, Vec::new()).unwrap();
        let (_, second) = ring.seal(place, Vec::new()).unwrap();
        assert_ne!(first, second);
        for length in [0, NONCE_LEN - 1, NONCE_LEN, first.len() - 1] {
            assert!(ring.open(place, id, first[..length].to_vec()).is_err());
        }
    }
}
