//! National clouds, end to end: each integration speaks to the cloud that its administrator chose, and
//! nothing of it ever reaches another one.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use end_to_end::{Clouds, appointment, contract_error, manifest, national_manifest};
use mock_graph::{MockGraph, Operation, SignIn, contoso};
use video_host::provider::{Error, InputProblem, Look, MatchOutcome};
use video_host::sha256;

const LOGIN_US: &str = "login.microsoftonline.us";

/// Clouds of the US government by their setup value, and the Graph of each.
const NATIONAL: [(&str, &str); 2] =
    [("us-government", "graph.microsoft.us"), ("us-dod", "dod-graph.microsoft.us")];

fn set(hosts: &[&str]) -> BTreeSet<String> {
    hosts.iter().map(|host| (*host).to_owned()).collect()
}

/// Matches, makes a meeting, and renews the token an hour later.
async fn works(clouds: &Clouds, integration: &str) -> Result<()> {
    let teams = clouds.world.teams_on(integration)?;
    let outcomes = teams.match_users(&[contoso::ADVISER.to_owned()], Look::Everywhere).await?;
    assert!(matches!(&outcomes[0], MatchOutcome::Matched(user) if user.id == contoso::ADVISER_ID));
    let made = teams.create_meeting(&appointment(integration)).await?;
    assert_eq!(made.organizer_id, contoso::SERVICE_ACCOUNT_ID);
    clouds.advance(Duration::from_hours(2));
    assert_eq!(teams.check().await?.account.id, contoso::SERVICE_ACCOUNT_ID);
    Ok(())
}

/// That no token of the one cloud, nor any of its codes and verifiers, stands anywhere in what the other
/// received. A token in a header is known by the header's digest.
fn nothing_of(from: &MockGraph, to: &MockGraph) {
    let digest = |token: &String| sha256(format!("Bearer {token}").as_bytes());
    let tokens = from.issued_tokens();
    assert!(!tokens.is_empty());
    let digests: BTreeSet<_> = tokens.iter().map(digest).collect();
    for request in to.journal().requests() {
        let seen = request.authorization_sha256.as_ref();
        assert!(!seen.is_some_and(|it| digests.contains(it)), "a token went to {}", request.host);
        let leaked = tokens.iter().any(|it| request.body.contains(it) || request.path_and_query.contains(it));
        assert!(!leaked, "a token went to {} in a request", request.host);
    }
    let own = from.journal().requests().into_iter().filter_map(|request| request.authorization_sha256);
    assert!(own.into_iter().any(|seen| digests.contains(&seen)), "the search finds what is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_integration_lives_in_the_cloud_that_was_chosen_and_nowhere_else() -> Result<()> {
    let clouds = Clouds::with(&national_manifest()?).await?;
    for (cloud, graph) in NATIONAL {
        clouds.forget();
        let connection = clouds.connect(cloud, cloud).await?;
        assert_eq!(connection.account.id, contoso::SERVICE_ACCOUNT_ID);
        works(&clouds, cloud).await?;
        assert_eq!(clouds.asked(), set(&[LOGIN_US, graph]), "{cloud}");
    }
    assert_eq!(clouds.government.meetings().len(), 2);
    assert!(clouds.world.microsoft.meetings().is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_goes_to_another_clouds_host() -> Result<()> {
    let clouds = Clouds::with(&national_manifest()?).await?;
    for cloud in ["global", "us-government", "us-dod"] {
        clouds.connect(cloud, cloud).await?;
    }
    all_at_once(&clouds).await?;
    nothing_of(&clouds.world.microsoft, &clouds.government);
    nothing_of(&clouds.government, &clouds.world.microsoft);
    // GCC High and DoD have one login: their tokens are told apart by the Graph they were shown to.
    let requests = clouds.government.journal().requests();
    let shown = |host: &str| -> BTreeSet<_> {
        let there = requests.iter().filter(|request| request.host == host);
        there.filter_map(|request| request.authorization_sha256.clone()).collect()
    };
    let (high, defense) = (shown(NATIONAL[0].1), shown(NATIONAL[1].1));
    assert!(!high.is_empty() && !defense.is_empty());
    assert!(high.is_disjoint(&defense));
    Ok(())
}

/// All three, on one host, with tokens that end in between.
async fn all_at_once(clouds: &Clouds) -> Result<()> {
    tokio::try_join!(works(clouds, "global"), works(clouds, "us-government"), works(clouds, "us-dod"))?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn china_is_refused_with_the_reason_before_anything_is_sent() -> Result<()> {
    let clouds = Clouds::with(&national_manifest()?).await?;
    let refused = clouds.begin("contoso", "china").await;
    let told = clouds.world.told(refused)?;
    assert_eq!(told, "invalid-input cloud Unsupported");
    let error = contract_error(begin_error(&clouds, "china").await)?;
    assert!(matches!(&error, Error::InvalidInput(input)
        if input.problem == InputProblem::Unsupported && input.message.contains("no online meetings")));
    assert!(clouds.asked().is_empty());
    assert!(clouds.world.kept("contoso").await?.is_nothing());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_that_the_operator_did_not_grant_is_refused_by_its_names() -> Result<()> {
    let clouds = Clouds::with(&manifest()?).await?;
    for (cloud, graph) in NATIONAL {
        let error = contract_error(begin_error(&clouds, cloud).await)?;
        assert!(
            matches!(&error, Error::InvalidInput(input)
            if input.field == "cloud" && input.message.contains(graph) && input.message.contains(LOGIN_US)),
            "{error:?}"
        );
    }
    assert!(clouds.asked().is_empty());
    // The worldwide cloud works all the same.
    clouds.connect("contoso", "global").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_one_cloud_is_worth_nothing_in_another() -> Result<()> {
    let clouds = Clouds::with(&national_manifest()?).await?;
    let url = clouds.begin("contoso", "us-government").await?;
    // The same organisation's account signs in worldwide, and the browser brings that code back.
    let elsewhere = url
        .replace(LOGIN_US, "login.microsoftonline.com")
        .replace("graph.microsoft.us", "graph.microsoft.com");
    let back =
        clouds.world.microsoft.sign_in(&elsewhere, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
    clouds.forget();
    let told = clouds.world.told(clouds.world.finish(end_to_end::parameters(&back)?).await)?;
    assert!(told.starts_with("sign-in-failed"), "{told}");
    assert_eq!(clouds.asked(), set(&[LOGIN_US]));
    assert_eq!(clouds.government.journal().count(Operation::Token), 1);
    Ok(())
}

/// The error that the plugin begins with.
async fn begin_error(clouds: &Clouds, cloud: &str) -> Result<String, video_host::CallError> {
    match clouds.begin("contoso", cloud).await {
        Ok(url) => Ok(url),
        Err(error) => match error.downcast::<video_host::AuthorizationError>() {
            Ok(video_host::AuthorizationError::Call(call)) => Err(call),
            other => panic!("this is no error of the plugin: {other:?}"),
        },
    }
}
