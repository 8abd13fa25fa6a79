//! What is asked of Graph about keys: the addresses, within Graph's limits.

use super::keys::Key;
use crate::encode;

/// The most values of an `in`, or clauses joined by `or`, in one filter. One more is a 400
/// "Too many child clauses … Max allowed: 15" (`Request_UnsupportedQuery`).
pub(crate) const CLAUSES: usize = 15;

/// The longest value of a filter, in characters.
const VALUE: usize = 120;

/// What stands before a mail address in `proxyAddresses`.
const SMTP: &str = "smtp:";

/// One request about some keys.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The path and query under the version.
    pub(crate) path: String,
    /// Which keys it is about.
    pub(crate) keys: Vec<usize>,
    /// Whether the answer is a list of users, and not one user.
    pub(crate) list: bool,
}

/// Questions by user principal name: a user by its name where that is the only way or the cheapest,
/// else lists of 15.
pub(crate) fn by_name(keys: &[Key], asked: &[usize], select: &str) -> Vec<Question> {
    let alone = asked.len() == 1;
    let (single, many): (Vec<usize>, Vec<usize>) = asked.iter().copied().partition(|index| {
        let text = &keys[*index].text;
        // Without an `@` the path could name something else than a user by its name: an object id,
        // or a function such as `delta`.
        text.contains('@') && (alone || !fits(text, 0))
    });
    let lists = many.into_iter().filter(|index| fits(&keys[*index].text, 0));
    let lists: Vec<usize> = lists.collect();
    let lists = lists.chunks(CLAUSES).map(|chunk| {
        let filter = within("userPrincipalName", keys, chunk);
        list(&filter, select, chunk)
    });
    let single = single.into_iter().map(|index| one(keys, index, select));
    lists.chain(single).collect()
}

/// Questions that ask for each key by itself.
pub(crate) fn one_by_one(keys: &[Key], asked: &[usize], select: &str) -> Vec<Question> {
    let named = asked.iter().filter(|index| keys[**index].text.contains('@'));
    named.map(|index| one(keys, *index, select)).collect()
}

/// Questions by the other addresses of users. Mail and proxy addresses are asked apart, so that one
/// is answered if the other is refused; a single key is one question.
pub(crate) fn by_address(keys: &[Key], asked: &[usize], select: &str) -> Vec<Question> {
    let select = [select, ",proxyAddresses"].concat();
    let asked = asked.iter().copied();
    let asked: Vec<usize> = asked.filter(|index| fits(&keys[*index].text, SMTP.len())).collect();
    if let [index] = asked[..] {
        let filter = ["mail eq ", &literal(&keys[index].text), " or ", &proxies(keys, &asked)].concat();
        return vec![list(&filter, &select, &asked)];
    }
    let chunks = asked.chunks(CLAUSES);
    chunks
        .flat_map(|chunk| {
            [list(&within("mail", keys, chunk), &select, chunk), list(&proxies(keys, chunk), &select, chunk)]
        })
        .collect()
}

/// Whether a key can stand in a filter, with so many characters before it.
fn fits(text: &str, before: usize) -> bool {
    text.chars().count() + before <= VALUE
}

fn list(filter: &str, select: &str, keys: &[usize]) -> Question {
    let mut path = ["/users?$select=", select, "&$filter="].concat();
    encode::push_component(&mut path, filter);
    Question { path, keys: keys.to_vec(), list: true }
}

/// `GET /users/{userPrincipalName}`. A name that starts with `$` has to stand in parentheses, or it
/// would be read as a part of the query language ("Get a user", Graph).
fn one(keys: &[Key], index: usize, select: &str) -> Question {
    let text = &keys[index].text;
    let mut path = "/users".to_owned();
    if text.starts_with('$') {
        path.push('(');
        let quoted = literal(text);
        let inner = quoted.get(1..quoted.len() - 1).unwrap_or("");
        path.push('\'');
        encode::push_segment(&mut path, inner);
        path.push_str("')");
    } else {
        path.push('/');
        encode::push_segment(&mut path, text);
    }
    path.push_str("?$select=");
    path.push_str(select);
    Question { path, keys: vec![index], list: false }
}

/// `property in ('a','b')`
fn within(property: &str, keys: &[Key], asked: &[usize]) -> String {
    let mut filter = [property, " in ("].concat();
    for (place, index) in asked.iter().enumerate() {
        if place > 0 {
            filter.push(',');
        }
        encode::push_literal(&mut filter, &keys[*index].text);
    }
    filter.push(')');
    filter
}

