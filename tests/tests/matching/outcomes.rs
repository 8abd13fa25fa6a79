//! What each kind of user is to the platform.

use anyhow::Result;
use mock_graph::{User, contoso};
use video_host::provider::MatchOutcome;

use crate::stage::{Question, Stage, member};

/// Keys and what they come to, among [`people`].
const OUTCOMES: [(&str, &str); 14] = [
    ("AdeleV@contoso.com", "matched AdeleV@contoso.com"),
    ("\t adelev@CONTOSO.com ", "matched AdeleV@contoso.com"),
    ("adele.vance@contoso.com", "alias of AdeleV@contoso.com"),
    ("Mara.Mail@contoso.com", "alias of mara@contoso.com"),
    ("pat_fabrikam.com#EXT#@contoso.onmicrosoft.com", "guest pat_fabrikam.com#EXT#@contoso.onmicrosoft.com"),
    ("pat@fabrikam.com", "guest pat_fabrikam.com#EXT#@contoso.onmicrosoft.com"),
    ("gone@contoso.com", "disabled gone@contoso.com"),
    ("gone.alias@contoso.com", "disabled gone@contoso.com"),
    ("bare@contoso.com", "unlicensed bare@contoso.com"),
    ("bare.alias@contoso.com", "alias of bare@contoso.com"),
    ("desk@contoso.com", "ambiguous one@contoso.com two@contoso.com"),
    ("nobody@contoso.com", "not found"),
    ("", "not found"),
    (" \t", "not found"),
];

fn people() -> Vec<User> {
    let alias = |user: User, address: &str| User { proxy_addresses: vec![format!("smtp:{address}")], ..user };
    vec![
        User {
            mail: Some("mara.mail@contoso.com".to_owned()),
            proxy_addresses: Vec::new(),
            ..member(1, "mara@contoso.com")
        },
        User { account_enabled: false, ..alias(member(2, "gone@contoso.com"), "gone.alias@contoso.com") },
        User { teams_licence: false, ..alias(member(3, "bare@contoso.com"), "bare.alias@contoso.com") },
        User { mail: Some("desk@contoso.com".to_owned()), ..member(4, "one@contoso.com") },
        User { mail: None, ..alias(member(5, "two@contoso.com"), "desk@contoso.com") },
    ]
}

#[tokio::test]
async fn each_kind_of_user_has_its_outcome_asked_for_alone() -> Result<()> {
    let stage = Stage::start(people()).await?;
    for (key, outcome) in OUTCOMES {
        assert_eq!(stage.ask_in_words(&[key]).await?, [outcome], "{key}");
    }
    Ok(())
}

#[tokio::test]
async fn each_kind_of_user_has_its_outcome_asked_for_among_others() -> Result<()> {
    let advisers = User::generate(286, contoso::DOMAIN, 3);
    let mut all = people();
    all.extend(advisers.clone());
    let stage = Stage::start(all).await?;
    let mut keys: Vec<_> = OUTCOMES.iter().map(|(key, _)| (*key).to_owned()).collect();
    let wanted: Vec<_> = OUTCOMES.iter().map(|(_, outcome)| *outcome).collect();
    assert_eq!(stage.ask_in_words(&keys).await?, wanted);

    keys.extend(advisers.iter().map(|adviser| adviser.user_principal_name.clone()));
    let outcomes = stage.ask_in_words(&keys).await?;
    assert_eq!(outcomes[..wanted.len()], wanted);
    for (key, outcome) in keys.iter().zip(&outcomes).skip(wanted.len()) {
        assert_eq!(*outcome, format!("matched {key}"));
    }
    Ok(())
}

#[tokio::test]
async fn an_empty_key_is_nobodys_and_asks_nobody() -> Result<()> {
    let stage = Stage::start(Vec::new()).await?;
    assert_eq!(stage.ask_in_words(&["", "   ", "\u{a0}\n"]).await?, ["not found"; 3]);
    assert!(stage.received().is_empty());
    Ok(())
}

#[tokio::test]
async fn order_and_duplicates_are_kept_and_each_key_is_asked_for_once() -> Result<()> {
    let stage = Stage::start(people()).await?;
    let keys = [
        "bare@contoso.com",
        "AdeleV@contoso.com",
        "",
        " BARE@contoso.com",
        "adelev@contoso.com",
        "bare@contoso.com",
    ];
    let (bare, adele) = ("unlicensed bare@contoso.com", "matched AdeleV@contoso.com");
    assert_eq!(stage.ask_in_words(&keys).await?, [bare, adele, "not found", bare, adele, bare]);
    let once = ["bare@contoso.com", "AdeleV@contoso.com"].map(str::to_owned).to_vec();
    assert_eq!(stage.asked()?, [Question::Names(once)]);
    Ok(())
}

#[tokio::test]
async fn a_match_is_the_object_id_and_survives_a_new_upn() -> Result<()> {
    let stage = Stage::start(Vec::new()).await?;
    stage.world.microsoft.directory().update_user(contoso::ADVISER, |user| {
        user.user_principal_name = "adele.married@contoso.com".to_owned();
    })?;
    let outcomes = stage.ask(&["adele.married@contoso.com", contoso::ADVISER]).await?;
    for outcome in &outcomes {
        let (MatchOutcome::Matched(user) | MatchOutcome::AliasOf(user)) = outcome else {
            anyhow::bail!("{outcome:?}");
        };
        assert_eq!((user.id.as_str(), user.key.as_str()), (contoso::ADVISER_ID, "adele.married@contoso.com"));
    }
    assert!(matches!(outcomes[1], MatchOutcome::AliasOf(_)), "the old name is still the mail address");
    Ok(())
}

#[tokio::test]
async fn an_address_of_too_many_users_spoils_no_other_key() -> Result<()> {
    let desk =
        |n| User { mail: Some("desk@contoso.com".to_owned()), ..member(n, &format!("d{n}@contoso.com")) };
    let stage = Stage::start((0..120).map(desk).collect()).await?;
    let outcomes = stage.ask(&[contoso::ADVISER, "desk@contoso.com"]).await?;
    assert!(matches!(outcomes[0], MatchOutcome::Matched(_)));
    assert!(matches!(&outcomes[1], MatchOutcome::Ambiguous(users) if users.len() > 1));
    Ok(())
}

#[tokio::test]
async fn a_display_name_with_control_characters_spoils_no_key() -> Result<()> {
    let stage = Stage::start(Vec::new()).await?;
    stage.world.microsoft.directory().update_user(contoso::ADVISER, |user| {
        user.display_name = "Adele\u{7} Vance\u{1b}[2J".to_owned();
    })?;
    let outcomes = stage.ask(&[contoso::ADVISER]).await?;
    assert!(matches!(&outcomes[0], MatchOutcome::Matched(user) if user.display_name == "Adele Vance[2J"));
    Ok(())
}
