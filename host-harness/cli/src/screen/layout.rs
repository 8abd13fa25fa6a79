//! Texts, numbers and amounts as people read them, in columns that wide and combining characters do
//! not push about.

use std::time::Duration;

use console::{Alignment, measure_text_width, pad_str, truncate_str};

/// The text in exactly so many columns, cut with `…` if it is longer.
pub fn fitted(text: &str, columns: usize) -> String {
    let cut = truncate_str(text, columns, "…");
    pad_str(&cut, columns, Alignment::Left, None).into_owned()
}

/// The text in lines of at most so many columns, broken between words; a longer word stays whole.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let more = measure_text_width(&line) + 1 + measure_text_width(word);
        if !line.is_empty() && more > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// `1 call`, `2 calls`.
pub fn count(number: impl Into<u64>, what: &str) -> String {
    match number.into() {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        number => format!("{number} {what}s"),
    }
}

/// How long something took.
pub fn took(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    match ms {
        ..10.0 => format!("{ms:.1} ms"),
        ..1_000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.2} s", ms / 1e3),
    }
}

/// An amount of bytes.
pub fn bytes(amount: u64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let amount_shown = amount as f64;
    match amount {
        0..1_024 => format!("{amount} B"),
        1_024..1_048_576 => format!("{:.1} KiB", amount_shown / 1_024.0),
        _ => format!("{:.1} MiB", amount_shown / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_their_columns() {
        assert_eq!(fitted("田中 颯一郎", 13), "田中 颯一郎  ");
        assert_eq!(fitted("Zoë", 5), "Zoë  ");
        assert_eq!(fitted("Maximiliane", 6), "Maxim…");
    }

    #[test]
    fn lines_break_between_words_and_long_words_stay_whole() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a abcdefghij b", 5), ["a", "abcdefghij", "b"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    #[test]
    fn amounts_are_in_the_unit_that_fits() {
        assert_eq!(bytes(1_023), "1023 B");
        assert_eq!(bytes(1_536), "1.5 KiB");
        assert_eq!(took(Duration::from_micros(1_250)), "1.2 ms");
        assert_eq!(took(Duration::from_millis(1_250)), "1.25 s");
        assert_eq!(count(0_u64, "call"), "no calls");
    }
}
