//! Links that a plugin sends people to: they are opened in browsers and e-mails that trust the platform.

use url::{Position, Url};

use super::returns::{Broken, in_one_piece, text};
use crate::signing::{Links, Signed};

/// URLs, in bytes.
const URL: usize = 2_048;
/// A link for one participant, in bytes: it carries a token.
const PARTICIPANT: usize = 8_192;

/// A link that people are sent to.
pub(super) fn join_link(link: &str, links: &[Links]) -> Result<(), Broken> {
    people_go_to(link, URL, links).map(drop)
}

/// A link for one participant, that leads where the tokens that were signed for it may go. No message has any
/// of it.
pub(crate) fn participant_link(link: &str, signed: &[Signed], links: &[Links]) -> Result<(), Broken> {
    let url = people_go_to(link, PARTICIPANT, links)?;
    match signed.iter().find(|signed| !signed.links.lead_to(&url)) {
        Some(signed) => {
            let origin = url.origin().ascii_serialization();
            Err(format!("the join link leads to {origin}, and a token was signed for {} alone", signed.links))
        }
        None => Ok(()),
    }
}

fn people_go_to(link: &str, most: usize, links: &[Links]) -> Result<Url, Broken> {
    text("the join link", link, most)?;
    in_one_piece("the join link", link)?;
    let url = Url::parse(link).map_err(|error| format!("the join link is not a URL: {error}"))?;
    if url.scheme() != "https" || url.host_str().is_none() {
        return Err("the join link is not an https link".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the join link has a user name in it".to_owned());
    }
    // What reads it next may follow another rule than browsers do, of `https:host`, of a backslash or of a host
    // in disguise, and would lead elsewhere.
    let host = &url[Position::BeforeHost..Position::AfterPort];
    if !written(link).is_some_and(|written| written.eq_ignore_ascii_case(host)) {
        return Err(format!("the join link does not begin as it would be written, https://{host}"));
    }
    if !links.is_empty() && !links.iter().any(|links| links.lead_to(&url)) {
        let origin = url.origin().ascii_serialization();
        let granted = links.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return Err(format!("the join link leads to {origin}, and the operator granted {granted}"));
    }
    Ok(url)
}

/// The host of a link and a port that says something, letter by letter.
fn written(link: &str) -> Option<&str> {
    let (scheme, rest) = link.split_at_checked("https://".len())?;
    let host = rest.split(['/', '?', '#']).next()?;
    scheme.eq_ignore_ascii_case("https://").then(|| host.strip_suffix(":443").unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_checked_as_people_will_read_it() {
        let links = ["https://rooms.example".parse().expect("links")];
        assert_eq!(join_link("https://rooms.example/1", &links), Ok(()));
        for link in [
            "https://rooms.example/1\nhttps://evil.example/pay",
            "https://rooms.ex\nample/1",
            "https://rooms.example/1\t2",
            " https://rooms.example/1",
            "https://rooms.example/1 ",
            "https://rooms.example/1\u{2028}",
        ] {
            let refused = join_link(link, &links);
            assert_eq!(refused, Err("the join link has white space in it".to_owned()), "{link:?}");
        }
    }

    #[test]
    fn a_link_leads_to_the_same_host_whoever_reads_it() {
        for link in [
            "https://rooms.example/1",
            "https://rooms.example",
            "HTTPS://Rooms.Example?room=1",
            "https://rooms.example:443/1",
            "https://rooms.example:8443#1",
            "https://xn--r-0mb.example/1",
            "https://[2001:db8::1]/1",
        ] {
            assert_eq!(join_link(link, &[]), Ok(()), "{link}");
        }
        for link in [
            "https:rooms.example/1",
            "https:/rooms.example/1",
            "https:///rooms.example/1",
            "https:\\\\rooms.example/1",
            "https://rooms.example\\@evil.example/1",
            "https://rooms%2Eexample/1",
            "https://ｒooms.example/1",
            "https://0x7f.1/1",
        ] {
            let refused = join_link(link, &[]);
            assert!(
                matches!(&refused, Err(rule) if rule.contains("does not begin as it would be written")),
                "{link}: {refused:?}"
            );
        }
    }
}
