//! A key arrives exactly as the staff record has it, whatever is in it.

use anyhow::{Result, anyhow, ensure};
use mock_graph::contoso;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use video_host::provider::{Look, MatchOutcome};

use crate::stage::{Question, Stage, member};

const OTHER: &str = contoso::ADVISER;

/// Keys of users that there are.
fn odd_keys() -> Vec<String> {
    let odd = [
        "o'neill@contoso.com",
        "''@contoso.com",
        "bob_fabrikam.com#EXT#@contoso.onmicrosoft.com",
        "$dollar@contoso.com",
        "$o'dollar@contoso.com",
        "mid$dle@contoso.com",
        "100%@contoso.com",
        "%41%2f@contoso.com",
        "a+b@contoso.com",
        "a&b=c@contoso.com",
        "two  spaces inside@contoso.com",
        "a?b/c/../d\\e@contoso.com",
        "../users@contoso.com",
        "a,b')or(c@contoso.com",
        "(\"q\";:<>[]{}|^`~!*)@contoso.com",
        "jürgen.groß@contoso.com",
        "学生😀@contoso.com",
        "e\u{301}@contoso.com",
    ];
    let long = |length: usize| format!("{}@contoso.com", "ä".repeat(length - "@contoso.com".len()));
    odd.map(str::to_owned)
        .into_iter()
        .chain([long(115), long(116), long(120), long(121), long(256)])
        .collect()
}

/// Asserts that nothing but these keys was asked for, and that a first look asked for each.
fn assert_exact(asked: &[Question], keys: &[&str]) -> Result<()> {
    for key in asked.iter().flat_map(Question::keys) {
        ensure!(keys.contains(&key), "{key:?} arrived, and was not asked for: {keys:?}");
    }
    let first: Vec<_> =
        asked.iter().filter(|question| !question.is_second_look()).flat_map(Question::keys).collect();
    for key in keys {
        ensure!(first.iter().filter(|asked| *asked == key).count() == 1, "{key:?} did not arrive: {asked:?}");
    }
    Ok(())
}

#[tokio::test]
async fn odd_keys_arrive_exactly_and_find_their_users() -> Result<()> {
    let keys = odd_keys();
    let users = (1..).zip(&keys).map(|(number, key)| member(number, key)).collect();
    let stage = Stage::start(users).await?;
    let is = |outcome: &MatchOutcome, key: &str| matches!(outcome, MatchOutcome::Matched(user) | MatchOutcome::Guest(user) if user.key == key);
    for key in &keys {
        let alone = stage.ask(&[key]).await?;
        assert!(is(&alone[0], key), "{key}: {alone:?}");
        assert_eq!(stage.asked()?, [Question::User(key.clone())]);

        let padded = stage.ask(&[format!(" {key}\t").as_str(), OTHER]).await?;
        assert!(is(&padded[0], key) && is(&padded[1], OTHER), "{key}: {padded:?}");
        assert_exact(&stage.asked()?, &[key, OTHER])?;
    }
    let together = stage.ask(&keys).await?;
    for (key, outcome) in keys.iter().zip(&together) {
        assert!(is(outcome, key), "{key}: {outcome:?}");
    }
    assert_eq!(stage.received().len(), 1, "all of them are one batch");
    Ok(())
}

#[tokio::test]
async fn a_key_that_is_no_name_is_asked_for_by_filter_or_not_at_all() -> Result<()> {
    let stage = Stage::start(Vec::new()).await?;
    // As a path, each of these would name something else than a user by UPN.
    for key in [contoso::ADVISER_ID, "delta", "$count", "..", "AdeleV"] {
        assert_eq!(stage.ask_in_words(&[key]).await?, ["not found"], "{key}");
        let asked = stage.asked()?;
        assert_eq!(asked[0], Question::Names(vec![key.to_owned()]));
        assert_exact(&asked, &[key])?;
    }
    let longest = "x".repeat(120);
    assert_eq!(stage.ask_in_words(&[&longest]).await?, ["not found"]);
    assert_eq!(stage.asked()?, [Question::Names(vec![longest])]);
    assert_eq!(stage.ask_in_words(&["x".repeat(121)]).await?, ["not found"]);
    assert!(stage.received().is_empty(), "no filter takes it, and it is no name");
    Ok(())
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(any::<char>(), 0..140).prop_map(String::from_iter),
        "\\PC{0,30}@\\PC{0,30}",
        "[-$#%&+'\"/\\\\ ?@=;,.()äß😀]{1,24}",
        "\\PC{100,130}@contoso\\.com",
    ]
}

