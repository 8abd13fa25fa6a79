//! What Microsoft does not answer is unknown, and never "not found".

use std::time::Duration;

use anyhow::{Result, bail};
use mock_graph::{Action, Fault, Operation, Times, User, contoso};
use video_host::provider::Error;

use crate::stage::{Question, Stage, questions};

/// What the plugin asks to wait where Microsoft does not say.
const UNSAID: &str = "later 5000";

/// Statuses with `Retry-After`, and the outcome of the keys that they concern.
const WAITS: [(u16, Option<&str>, &str); 6] = [
    (429, Some("7"), "later 7000"),
    (429, Some("2.128"), "later 2128"),
    (429, None, UNSAID),
    (503, Some("3"), "later 3000"),
    (503, None, UNSAID),
    (500, None, UNSAID),
];

fn status(status: u16, retry_after: Option<&str>) -> Action {
    Action::Status { status, retry_after: retry_after.map(str::to_owned) }
}

fn faulty(operation: Operation, matching: &str, action: Action) -> Fault {
    Fault { operation, action, times: Times::Always, matching: Some(matching.to_owned()) }
}

#[tokio::test]
async fn a_throttled_item_puts_off_its_own_keys_and_no_other() -> Result<()> {
    let users = User::generate(60, contoso::DOMAIN, 5);
    let stage = Stage::start(users.clone()).await?;
    let mut keys: Vec<_> = users.iter().map(|user| user.user_principal_name.clone()).collect();
    // One of the item that fails, and one of another, are nobody's.
    keys[20] = "nobody@contoso.com".to_owned();
    keys[50] = "no.one@contoso.com".to_owned();
    for (code, retry_after, later) in WAITS {
        let faults = stage.world.microsoft.faults();
        let item = faults.inject(faulty(Operation::BatchItem, "adviser000017", status(code, retry_after)));
        let outcomes = stage.ask_in_words(&keys).await?;
        assert_eq!(item.applied(), 1);
        faults.clear();
        let first = questions(&stage.received()[0])?;
        let put_off = first.iter().find(|question| question.keys().contains(&keys[16].as_str()));
        let put_off = put_off.map(Question::keys).unwrap_or_default();
        assert_eq!(put_off.len(), 15);
        for (key, outcome) in keys.iter().zip(&outcomes) {
            let known =
                if key == "no.one@contoso.com" { "not found".to_owned() } else { format!("matched {key}") };
            let wanted = if put_off.contains(&key.as_str()) { later } else { &known };
            assert_eq!(outcome, wanted, "{key} with {code} and {retry_after:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn where_nothing_was_answered_the_reason_is_the_answer() -> Result<()> {
    let stage = Stage::start(Vec::new()).await?;
    let (one, two) = (vec![contoso::ADVISER], vec![contoso::ADVISER, contoso::ADMINISTRATOR]);
    let many: Vec<_> = (0..20).map(|n| format!("a{n}@contoso.com")).collect();
    for (code, retry_after, _) in WAITS {
        for operation in [Operation::GetUser, Operation::ListUsers, Operation::Batch] {
            let fault = Fault::once(operation, status(code, retry_after));
            stage.world.microsoft.faults().inject(fault);
            let error = match operation {
                Operation::GetUser => stage.ask_in_vain(&one).await?,
                Operation::ListUsers => stage.ask_in_vain(&two).await?,
                _ => stage.ask_in_vain(&many).await?,
            };
            let wait = match (&error, code) {
                (Error::Throttled(wait), 429) => *wait,
                (Error::Unavailable(outage), 500 | 503) if !outage.may_have_taken_effect => {
                    outage.retry_after
                }
                _ => bail!("{code}: {error:?}"),
            };
            let said = retry_after.map(str::parse::<f64>).transpose()?.map(Duration::from_secs_f64);
            assert_eq!(wait.map(Duration::from_millis), said);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_second_look_that_is_not_answered_leaves_unknown_what_the_first_did_not_find() -> Result<()> {
    let stage = Stage::start(Vec::new()).await?;
    let faults = stage.world.microsoft.faults();
    let keys = [contoso::ADVISER, "nobody@contoso.com"];
    for (action, later) in [
        (status(429, Some("2.128")), "later 2128"),
        (status(503, None), UNSAID),
        (Action::DropBefore, UNSAID),
        (Action::Truncate, UNSAID),
        (Action::Malformed, UNSAID),
        (Action::Oversized(9 << 20), UNSAID),
    ] {
        faults.inject(faulty(Operation::ListUsers, "proxyAddresses%2Fany", action.clone()));
        let outcomes = stage.ask_in_words(&keys).await?;
        faults.clear();
        assert_eq!(outcomes, ["matched AdeleV@contoso.com", later], "{action:?}");
    }
    assert_eq!(stage.ask_in_words(&keys).await?[1], "not found");
    Ok(())
}

#[tokio::test]
async fn one_half_of_a_second_look_is_no_reason_to_call_somebody_an_alias_or_nobody() -> Result<()> {
    let stage = Stage::start(Vec::new()).await?;
    let keys = ["adele.vance@contoso.com", "nobody@contoso.com"];
    for half in ["mail%20in", "proxyAddresses%2Fany"] {
        stage.world.microsoft.faults().inject(faulty(Operation::BatchItem, half, Action::throttled("4")));
        assert_eq!(stage.ask_in_words(&keys).await?, ["later 4000"; 2], "{half}");
        stage.world.microsoft.faults().clear();
    }
    assert_eq!(stage.ask_in_words(&keys).await?, ["alias of AdeleV@contoso.com", "not found"]);
    Ok(())
}
