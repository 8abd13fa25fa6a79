//! The names of rooms. They come from a key that only this integration has, by HMAC-SHA-256 (RFC 2104):
//! the same appointment gives the same room without anything being kept for it, and who knows
//! any number of rooms knows nothing of another.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Bytes of the key.
pub(crate) const KEY: usize = 32;

/// Characters of the beginning that an administrator may choose.
pub(crate) const LONGEST_PREFIX: usize = 40;

/// The letters and digits of names, 32 of them: none that is mistaken for another over the phone. Jitsi
/// Meet puts names into lower case, so that upper case would add nothing.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// What a name is made for: one and the same id must not give the same characters for two uses.
#[derive(Clone, Copy)]
pub(crate) enum Use {
    /// The room that clients enter. 130 bits.
    Room,
    /// The storage key of a record. It is readable in the database, and must not tell the room.
    Record,
    /// The integration, towards the platform.
    Account,
}

impl Use {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Room => b"room\0",
            Self::Record => b"record\0",
            Self::Account => b"account\0",
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Room | Self::Record => 26,
            Self::Account => 12,
        }
    }
}

/// The characters for an id, of five bits each.
pub(crate) fn characters(key: &[u8; KEY], made_for: Use, id: &str) -> String {
    // As RFC 2104 has it for a key that is shorter than a block: zeros behind it.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(place, byte)| *place = *byte);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(made_for.label());
    mac.update(id.as_bytes());
    let digest = mac.finalize().into_bytes();
    let bit = |at: usize| digest.get(at / 8).map_or(0, |byte| usize::from(byte >> (7 - at % 8) & 1));
    let five = |place: usize| (0..5).fold(0, |sum, at| sum * 2 + bit(place * 5 + at));
    (0..made_for.length())
        .filter_map(|place| ALPHABET.get(five(place)))
        .map(|byte| char::from(*byte))
        .collect()
}

/// The beginning of names that was typed, in lower case and with nothing but what needs no escape; none
/// if it is not such a one.
pub(crate) fn prefix(typed: &str) -> Option<String> {
    let prefix = typed.trim().to_ascii_lowercase();
    let plain = prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (prefix.len() <= LONGEST_PREFIX && plain).then(|| prefix.trim_matches('-').to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const MINE: [u8; KEY] = [7; KEY];

    #[test]
    fn a_room_is_of_the_key_and_the_appointment_alone() {
        let room = characters(&MINE, Use::Room, "appointment-1");
        // Computed with Python's hmac module.
        assert_eq!(room, "7v6zm9hptndy7sf6xhbv8krzm6");
        assert_eq!(characters(&MINE, Use::Room, "appointment-1"), room);
        assert_ne!(characters(&[8; KEY], Use::Room, "appointment-1"), room);
        assert_ne!(characters(&MINE, Use::Record, "appointment-1"), room);
    }

    #[test]
    fn many_appointments_have_as_many_rooms() {
        let rooms: BTreeSet<_> =
            (0..10_000).map(|id| characters(&MINE, Use::Room, &id.to_string())).collect();
        assert_eq!(rooms.len(), 10_000);
        assert!(
            rooms.iter().all(|room| room.len() == 26 && room.bytes().all(|byte| ALPHABET.contains(&byte)))
        );
    }

    #[test]
    fn a_prefix_needs_no_escape() {
        assert_eq!(prefix(" Example-Bank- ").as_deref(), Some("example-bank"));
        assert_eq!(prefix("").as_deref(), Some(""));
        for typed in ["a b", "a/b", "ä", "a#b", &"a".repeat(41)] {
            assert_eq!(prefix(typed), None, "{typed}");
        }
    }
}