/// `proxyAddresses/any(p:p eq 'smtp:a') or …`
fn proxies(keys: &[Key], asked: &[usize]) -> String {
    let mut filter = String::new();
    for (place, index) in asked.iter().enumerate() {
        if place > 0 {
            filter.push_str(" or ");
        }
        filter.push_str("proxyAddresses/any(p:p eq ");
        encode::push_literal(&mut filter, &[SMTP, &keys[*index].text].concat());
        filter.push(')');
    }
    filter
}

fn literal(text: &str) -> String {
    let mut quoted = String::new();
    encode::push_literal(&mut quoted, text);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(texts: &[&str]) -> (Vec<Key>, Vec<usize>) {
        let keys: Vec<Key> =
            texts.iter().map(|text| Key { text: (*text).to_owned(), folded: text.to_ascii_lowercase() }).collect();
        let all = (0..keys.len()).collect();
        (keys, all)
    }

    fn decoded(question: &Question) -> String {
        percent_encoding::percent_decode_str(&question.path).decode_utf8_lossy().into_owned()
    }

    #[test]
    fn one_key_is_one_user_by_name() {
        for (key, path) in [
            ("bob_x.com#EXT#@c.com", "/users/bob_x.com%23EXT%23@c.com?$select=id"),
            ("$o'x@c.com", "/users('$o%27%27x@c.com')?$select=id"),
            ("a+b%c/d@c.com", "/users/a%2Bb%25c%2Fd@c.com?$select=id"),
        ] {
            let (keys, all) = keys(&[key]);
            let questions = by_name(&keys, &all, "id");
            assert_eq!(questions[0].path, path);
            assert!(!questions[0].list);
        }
    }

    #[test]
    fn a_key_that_is_no_name_is_never_a_path() {
        for key in ["delta", "$count", "72f988bf-86f1-41af-91ab-2d7cd011db47", ".."] {
            let (keys, all) = keys(&[key]);
            assert!(by_name(&keys, &all, "id")[0].list, "{key}");
            assert!(one_by_one(&keys, &all, "id").is_empty());
        }
    }

    #[test]
    fn three_hundred_keys_are_twenty_lists_of_fifteen() {
        let texts: Vec<String> = (0..300).map(|n| format!("o'{n}@c.com")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (keys, all) = keys(&texts);
        let questions = by_name(&keys, &all, "id");
        assert_eq!(questions.len(), 20);
        assert!(questions.iter().all(|it| it.keys.len() == 15));
        assert!(
            decoded(&questions[0])
                .starts_with("/users?$select=id&$filter=userPrincipalName in ('o''0@c.com','o''1@c.com',")
        );
    }

    #[test]
    fn a_key_too_long_for_a_filter_is_asked_by_itself() {
        let long = format!("{}@c.com", "x".repeat(115));
        let (keys, all) = keys(&["a@c.com", &long, "b@c.com", &"y".repeat(121)]);
        let questions = by_name(&keys, &all, "id");
        assert_eq!(questions.len(), 2);
        assert_eq!(questions[0].keys, [0, 2]);
        assert_eq!((questions[1].keys.as_slice(), questions[1].list), ([1].as_slice(), false));
        assert_eq!(by_address(&keys, &all, "id").len(), 2);
    }

    #[test]
    fn addresses_are_looked_for_in_mail_and_proxies() {
        let (keys, all) = keys(&["a@c.com", "b@c.com"]);
        let questions = by_address(&keys, &all, "id");
        assert_eq!(
            decoded(&questions[0]),
            "/users?$select=id,proxyAddresses&$filter=mail in ('a@c.com','b@c.com')"
        );
        assert_eq!(
            decoded(&questions[1]),
            "/users?$select=id,proxyAddresses&$filter=proxyAddresses/any(p:p eq 'smtp:a@c.com') or \
             proxyAddresses/any(p:p eq 'smtp:b@c.com')"
        );
        let questions = by_address(&keys, &[1], "id");
        assert_eq!(questions.len(), 1);
        assert!(
            decoded(&questions[0])
                .ends_with("$filter=mail eq 'b@c.com' or proxyAddresses/any(p:p eq 'smtp:b@c.com')")
        );
    }
}
