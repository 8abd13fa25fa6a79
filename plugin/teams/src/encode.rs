//! What goes into an address or an `OData` literal, encoded so that exactly it arrives.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986, 2.3.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A path segment, in which `@` and `$` may stand as they are (RFC 3986, 3.3).
const SEGMENT: &AsciiSet = &COMPONENT.remove(b'@').remove(b'$');

/// Appends a query parameter's name or value.
pub(crate) fn push_component(url: &mut String, value: &str) {
    url.extend(utf8_percent_encode(value, COMPONENT));
}

/// Appends one segment of a path.
pub(crate) fn push_segment(url: &mut String, value: &str) {
    url.extend(utf8_percent_encode(value, SEGMENT));
}

/// Appends `name=value` pairs, separated by `&`.
pub(crate) fn push_query(url: &mut String, pairs: &[(&str, &str)]) {
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            url.push('&');
        }
        push_component(url, name);
        url.push('=');
        push_component(url, value);
    }
}

/// Appends a string literal of `OData`: in quotes, with a quote inside it doubled.
pub(crate) fn push_literal(expression: &mut String, value: &str) {
    expression.push('\'');
    for character in value.chars() {
        if character == '\'' {
            expression.push('\'');
        }
        expression.push(character);
    }
    expression.push('\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reserved_character_of_a_query_value_is_encoded() {
        let mut url = String::new();
        push_query(&mut url, &[("$filter", "a+b&c=d#e%f g/é'")]);
        assert_eq!(url, "%24filter=a%2Bb%26c%3Dd%23e%25f%20g%2F%C3%A9%27");
    }

    #[test]
    fn a_segment_cannot_end_the_path() {
        let mut url = String::new();
        push_segment(&mut url, "bob_x.com#EXT#@c.com/../?$");
        assert_eq!(url, "bob_x.com%23EXT%23@c.com%2F..%2F%3F$");
    }

    #[test]
    fn a_quote_inside_a_literal_is_doubled() {
        let mut expression = String::new();
        push_literal(&mut expression, "o'neill@x");
        assert_eq!(expression, "'o''neill@x'");
    }
}
