//! What pages are made of.

mod form;
mod page;
mod pager;
mod progress;
mod time;

pub(crate) use form::{Choice, Field, post};
pub(crate) use page::Page;
pub(crate) use pager::{To, count, pager, staff};
pub(crate) use progress::{bar, moving};
pub(crate) use time::{clock_input, moment, period};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// An id as a part of a path.
pub(crate) fn segment(id: &str) -> String {
    utf8_percent_encode(id, NON_ALPHANUMERIC).to_string()
}

/// A text with a capital at its beginning.
pub(crate) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}
