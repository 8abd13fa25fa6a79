//! What pages are made of.

mod form;
mod page;
mod pager;
mod time;

pub(crate) use form::{Choice, Field, post};
pub(crate) use page::Page;
pub(crate) use pager::{count, pager};
pub(crate) use time::{clock_input, moment};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// An id as a part of a path.
pub(crate) fn segment(id: &str) -> String {
    utf8_percent_encode(id, NON_ALPHANUMERIC).to_string()
}
