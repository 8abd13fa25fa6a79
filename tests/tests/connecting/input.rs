//! What is refused before anybody is sent to sign in.

use anyhow::Result;
use end_to_end::{SESSION, World, setup_values};
use mock_graph::{Action, Fault, Operation, PERSONAL_ACCOUNTS_TENANT, contoso};
use video_host::provider::Parameter;
use video_host::store::Purpose;

/// What may be typed for a tenant id, and what is wrong with it.
fn bad_tenants() -> Vec<(String, &'static str)> {
    let too_long = contoso::TENANT_ID.repeat(200);
    let mut rows: Vec<_> = ["", "  ", "\n"].map(|typed| (typed.to_owned(), "Missing")).into();
    rows.extend(
        [
            "contoso.com",
            "contoso",
            "72f988bf86f141af91ab2d7cd011db47",
            "{72f988bf-86f1-41af-91ab-2d7cd011db47}",
            "72f988bf-86f1-41af-91ab-2d7cd011db4g",
            "72f988bf-86f1-41af-91ab-2d7cd011db47/",
            "72f988bf-86f1-41af-91ab-2d7cd011db47?x=",
            "../../../etc/passwd",
            "72f988bf‐86f1‐41af‐91ab‐2d7cd011db47",
            "７２f988bf-86f1-41af-91ab-2d7cd011db47",
            "<script>alert(1)</script>",
            too_long.as_str(),
        ]
        .map(|typed| (typed.to_owned(), "Malformed")),
    );
    rows.extend(
        ["common", "Organizations", "consumers", PERSONAL_ACCOUNTS_TENANT]
            .map(|typed| (typed.to_owned(), "Unsupported")),
    );
    rows
}

#[tokio::test]
async fn a_tenant_id_that_is_none_is_refused_by_its_field_before_anything_is_sent() -> Result<()> {
    let world = World::start().await?;
    world.connect("connected").await?;
    let kept = world.kept("connected").await?;
    world.microsoft.journal().clear();
    for (typed, problem) in bad_tenants() {
        for (integration, purpose) in [
            ("contoso", Purpose::Connect),
            ("connected", Purpose::Connect),
            ("connected", Purpose::Reauthorize),
        ] {
            let told = world.told(world.begin(integration, purpose, &typed).await)?;
            assert_eq!(told, format!("invalid-input tenant-id {problem}"), "{typed:?}");
        }
    }
    assert_eq!(world.microsoft.journal().count(Operation::Any), 0);
    assert!(world.kept("contoso").await?.is_nothing());
    assert_eq!(world.kept("connected").await?, kept);
    Ok(())
}

#[tokio::test]
async fn a_form_without_the_tenant_id_is_refused_by_its_field() -> Result<()> {
    let world = World::start().await?;
    let teams = world.teams_on("contoso")?;
    let other = vec![Parameter { name: "tenant".to_owned(), value: contoso::TENANT_ID.to_owned() }];
    for values in [Vec::new(), other] {
        let begun = world.host.begin(&teams, Purpose::Connect, SESSION, values, contoso::REDIRECT_URI).await;
        assert_eq!(world.told(begun)?, "invalid-input tenant-id Missing");
    }
    assert_eq!(world.microsoft.journal().count(Operation::Any), 0);
    Ok(())
}

#[tokio::test]
async fn a_redirect_uri_that_others_could_read_is_refused() -> Result<()> {
    let world = World::start().await?;
    let teams = world.teams_on("contoso")?;
    for uri in ["http://scheduling.example/callback", "https://scheduling.example/#x", "/callback", ""] {
        let values = setup_values(contoso::TENANT_ID);
        let begun = world.host.begin(&teams, Purpose::Connect, SESSION, values, uri).await;
        assert_eq!(world.told(begun)?, "invalid-input redirect-uri Malformed", "{uri:?}");
    }
    assert_eq!(world.microsoft.journal().count(Operation::Any), 0);
    assert!(world.kept("contoso").await?.is_nothing());
    Ok(())
}

#[tokio::test]
async fn a_tenant_that_microsoft_does_not_have_is_refused_by_its_field() -> Result<()> {
    let world = World::start().await?;
    let begun = world.begin("contoso", Purpose::Connect, "00000000-86f1-41af-91ab-2d7cd011db47").await;
    assert_eq!(world.told(begun)?, "invalid-input tenant-id Unknown");
    let journal = world.microsoft.journal();
    assert_eq!(journal.count(Operation::Any), 1, "only the question whether there is such a tenant");
    assert_eq!(journal.count(Operation::Discovery), 1);
    assert!(world.kept("contoso").await?.is_nothing());
    Ok(())
}

/// What goes wrong with the first question, and what the administrator hears.
fn outages() -> Vec<(Action, &'static str)> {
    let later = |status| Action::Status { status, retry_after: Some("7".to_owned()) };
    vec![
        (Action::DropBefore, "unavailable"),
        (Action::DropAfter, "unavailable"),
        (Action::Truncate, "unavailable"),
        (Action::Malformed, "unavailable"),
        (Action::Oversized(9 << 20), "unavailable"),
        (Action::status(500), "unavailable"),
        (Action::status(502), "unavailable"),
        (later(503), "unavailable 7000ms"),
        (Action::throttled("2.128"), "throttled 2128ms"),
        (Action::status(429), "throttled"),
        (Action::status(403), "internal"),
        (Action::status(404), "internal"),
    ]
}

#[tokio::test]
async fn an_outage_before_the_sign_in_leaves_everything_as_it_was() -> Result<()> {
    let world = World::start().await?;
    world.connect("connected").await?;
    let kept = world.kept("connected").await?;
    for (action, expected) in outages() {
        let shown = format!("{action:?}");
        world.microsoft.faults().inject(Fault::always(Operation::Discovery, action));
        for (integration, purpose) in [
            ("contoso", Purpose::Connect),
            ("connected", Purpose::Connect),
            ("connected", Purpose::Reauthorize),
        ] {
            let told = world.told(world.begin(integration, purpose, contoso::TENANT_ID).await)?;
            assert_eq!(told, expected, "{shown}");
        }
        world.microsoft.faults().clear();
        assert!(world.kept("contoso").await?.is_nothing(), "{shown}");
        assert_eq!(world.kept("connected").await?, kept, "{shown}");
    }
    world.teams_on("connected")?.check().await?;
    Ok(())
}

#[tokio::test]
async fn a_microsoft_that_cannot_be_reached_is_unavailable_and_the_connection_stays() -> Result<()> {
    let world = World::start().await?;
    world.connect("connected").await?;
    let kept = world.kept("connected").await?;
    world.microsoft.shutdown().await;
    for (integration, purpose) in [("contoso", Purpose::Connect), ("connected", Purpose::Reauthorize)] {
        let begun = world.begin(integration, purpose, contoso::TENANT_ID).await;
        assert_eq!(world.told(begun)?, "unavailable");
    }
    assert_eq!(world.told(world.teams_on("connected")?.check().await)?, "unavailable");
    assert_eq!(world.told(world.teams_on("contoso")?.check().await)?, "not-connected");
    assert!(world.kept("contoso").await?.is_nothing());
    assert_eq!(world.kept("connected").await?, kept);
    Ok(())
}