#[test]
fn any_key_arrives_exactly_or_is_answered_without_a_call() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let stage = runtime.block_on(Stage::start(Vec::new()))?;
    let asked_exactly = async |key: &str| {
        let trimmed = key.trim();
        let outcomes = stage.ask(&[key]).await?;
        ensure!(outcomes == [MatchOutcome::NotFound], "{outcomes:?}");
        let asked = stage.asked()?;
        let askable = !trimmed.is_empty() && (trimmed.contains('@') || trimmed.chars().count() <= 120);
        if !askable {
            ensure!(asked.is_empty(), "{asked:?}");
            return Ok(());
        }
        assert_exact(&asked, &[trimmed])?;
        // In a filter, too.
        let outcomes = stage.ask(&[key, OTHER]).await?;
        ensure!(matches!(&outcomes[..], [MatchOutcome::NotFound, MatchOutcome::Matched(_)]), "{outcomes:?}");
        assert_exact(&stage.asked()?, &[trimmed, OTHER])
    };
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&any_key(), |key| {
            runtime.block_on(asked_exactly(&key)).map_err(|error| TestCaseError::fail(format!("{error:#}")))
        })
        .map_err(|error| anyhow!("{error}"))
}

#[test]
fn each_look_by_itself_asks_for_exactly_the_key() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let stage = runtime.block_on(Stage::start(Vec::new()))?;
    let asked_exactly = async |key: &str| {
        let trimmed = key.trim();
        let outcomes = stage.look(&[key, OTHER], Look::Keys).await?;
        ensure!(matches!(&outcomes[..], [MatchOutcome::NotFound, MatchOutcome::Matched(_)]), "{outcomes:?}");
        let asked = stage.asked()?;
        ensure!(!asked.iter().any(Question::is_second_look), "{asked:?}");
        let length = trimmed.chars().count();
        let askable = length > 0 && (trimmed.contains('@') || length <= 120);
        let wanted = if askable { vec![trimmed, OTHER] } else { vec![OTHER] };
        assert_exact(&asked, &wanted)?;

        let outcomes = stage.look(&[key, OTHER], Look::Addresses).await?;
        ensure!(matches!(&outcomes[..], [MatchOutcome::NotFound, MatchOutcome::Matched(_)]), "{outcomes:?}");
        let asked = stage.asked()?;
        ensure!(asked.iter().all(Question::is_second_look), "{asked:?}");
        // `smtp:` stands before it, and takes five of the 120 characters.
        let wanted = if length > 0 && length <= 115 { vec![trimmed, OTHER] } else { vec![OTHER] };
        ensure!(asked.iter().all(|question| question.keys() == wanted), "{asked:?}");
        Ok(())
    };
    let config = Config { cases: 48, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&any_key(), |key| {
            runtime.block_on(asked_exactly(&key)).map_err(|error| TestCaseError::fail(format!("{error:#}")))
        })
        .map_err(|error| anyhow!("{error}"))
}

#[tokio::test]
async fn the_directory_tells_odd_keys_exactly_and_is_asked_for_none() -> Result<()> {
    let keys = odd_keys();
    let users = (1..).zip(&keys).map(|(number, key)| member(number, key)).collect();
    let stage = Stage::start(users).await?;
    let page = stage.page(None).await?;
    for key in &keys {
        assert!(page.entries.iter().any(|entry| entry.user.key == *key), "{key}");
    }
    let received = stage.received();
    assert_eq!(received.len(), 1);
    assert!(!received[0].path_and_query.contains("filter"), "{}", received[0].path_and_query);
    Ok(())
}
