//! Which links a token may be in.

use std::str::FromStr;

use url::Url;

/// Links that begin in one way: an https origin, and below it everything, or what is below a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// Without a slash at its end.
    beginning: Url,
    text: String,
}

/// Why a text is no beginning of links.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not how links begin. Write it like https://meet.example.com, or with the path that all of them \
     have: https://meet.example.com/tenant"
)]
pub struct LinksError {
    text: String,
}

impl FromStr for Links {
    type Err = LinksError;

    fn from_str(text: &str) -> Result<Self, LinksError> {
        let fail = || LinksError { text: text.chars().take(200).collect() };
        let beginning = Url::parse(text).map_err(|_| fail())?;
        let bare = beginning.query().is_none() && beginning.fragment().is_none();
        let nobody = beginning.username().is_empty() && beginning.password().is_none();
        if beginning.scheme() != "https" || beginning.host_str().is_none() || !bare || !nobody {
            return Err(fail());
        }
        let text = beginning.as_str().trim_end_matches('/').to_owned();
        Ok(Self { beginning, text })
    }
}

impl Links {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a link is one of them.
    pub(crate) fn lead_to(&self, link: &Url) -> bool {
        // As browsers read it: scheme, host and port compared, and a path without `..` in it.
        let below = self.beginning.path().trim_end_matches('/');
        let path = link.path().strip_prefix(below);
        link.origin() == self.beginning.origin()
            && path.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// How much it says.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_begin_at_the_border_of_a_part() {
        let lead = |beginning: &str, link: &str| {
            beginning.parse::<Links>().unwrap().lead_to(&Url::parse(link).unwrap())
        };
        assert!(lead("https://meet.example.com", "https://meet.example.com/room?jwt=x"));
        assert!(lead("https://Meet.Example.com:443/", "https://meet.example.com/room"));
        assert!(lead("https://8x8.vc/tenant", "https://8x8.vc/tenant/room"));
        for other in [
            "https://meet.example.com.evil.example/room",
            "https://meet.example.com@evil.example/room",
            "https://meet.example.com:8443/room",
            "http://meet.example.com/room",
        ] {
            assert!(!lead("https://meet.example.com", other), "{other}");
        }
        for other in [
            "https://8x8.vc/tenant-of-another/room",
            "https://8x8.vc/tenant/../other/room",
            "https://8x8.vc/",
        ] {
            assert!(!lead("https://8x8.vc/tenant", other), "{other}");
        }
    }

    #[test]
    fn what_says_too_much_or_too_little_is_no_beginning() {
        for text in [
            "",
            "meet.example.com",
            "http://a.example",
            "https://",
            "https://u@a.example",
            "https://a.example/?x",
            "https://a.example/#x",
        ] {
            assert!(text.parse::<Links>().is_err(), "{text}");
        }
    }
}
