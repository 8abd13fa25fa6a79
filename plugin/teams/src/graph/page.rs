//! Lists that come in pages ("Paging", Graph): followed to the end, and never to another host.

use crate::bindings::provider::Error;
use crate::cloud::Cloud;
use crate::failure;

/// More pages than a list of this provider can have; pages can be empty, so a list that never ends
/// could not be told by what is in them. Fewer than the requests that a host allows a call, which are
/// 64 unless its operator says otherwise: running into that would look like the operator's fault.
pub(crate) const MOST: usize = 50;

/// The address of the next page, if it is one that the access token may go to.
pub(crate) fn next(cloud: &Cloud, link: String) -> Result<String, Error> {
    // What comes after the origin cannot change it once a slash has ended it.
    let same_origin = link.strip_prefix(cloud.graph).is_some_and(|path| path.starts_with('/'));
    if same_origin {
        Ok(link)
    } else {
        Err(failure::internal("Microsoft Graph named a next page on another host. It was not asked for."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::GLOBAL;

    #[test]
    fn only_the_same_host_over_https_is_followed() {
        let good = "https://graph.microsoft.com/v1.0/users?$skiptoken=a%20b";
        assert_eq!(next(&GLOBAL, good.to_owned()), Ok(good.to_owned()));
        for link in [
            "http://graph.microsoft.com/v1.0/users",
            "https://graph.microsoft.com.evil.example/v1.0/users",
            "https://graph.microsoft.com:8443/v1.0/users",
            "https://graph.microsoft.com@evil.example/",
            "https://user@graph.microsoft.com/",
            "https://graph.microsoft.us/v1.0/users",
            "/v1.0/users",
            "",
        ] {
            assert!(next(&GLOBAL, link.to_owned()).is_err(), "{link}");
        }
    }
}
