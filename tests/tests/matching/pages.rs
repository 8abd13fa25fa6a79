//! Lists that come in pages, and batches whose answers come in any order.

use anyhow::{Result, bail};
use mock_graph::{Action, Config, Fault, Operation, Times, User, contoso};
use video_host::provider::{Error, MatchOutcome};

use crate::stage::{Stage, member};

/// So many users share an address that Microsoft lists them on three pages, then one is behind them
/// with an address of its own.
fn crowd() -> Vec<User> {
    let shared = (0..220).map(|n| User {
        mail: Some("desk@contoso.com".to_owned()),
        ..member(n, &format!("d{n}@contoso.com"))
    });
    let last = User { mail: Some("last.mail@contoso.com".to_owned()), ..member(999, "last@contoso.com") };
    shared.chain([last]).collect()
}

fn further_pages(stage: &Stage) -> usize {
    stage.received().iter().filter(|request| request.path_and_query.contains("skiptoken")).count()
}

#[tokio::test]
async fn every_page_is_read_to_the_last_and_empty_ones_are_no_end() -> Result<()> {
    for (empty_page_every, pages) in [(None, 2), (Some(2), 4)] {
        let stage = Stage::with(Config { empty_page_every, ..Config::default() }, crowd()).await?;
        // Two questions, in a batch: what is on the first page comes with it.
        let outcomes = stage.ask(&["desk@contoso.com", "last.mail@contoso.com"]).await?;
        assert!(matches!(&outcomes[0], MatchOutcome::Ambiguous(_)), "{outcomes:?}");
        assert!(matches!(&outcomes[1], MatchOutcome::AliasOf(user) if user.key == "last@contoso.com"));
        assert_eq!(further_pages(&stage), pages);
        // One question, in a request of its own.
        let outcomes = stage.ask(&["desk@contoso.com"]).await?;
        assert!(matches!(&outcomes[0], MatchOutcome::Ambiguous(_)), "{outcomes:?}");
        assert_eq!(further_pages(&stage), pages);
    }
    Ok(())
}

#[tokio::test]
async fn a_list_with_a_missing_page_is_not_known() -> Result<()> {
    let stage = Stage::start(crowd()).await?;
    let keys = ["desk@contoso.com", "last.mail@contoso.com", "nobody@contoso.com", contoso::ADVISER];
    for (action, later) in [(Action::throttled("3"), "later 3000"), (Action::Malformed, "later 5000")] {
        stage.world.microsoft.faults().inject(Fault {
            operation: Operation::ListUsers,
            action,
            times: Times::Once,
            matching: Some("skiptoken".to_owned()),
        });
        let outcomes = stage.ask_in_words(&keys).await?;
        assert_eq!(outcomes[..3], [later; 3]);
        assert_eq!(outcomes[3], "matched AdeleV@contoso.com");
    }
    Ok(())
}

/// Whoever answers a listing with a link to another host would be given the token.
#[tokio::test]
async fn a_list_that_leads_to_another_host_is_not_followed() -> Result<()> {
    for operation in [Operation::ListUsers, Operation::BatchItem] {
        let stage = Stage::start(crowd()).await?;
        let elsewhere = Action::NextLink("https://graph.attacker.example".to_owned());
        let led = stage.world.microsoft.faults().inject(Fault::always(operation, elsewhere));
        let keys = ["desk@contoso.com", "last.mail@contoso.com"];
        let asked = if operation == Operation::BatchItem { &keys[..] } else { &keys[..1] };
        // Unknown, which is not unmatched.
        let outcomes = stage.ask_in_words(asked).await?;
        assert!(outcomes.iter().all(|outcome| outcome.starts_with("later")), "{outcomes:?}");
        assert!(led.applied() > 0);
        assert!(stage.received().iter().all(|request| request.host == "graph.microsoft.com"));
    }
    Ok(())
}

#[tokio::test]
async fn a_list_without_an_end_is_given_up_and_blames_nobody_else() -> Result<()> {
    let endless = Config { empty_page_every: Some(1), ..Config::default() };
    let stage = Stage::with(endless, Vec::new()).await?;
    let error = stage.ask_in_vain(&[contoso::ADVISER, contoso::ADMINISTRATOR]).await?;
    if !matches!(error, Error::Internal(_)) {
        bail!("{error:?}");
    }
    assert!(further_pages(&stage) < 100);
    Ok(())
}

#[tokio::test]
async fn the_answers_of_a_batch_find_their_keys_in_any_order() -> Result<()> {
    let users = User::generate(300, contoso::DOMAIN, 11);
    let stage = Stage::start(users.clone()).await?;
    let keys: Vec<_> = users.iter().map(|user| user.user_principal_name.clone()).collect();
    let outcomes = stage.ask(&keys).await?;
    for (user, outcome) in users.iter().zip(outcomes) {
        assert!(matches!(outcome, MatchOutcome::Matched(found) if found.id == user.id));
    }
    let answered: Vec<_> = stage.received().into_iter().filter_map(|request| request.answer).collect();
    let ids: Vec<usize> = answered[0].items.iter().map(|item| item.id.parse()).collect::<Result<_, _>>()?;
    assert!(!ids.is_sorted(), "the stand-in shuffled nothing: {ids:?}");
    Ok(())
}
