//! The directory as a whole, page by page: cheaper than asking for each key where staff are most of it.

use http::StatusCode;

use crate::bindings::provider::{DirectoryEntry, DirectoryPage, Error, Standing};
use crate::connection::{self, Record};
use crate::failure;
use crate::graph::user::{BASIC, DirectoryUser, FULL, Page, STATE};
use crate::graph::{Failure, Request, page};
use crate::host::Host;

/// Users of a page: the most that there can be ("List users", Graph), and fewer where so many do not fit an
/// answer. A service plan takes about 150 bytes, and one user has 50 of them (E3) to 100 (E5 and more): an answer
/// of 8 MiB, as hosts lend it, holds 999 of the first kind and 500 of the second.
const TOP: [&str; 3] = ["999", "500", "250"];

/// Addresses of one user that are told.
const ADDRESSES: usize = 1_000;

/// The answer to `list-users`: one request. The cursor is Graph's own link to the next page, which is
/// followed on the same host only.
pub(crate) fn list(host: &dyn Host, cursor: Option<String>) -> Result<DirectoryPage, Error> {
    let record = connection::require(host)?;
    match cursor {
        Some(link) => read(host, &record, page::next(record.cloud, link)?).map_err(|failure| {
            if failure.too_large {
                // The link keeps to its size, so that asking again is of no use.
                return failure::internal("A page of the directory is larger than this host allows.");
            }
            failure.error
        }),
        None => first(host, &record),
    }
}

/// The first page decides what is selected and how much at once; the links behind it keep to that.
fn first(host: &dyn Host, record: &Record) -> Result<DirectoryPage, Error> {
    let mut select = FULL;
    let mut size = 0;
    loop {
        let path = ["/users?$top=", TOP[size], "&$select=", select, ",proxyAddresses"].concat();
        match read(host, record, record.cloud.resource(&path)) {
            Ok(page) => return Ok(page),
            Err(failure) if failure.too_large && size + 1 < TOP.len() => size += 1,
            // What is then not known of a licence counts as in order, as where keys are asked for.
            Err(failure) if failure.too_large && select == FULL => select = STATE,
            Err(failure) if failure.status == Some(StatusCode::FORBIDDEN) && select != BASIC => {
                select = BASIC;
            }
            Err(failure) => return Err(failure.error),
        }
    }
}

fn read(host: &dyn Host, record: &Record, url: String) -> Result<DirectoryPage, Failure> {
    let answer = Request::get(url, record.credential()).succeed(host)?;
    let page = Page::read(&answer.json()?, true);
    let page = page.ok_or_else(|| {
        failure::internal("Microsoft Graph answered a question about all users with something odd.")
    })?;
    Ok(DirectoryPage { entries: page.users.iter().map(entry).collect(), next: page.next })
}

fn entry(user: &DirectoryUser) -> DirectoryEntry {
    let standing = if user.is_guest() {
        Standing::Guest
    } else if user.is_disabled() {
        Standing::Disabled
    } else if user.is_unlicensed() {
        Standing::Unlicensed
    } else {
        Standing::Usable
    };
    let addresses = user.addresses().filter(|address| !address.eq_ignore_ascii_case(user.upn()));
    let other_keys = addresses.take(ADDRESSES).map(str::to_owned).collect();
    DirectoryEntry { user: user.user(), standing, other_keys }
}

/// The answer to `directory-size`. Counting is an advanced query, which needs the header
/// ("Advanced query capabilities on Microsoft Entra ID objects", Graph); who may not count is not told.
pub(crate) fn size(host: &dyn Host) -> Result<Option<u64>, Error> {
    let record = connection::require(host)?;
    let request = Request::get(record.cloud.resource("/users/$count"), record.credential()).eventual();
    match request.succeed(host) {
        Ok(answer) => Ok(answer.count()),
        Err(failure) => match failure.status {
            Some(StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND) => Ok(None),
            _ => Err(failure.error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::http;
    use crate::fake::Fake;

    #[test]
    fn a_page_tells_who_there_is_and_where_the_next_one_is() {
        let host = Fake::connected("");
        let next = "https://graph.microsoft.com/v1.0/users?$skiptoken=x";
        host.answer(
            200,
            &format!(
                r#"{{"@odata.nextLink":"{next}","value":[
                {{"id":"1","userPrincipalName":"a@c.com","mail":"a@c.com","proxyAddresses":["smtp:b@c.com"],
                  "assignedPlans":[{{"service":"TeamspaceAPI","capabilityStatus":"Enabled"}}]}},
                {{"id":"2","userPrincipalName":"d@c.com","accountEnabled":false}},
                {{"id":"3","userPrincipalName":"g#EXT#@c.com"}},
                {{"id":"4","userPrincipalName":"u@c.com","assignedPlans":[]}}]}}"#
            ),
        );
        host.answer(200, r#"{"value":[]}"#);
        let page = list(&host, None).expect("a page");
        let told: Vec<_> = page.entries.iter().map(|it| (it.user.key.as_str(), it.standing)).collect();
        let wanted = [
            ("a@c.com", Standing::Usable),
            ("d@c.com", Standing::Disabled),
            ("g#EXT#@c.com", Standing::Guest),
            ("u@c.com", Standing::Unlicensed),
        ];
        assert_eq!(told, wanted);
        assert_eq!(page.entries[0].other_keys, ["b@c.com"]);
        let last = list(&host, page.next).expect("the last page");
        assert_eq!((last.entries.len(), last.next), (0, None));
        let lines = host.lines();
        assert!(lines[0].contains("/users?$top=999&$select=id,"), "{lines:?}");
        assert!(lines[1].ends_with(next));
    }

    #[test]
    fn a_page_too_large_is_asked_for_in_smaller_ones_before_a_licence_is_left_out() {
        let host = Fake::connected("");
        for _ in 0..3 {
            host.answers.borrow_mut().push_back(Err(http::Error::TooLarge(1)));
        }
        host.answer(200, r#"{"value":[]}"#);
        assert!(list(&host, None).is_ok());
        let lines = host.lines();
        for (line, top) in lines.iter().zip(["$top=999&", "$top=500&", "$top=250&"]) {
            assert!(line.contains(top) && line.contains("assignedPlans"), "{lines:?}");
        }
        assert!(lines[3].contains("$top=250&") && !lines[3].contains("assignedPlans"), "{lines:?}");
    }

    #[test]
    fn a_later_page_that_is_too_large_is_not_worth_asking_for_again() {
        let host = Fake::connected("");
        host.answers.borrow_mut().push_back(Err(http::Error::TooLarge(1)));
        let next = "https://graph.microsoft.com/v1.0/users?$skiptoken=x".to_owned();
        assert!(matches!(list(&host, Some(next)), Err(Error::Internal(_))));
    }

    #[test]
    fn a_cursor_of_another_host_is_not_followed() {
        let host = Fake::connected("");
        assert!(list(&host, Some("https://evil.example/v1.0/users".to_owned())).is_err());
        assert!(host.lines().is_empty());
    }

    #[test]
    fn users_are_counted_or_it_is_not_known() {
        let host = Fake::connected("");
        host.answer(200, "\u{feff}50000");
        host.answer(403, "{}");
        host.answer(429, "");
        assert_eq!(size(&host), Ok(Some(50_000)));
        assert_eq!(size(&host), Ok(None));
        assert!(matches!(size(&host), Err(Error::Throttled(_))));
        let eventual = |it: &crate::bindings::types::Parameter| it.name == "consistencylevel";
        assert!(host.sent.borrow().iter().all(|request| request.headers.iter().any(eventual)));
    }
}
