//! How few requests it takes.

use anyhow::{Result, bail};
use mock_graph::{Operation, User, contoso};
use video_host::provider::{Error, InputProblem, MatchOutcome};

use crate::stage::{Question, Stage, questions};

fn advisers() -> Vec<User> {
    User::generate(300, contoso::DOMAIN, 7)
}

fn keys(users: &[User]) -> Vec<String> {
    users.iter().map(|user| user.user_principal_name.clone()).collect()
}

#[tokio::test]
async fn one_key_is_one_get_of_exactly_that_user() -> Result<()> {
    let stage = Stage::start(Vec::new()).await?;
    let outcomes = stage.ask(&[contoso::ADVISER]).await?;
    let [MatchOutcome::Matched(user)] = &outcomes[..] else { bail!("{outcomes:?}") };
    let found = (user.id.as_str(), user.key.as_str(), user.display_name.as_str());
    assert_eq!(found, (contoso::ADVISER_ID, contoso::ADVISER, "Adele Vance"));

    let received = stage.received();
    let [request] = &received[..] else { bail!("{received:?}") };
    assert_eq!((request.method.as_str(), request.operation), ("GET", Operation::GetUser));
    assert_eq!(questions(request)?, [Question::User(contoso::ADVISER.to_owned())]);
    Ok(())
}

#[tokio::test]
async fn two_to_fifteen_keys_are_one_filter() -> Result<()> {
    let users = advisers();
    let stage = Stage::start(users.clone()).await?;
    for count in [2, 15] {
        let keys = keys(&users[..count]);
        assert!(stage.ask(&keys).await?.iter().all(|outcome| matches!(outcome, MatchOutcome::Matched(_))));
        let received = stage.received();
        let [request] = &received[..] else { bail!("{count}: {received:?}") };
        assert_eq!((request.method.as_str(), request.operation), ("GET", Operation::ListUsers));
        assert_eq!(questions(request)?, [Question::Names(keys)]);
    }
    Ok(())
}

#[tokio::test]
async fn sixteen_to_three_hundred_keys_are_one_batch_of_filters_of_fifteen() -> Result<()> {
    let users = advisers();
    let stage = Stage::start(users.clone()).await?;
    for (count, filters) in [(16, 2), (30, 2), (31, 3), (300, 20)] {
        let keys = keys(&users[..count]);
        let outcomes = stage.ask(&keys).await?;
        for (user, outcome) in users.iter().zip(&outcomes) {
            assert!(matches!(outcome, MatchOutcome::Matched(found) if found.id == user.id), "{outcome:?}");
        }
        let received = stage.received();
        let [request] = &received[..] else { bail!("{count}: {received:?}") };
        assert_eq!((request.method.as_str(), request.operation), ("POST", Operation::Batch));
        let questions = questions(request)?;
        assert_eq!(questions.len(), filters);
        assert!(questions.iter().all(|question| matches!(question, Question::Names(_))));
        assert!(questions.iter().all(|question| question.clauses() <= 15), "{questions:?}");
        let asked: Vec<_> = questions.iter().flat_map(Question::keys).collect();
        assert_eq!(asked, keys);
    }
    Ok(())
}

#[tokio::test]
async fn more_keys_than_the_best_batch_are_an_invalid_input() -> Result<()> {
    let stage = Stage::start(Vec::new()).await?;
    assert_eq!(stage.world.teams.description().best_batch, 300);
    let error = stage.ask_in_vain(&vec!["x@contoso.com"; 301]).await?;
    let Error::InvalidInput(input) = error else { bail!("{error:?}") };
    assert_eq!((input.field.as_str(), input.problem), ("keys", InputProblem::Malformed));
    assert!(stage.received().is_empty());
    assert!(stage.ask::<&str>(&[]).await?.is_empty());
    assert!(stage.received().is_empty());
    Ok(())
}

#[tokio::test]
async fn the_second_look_takes_at_most_one_more_call_for_up_to_150_misses() -> Result<()> {
    let users = advisers();
    let stage = Stage::start(users.clone()).await?;
    for (hits, misses) in [(0, 1), (0, 2), (14, 1), (10, 15), (10, 16), (150, 150), (0, 150)] {
        let mut keys = keys(&users[..hits]);
        keys.extend((0..misses).map(|n| format!("nobody{n}@contoso.com")));
        let outcomes = stage.ask(&keys).await?;
        assert!(outcomes[..hits].iter().all(|outcome| matches!(outcome, MatchOutcome::Matched(_))));
        assert!(outcomes[hits..].iter().all(|outcome| *outcome == MatchOutcome::NotFound));

        let received = stage.received();
        assert_eq!(received.len(), 2, "{hits} found and {misses} missed");
        let second = questions(&received[1])?;
        assert!(second.iter().all(|question| question.is_second_look() && question.clauses() <= 15));
        for key in &keys[hits..] {
            assert!(second.iter().any(|question| question.keys().contains(&key.as_str())), "{key}");
        }
    }
    Ok(())
}
