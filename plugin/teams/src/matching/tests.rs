//! Whole batches, against a host in memory.

use super::*;
use crate::fake::Fake;

/// By key, and then by address.
fn match_users(host: &Fake, keys: &[String]) -> Result<Vec<MatchOutcome>, Error> {
    super::match_users(host, keys, Look::Everywhere)
}

fn keys(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("u{index}@c.com")).collect()
}

fn user(name: &str) -> String {
    format!(r#"{{"id":"id-{name}","userPrincipalName":"{name}@C.com","mail":"m-{name}@c.com"}}"#)
}

/// An answer to a batch: `items` are status, headers and body of each.
fn batch(items: &[(u16, &str, String)]) -> String {
    let items = items.iter().enumerate().map(|(index, (status, headers, body))| {
        let id = index + 1;
        format!(r#"{{"id":"{id}","status":{status},"headers":{{{headers}}},"body":{body}}}"#)
    });
    format!(r#"{{"responses":[{}]}}"#, items.rev().collect::<Vec<_>>().join(","))
}

fn list(users: &[String]) -> String {
    format!(r#"{{"value":[{}]}}"#, users.join(","))
}

#[test]
fn three_hundred_keys_are_one_request() {
    let host = Fake::connected("");
    let items: Vec<_> = (0..20)
        .map(|chunk| {
            let users = (chunk * 15..chunk * 15 + 15).map(|index| user(&format!("U{index}")));
            (200, "", list(&users.collect::<Vec<_>>()))
        })
        .collect();
    host.answer(200, &batch(&items));
    let outcomes = match_users(&host, &keys(300)).expect("outcomes");
    assert!(outcomes.iter().all(|it| matches!(it, MatchOutcome::Matched(_))));
    assert_eq!(host.lines(), ["Method::Post https://graph.microsoft.com/v1.0/$batch"]);
    assert!(match_users(&host, &keys(301)).is_err());
}

#[test]
fn a_throttled_item_makes_exactly_its_keys_unknown() {
    let host = Fake::connected("");
    let first: Vec<_> = (0..15).map(|index| user(&format!("u{index}"))).collect();
    let throttled = r#""Retry-After":"2.5""#;
    host.answer(200, &batch(&[(200, "", list(&first)), (429, throttled, "null".to_owned())]));
    let outcomes = match_users(&host, &keys(30)).expect("outcomes");
    assert!(outcomes[..15].iter().all(|it| matches!(it, MatchOutcome::Matched(_))));
    assert!(outcomes[15..].iter().all(|it| *it == MatchOutcome::RetryLater(2500)));
    assert_eq!(host.sent.borrow().len(), 1);
}

#[test]
fn what_is_not_found_is_looked_for_by_address_in_one_more_request() {
    let host = Fake::connected("");
    host.answer(200, &list(&[user("u0")]));
    host.answer(200, &batch(&[(200, "", list(&[user("x")])), (403, "", "{}".to_owned())]));
    let asked = ["u0@c.com", "M-X@c.com", "nobody@c.com"].map(str::to_owned);
    let outcomes = match_users(&host, &asked).expect("outcomes");
    assert!(matches!(&outcomes[0], MatchOutcome::Matched(user) if user.key == "u0@C.com"));
    assert!(matches!(&outcomes[1], MatchOutcome::AliasOf(user) if user.key == "x@C.com"));
    assert_eq!(outcomes[2], MatchOutcome::NotFound);
    assert_eq!(host.sent.borrow().len(), 2);
}

#[test]
fn one_key_is_one_request_and_a_404_is_looked_for() {
    let host = Fake::connected("");
    host.answer(200, &user("a"));
    assert!(matches!(
        &match_users(&host, &["A@c.com ".to_owned()]).expect("outcomes")[0],
        MatchOutcome::Matched(_)
    ));
    host.answer(404, r#"{"error":{"code":"Request_ResourceNotFound"}}"#);
    host.answer(429, "");
    let outcomes = match_users(&host, &["b@c.com".to_owned()]).expect("outcomes");
    assert_eq!(outcomes, [MatchOutcome::RetryLater(5000)]);
    assert_eq!(host.lines().len(), 3);
}

#[test]
fn a_sign_that_only_looks_like_a_letter_of_a_name_matches_nobody() {
    let host = Fake::connected("");
    // A Kelvin sign, whose lower case in Unicode is the letter.
    host.answer(200, &user("kim"));
    host.answer(200, &list(&[user("kim")]));
    let outcomes = match_users(&host, &["\u{212a}im@c.com".to_owned()]).expect("outcomes");
    assert_eq!(outcomes, [MatchOutcome::NotFound]);
    host.answer(200, &user("kim"));
    assert!(matches!(
        &match_users(&host, &["Kim@c.com".to_owned()]).expect("outcomes")[0],
        MatchOutcome::Matched(_)
    ));
}

#[test]
fn if_nothing_is_answered_the_cause_is_the_error() {
    let host = Fake::connected("");
    host.answer(429, "");
    assert_eq!(match_users(&host, &keys(1)), Err(Error::Throttled(None)));
    host.answer(503, "");
    assert!(matches!(match_users(&host, &keys(30)), Err(Error::Unavailable(_))));
    let item = |seconds| (429, seconds, "null".to_owned());
    host.answer(200, &batch(&[item(r#""Retry-After":"1""#), item(r#""Retry-After":"9""#)]));
    assert_eq!(match_users(&host, &keys(30)), Err(Error::Throttled(Some(9000))));
    host.answer(200, &batch(&[(403, "", "{}".to_owned()), (403, "", "{}".to_owned())]));
    host.answer(200, &batch(&[(403, "", "{}".to_owned()), (403, "", "{}".to_owned())]));
    assert!(matches!(match_users(&host, &keys(30)), Err(Error::Refused(_))));
    host.answer(200, &batch(&[(401, "", "{}".to_owned()), (401, "", "{}".to_owned())]));
    assert!(matches!(match_users(&host, &keys(30)), Err(Error::Unavailable(_))));
}

#[test]
fn if_not_everything_may_be_seen_less_is_asked_for() {
    let host = Fake::connected("");
    host.answer(403, r#"{"error":{"code":"Authorization_RequestDenied"}}"#);
    host.answer(200, &list(&[user("u0"), user("u1")]));
    let outcomes = match_users(&host, &keys(2)).expect("outcomes");
    assert!(outcomes.iter().all(|it| matches!(it, MatchOutcome::Matched(_))));
    assert!(host.lines()[0].contains("assignedPlans") && !host.lines()[1].contains("userType"));
}

#[test]
fn a_key_that_spoils_a_filter_spoils_no_other() {
    let host = Fake::connected("");
    host.answer(400, r#"{"error":{"code":"Request_BadRequest"}}"#);
    host.answer(200, &batch(&[(200, "", user("u0")), (400, "", "{}".to_owned())]));
    host.answer(200, &list(&[]));
    let outcomes = match_users(&host, &keys(2)).expect("outcomes");
    assert!(matches!(outcomes[0], MatchOutcome::Matched(_)));
    assert_eq!(outcomes[1], MatchOutcome::NotFound);
}

#[test]
fn pages_are_followed_and_never_elsewhere() {
    let host = Fake::connected("");
    let page = |link: &str| format!(r#"{{"value":[],"@odata.nextLink":"{link}"}}"#);
    host.answer(200, &page("https://graph.microsoft.com/v1.0/users?$skiptoken=x"));
    host.answer(200, &list(&[user("u0"), user("u1")]));
    assert!(match_users(&host, &keys(2)).is_ok());
    host.answer(200, &page("https://evil.example/v1.0/users"));
    assert!(matches!(match_users(&host, &keys(2)), Err(Error::Internal(_))));
    assert_eq!(host.sent.borrow().len(), 3);
}

#[test]
fn an_empty_batch_asks_nothing() {
    let host = Fake::connected("");
    assert_eq!(match_users(&host, &[]), Ok(Vec::new()));
    let blank = [" ".to_owned()];
    assert_eq!(match_users(&host, &blank), Ok(vec![MatchOutcome::NotFound]));
    assert!(host.sent.borrow().is_empty());
}

#[test]
fn the_two_looks_can_be_had_apart_so_that_misses_share_a_second_one() {
    let host = Fake::connected("");
    host.answer(200, &list(&[user("u0")]));
    let asked = ["u0@c.com", "m-x@c.com"].map(str::to_owned);
    let outcomes = super::match_users(&host, &asked, Look::Keys).expect("outcomes");
    assert!(matches!(&outcomes[..], [MatchOutcome::Matched(_), MatchOutcome::NotFound]), "{outcomes:?}");
    assert_eq!(host.lines().len(), 1);

    let misses: Vec<_> = keys(149).into_iter().chain(["m-x@c.com".to_owned()]).collect();
    let items = (0..20).map(|item| (200, "", list(&if item == 19 { vec![user("x")] } else { vec![] })));
    host.answer(200, &batch(&items.collect::<Vec<_>>()));
    let outcomes = super::match_users(&host, &misses, Look::Addresses).expect("outcomes");
    assert!(matches!(&outcomes[149], MatchOutcome::AliasOf(user) if user.key == "x@C.com"), "{outcomes:?}");
    assert!(outcomes[..149].iter().all(|it| *it == MatchOutcome::NotFound));
    assert_eq!(host.lines().len(), 2, "150 misses are one request");
    assert!(!host.body(1).contains("assignedPlans"), "a licence is no matter here");
}

#[test]
fn after_a_batch_that_was_throttled_as_a_whole_no_other_is_sent() {
    let host = Fake::connected("");
    host.answer(429, "");
    let asked = super::match_users(&host, &keys(300), Look::Addresses);
    assert!(matches!(asked, Err(Error::Throttled(_))), "{asked:?}");
    assert_eq!(host.sent.borrow().len(), 1);
}

#[test]
fn an_item_for_which_the_access_ran_out_is_asked_for_again_and_ends_no_connection() {
    let host = Fake::connected("");
    let first: Vec<_> = (0..15).map(|index| user(&format!("u{index}"))).collect();
    let refused = r#"{"error":{"code":"InvalidAuthenticationToken","message":"Lifetime validation failed"}}"#;
    host.answer(200, &batch(&[(200, "", list(&first)), (401, "", refused.to_owned())]));
    let outcomes = match_users(&host, &keys(30)).expect("outcomes");
    assert!(outcomes[..15].iter().all(|it| matches!(it, MatchOutcome::Matched(_))));
    assert!(outcomes[15..].iter().all(|it| matches!(it, MatchOutcome::RetryLater(_))));

    let challenge = r#""WWW-Authenticate":"Bearer error=\"insufficient_claims\", claims=\"e30=\"""#;
    host.answer(200, &batch(&[(200, "", list(&first)), (401, challenge, "null".to_owned())]));
    assert!(matches!(match_users(&host, &keys(30)), Err(Error::NeedsReauthorization(_))));
}

#[test]
fn a_user_found_by_an_address_who_has_the_key_as_their_name_is_no_alias() {
    let host = Fake::connected("");
    host.answer(404, "{}");
    host.answer(200, &list(&[r#"{"id":"1","userPrincipalName":"U0@C.com","mail":"u0@c.com"}"#.to_owned()]));
    let outcomes = match_users(&host, &keys(1)).expect("outcomes");
    assert!(matches!(&outcomes[..], [MatchOutcome::Matched(_)]), "{outcomes:?}");
}
