//! From page to page of a long list.

use maud::{Markup, html};
use video_platform::Page;

/// A number as people write it: `50,000`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many staff, in words: `1 staff member`, `50,000 staff`.
pub(crate) fn staff(number: u64) -> String {
    if number == 1 { "1 staff member".to_owned() } else { format!("{} staff", count(number)) }
}

/// Another page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    First,
    Previous,
    Next,
    Last,
}

/// Links to the other pages; `at` gives the address of one.
pub(crate) fn pager<T>(page: &Page<T>, at: impl Fn(To) -> String) -> Markup {
    let (number, pages) = (u64::from(page.page), page.pages());
    html! {
        nav.pager aria-label="Pages" {
            @if page.page > 1 {
                a href=(at(To::First)) { "First" }
                a href=(at(To::Previous)) rel="prev" { "Previous" }
            }
            span aria-current="page" {
                "Page " (count(number)) @if let Some(pages) = pages { " of " (count(pages.into())) }
            }
            @if page.has_next() {
                a href=(at(To::Next)) rel="next" { "Next" }
                @if pages.is_some() { a href=(at(To::Last)) { "Last" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn large_numbers_are_grouped() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (50_000, "50,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), text);
        }
    }
}
