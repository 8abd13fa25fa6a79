//! From page to page of a long list.

use maud::{Markup, html};

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

/// Links to the other pages; `at` gives the address of one.
pub(crate) fn pager(page: u32, pages: u32, at: impl Fn(u32) -> String) -> Markup {
    html! {
        nav.pager aria-label="Pages" {
            @if page > 1 {
                a href=(at(1)) { "First" }
                a href=(at(page - 1)) rel="prev" { "Previous" }
            }
            span aria-current="page" { "Page " (count(page.into())) " of " (count(pages.max(1).into())) }
            @if page < pages {
                a href=(at(page + 1)) rel="next" { "Next" }
                a href=(at(pages)) { "Last" }
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
