//! The keys of a batch: trimmed, and each asked for once.

/// A distinct key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// As it is asked for: trimmed, and otherwise as the platform has it.
    pub(crate) text: String,
    /// In lower case, as names of users are compared. Of ASCII alone: a `userPrincipalName`, a `mail` and a
    /// proxy address have no other letters (Microsoft Graph, "user resource type": "can't contain accent
    /// characters"), and Unicode's lower case would make a `k` of a Kelvin sign.
    pub(crate) folded: String,
}

/// The distinct keys of a batch, and which of them each given key is; none for an empty one.
pub(crate) fn distinct(keys: &[String]) -> (Vec<Key>, Vec<Option<usize>>) {
    let mut distinct: Vec<Key> = Vec::new();
    let places = keys.iter().map(|key| {
        let text = key.trim();
        if text.is_empty() {
            return None;
        }
        let folded = text.to_ascii_lowercase();
        // At most 300 keys: looking through them costs less than a map adds to the component.
        let known = distinct.iter().position(|key: &Key| key.folded == folded);
        let index = known.unwrap_or(distinct.len());
        if known.is_none() {
            distinct.push(Key { text: text.to_owned(), folded });
        }
        Some(index)
    });
    let places = places.collect();
    (distinct, places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_asked_once_however_it_is_spelled() {
        let keys = [" Ann@X.com ", "", "ann@x.com", "Bob'O@x.com", "bob'o@X.com", "\t"];
        let (distinct, places) = distinct(&keys.map(str::to_owned));
        let texts: Vec<_> = distinct.iter().map(|key| key.text.as_str()).collect();
        assert_eq!(texts, ["Ann@X.com", "Bob'O@x.com"]);
        assert_eq!(places, [Some(0), None, Some(0), Some(1), Some(1), None]);
    }
}
