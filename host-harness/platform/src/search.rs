//! Finding staff by what people type: each word of it has to begin a word of the staff member's name,
//! e-mail address, user name or id.
//!
//! Words are folded here and kept in a table with an index, so that a search takes as long among 50,000
//! staff as among 50.

use sqlx::QueryBuilder;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::database::{BuildFor as _, Connection, DatabaseError, Kind, ROWS_AT_ONCE};
use crate::staff::StaffMember;
use crate::staff::store::one_of;

/// Words of a search that count: nobody types more, and each is a condition of the query.
const WORDS: usize = 8;
/// Behind every word that begins with what it follows.
const LAST: char = '\u{10FFFF}';

/// A text as it is compared and sorted: neither case nor accents tell two apart.
pub(crate) fn fold(text: &str) -> String {
    text.nfkd().filter(|sign| !is_combining_mark(*sign)).flat_map(char::to_lowercase).collect()
}

/// The words of a text, folded.
fn words(text: &str) -> Vec<String> {
    let folded = fold(text);
    folded
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Keeps the words of at most [`ROWS_AT_ONCE`] staff in place of those before.
pub(crate) async fn index(connection: &mut Connection, rows: &[StaffMember]) -> Result<(), DatabaseError> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
    let mut query = QueryBuilder::<Kind>::new("DELETE FROM staff_word WHERE staff IN ");
    one_of(&mut query, &ids);
    query.build_for(connection).persistent(false).execute(&mut *connection).await?;

    let mut entries = Vec::new();
    for row in rows {
        let mut own: Vec<_> = [&row.name, &row.email, &row.user_name, &row.id]
            .into_iter()
            .flat_map(|text| words(text))
            .collect();
        own.sort_unstable();
        own.dedup();
        entries.extend(own.into_iter().map(|word| (word, row.id.as_str())));
    }
    for entries in entries.chunks(ROWS_AT_ONCE) {
        let mut query = QueryBuilder::<Kind>::new("INSERT INTO staff_word (word, staff) ");
        query.push_values(entries, |mut values, (word, staff)| {
            values.push_bind(word).push_bind(*staff);
        });
        query.build_for(connection).persistent(false).execute(&mut *connection).await?;
    }
    Ok(())
}

/// A search for staff, ready to be a condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Search(Vec<String>);

impl Search {
    /// What somebody typed. Signs alone find nobody; nothing at all finds everybody.
    pub(crate) fn of(typed: &str) -> Self {
        let mut words = words(typed);
        if words.is_empty() && !typed.trim().is_empty() {
            // A word that no staff member has: words have letters and figures only.
            words.push(typed.trim().to_owned());
        }
        words.truncate(WORDS);
        Self(words)
    }

    /// Whether it finds everybody.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many words it has.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Has `query` choose the entries `w` that begin with one of the words.
    pub(crate) fn push_range(&self, query: &mut QueryBuilder<Kind>, word: usize) {
        let Some(word) = self.0.get(word) else { return };
        query.push("w.word >= ").push_bind(word.clone());
        query.push(" AND w.word < ").push_bind(format!("{word}{LAST}"));
    }

    /// The conditions for a staff member `s`, each with `AND` before it. The entries of the word `by` are
    /// listed first: the database begins with them. The others are tried for each staff member.
    pub(crate) fn push(&self, query: &mut QueryBuilder<Kind>, by: Option<usize>) {
        for word in 0..self.len() {
            query.push(if by == Some(word) {
                " AND s.id IN (SELECT w.staff FROM staff_word AS w WHERE "
            } else {
                " AND EXISTS (SELECT 1 FROM staff_word AS w WHERE w.staff = s.id AND "
            });
            self.push_range(query, word);
            query.push(")");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_case_nor_accents_nor_signs_between_words_count() {
        assert_eq!(words("Zoë O’Brien-ÅKESSON"), ["zoe", "o", "brien", "akesson"]);
        assert_eq!(words("İstanbul ΣΊΣΥΦΟΣ"), ["istanbul", "σισυφοσ"]);
        assert_eq!(words("adele.vance+x@contoso.com"), ["adele", "vance", "x", "contoso", "com"]);
        assert_eq!(fold("ﬁ Ⅳ"), "fi iv");
        assert!(words(" -- ").is_empty());
    }

    #[test]
    fn signs_alone_are_a_search_that_finds_nobody() {
        assert!(Search::of("  ").is_empty());
        assert!(!Search::of(" %_ ").is_empty());
    }
}
