//! One staff member on Jitsi and another on Teams, on the platform as it is.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use end_to_end::{HOUR, MovingClocks, SESSION, World, setup_values};
use mock_graph::contoso;
use std::sync::Arc;
use video_host::provider::NextStep;
use video_platform::{
    BookingRequest, Entitlement, IntegrationId, IntegrationState, MatchError, MatchField, MeetingMethod,
    Platform, Plugins, ReconcileMode, ReconcileOptions, Service, Setup, StaffCheck, Status,
};

use crate::stage::{SERVER, load, values};

/// 2100-01-01T09:00:00Z.
const START: i64 = 4_102_477_200_000;

struct Both {
    world: World,
    platform: Platform,
    teams: IntegrationId,
    jitsi: IntegrationId,
}

fn booking(id: &str, staff: &str) -> BookingRequest {
    end_to_end::booking(id, staff, START)
}

fn setup(values: Vec<video_host::provider::Parameter>) -> Setup {
    Setup { match_field: MatchField::Email, values }
}

impl Both {
    /// Adele meets with Teams, and Rudi, whom Microsoft does not know, with Jitsi.
    async fn connected() -> Result<Self> {
        let world = World::start().await?;
        let waiter = MovingClocks { clock: world.clock.clone(), microsoft: world.microsoft.clone() };
        let (store, clock) = (world.host.store().clone(), world.host.clock().clone());
        let platform =
            Platform::over(Plugins::new(world.host.clone()), &store, clock, Arc::new(waiter)).await?;
        platform.providers().install(world.teams.clone());
        platform.providers().install(load(&world.host).await?);
        let rows = format!(
            "id,name,email,user_name\nadele,Adele Vance,{},\nrudi,Rudi Rooms,rudi@bank.example,\n",
            contoso::ADVISER
        );
        platform.import_staff(rows.as_bytes()).await?;
        platform.set_entitlement(Entitlement::MultipleIntegrations, true).await?;
        let (id, methods) = ("advice".to_owned(), MeetingMethod::ALL.to_vec());
        platform.put_service(&Service { id, name: "Advice".to_owned(), methods }).await?;
        for staff in ["adele", "rudi"] {
            platform.assign("advice", staff, true).await?;
        }

        let wanted = setup(setup_values(contoso::TENANT_ID));
        let begun = platform.start_connect("microsoft-teams", wanted, SESSION, contoso::REDIRECT_URI).await?;
        let (teams, NextStep::Visit(url)) = begun else { bail!("Teams needs a sign-in") };
        let parameters = world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
        platform.finish_callback(SESSION, parameters).await?;
        platform.rematch(&teams, |_| {}).await?;

        let wanted = setup(values(&[("domain", SERVER)]));
        let begun = platform.start_connect("jitsi-meet", wanted, SESSION, contoso::REDIRECT_URI).await?;
        let (jitsi, NextStep::Connected(_)) = begun else { bail!("Jitsi needs none") };
        platform.choose_integration("rudi", Some(&jitsi)).await?;
        Ok(Self { world, platform, teams, jitsi })
    }

    async fn link(&self, id: &str) -> Result<String> {
        self.platform.appointment(id).await?.and_then(|it| it.link).context("a link")
    }
}

#[tokio::test]
async fn two_providers_serve_two_staff_at_once() -> Result<()> {
    let both = Both::connected().await?;
    let (adele, rudi) = (booking("a", "adele"), booking("r", "rudi"));
    let before = both.world.microsoft.meetings().len();
    let (on_teams, on_jitsi) = tokio::join!(both.platform.book(&adele), both.platform.book(&rudi));
    let (on_teams, on_jitsi) = (on_teams?, on_jitsi?);
    assert_eq!(
        (&on_teams.integration, &on_jitsi.integration),
        (&Some(both.teams.clone()), &Some(both.jitsi.clone()))
    );
    let (teams_link, jitsi_link) = (both.link("a").await?, both.link("r").await?);
    assert!(teams_link.starts_with("https://teams.microsoft.com/"), "{teams_link}");
    assert!(jitsi_link.starts_with(&format!("https://{SERVER}/")), "{jitsi_link}");
    assert_eq!(both.world.microsoft.meetings().len(), before + 1, "Microsoft knows of one of them");

    let connections = both.world.host.traffic();
    both.platform.move_appointment("r", START + HOUR, START + 2 * HOUR).await?;
    both.platform.check(&both.jitsi).await?;
    assert_eq!(both.link("r").await?, jitsi_link);
    assert_eq!(both.world.host.traffic(), connections, "nothing is sent for Jitsi");
    Ok(())
}

#[tokio::test]
async fn staff_of_a_provider_without_matching_need_no_match() -> Result<()> {
    let both = Both::connected().await?;
    let ready = both.platform.check_staff("rudi").await?;
    assert!(
        matches!(&ready, StaffCheck::Ready { integration, .. } if integration.as_ref() == Some(&both.jitsi)),
        "{ready:?}"
    );
    let error = both.platform.rematch(&both.jitsi, |_| {}).await.err();
    assert!(matches!(error, Some(MatchError::NotNeeded(_))), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn one_integration_ends_and_the_other_does_not_notice() -> Result<()> {
    let both = Both::connected().await?;
    both.platform.book(&booking("a", "adele")).await?;
    let booked = both.platform.book(&booking("r", "rudi")).await?;
    both.platform.disconnect(&both.teams).await?;
    assert_eq!(both.platform.book(&booking("r2", "rudi")).await?.status, Status::Booked);
    both.platform.disconnect(&both.jitsi).await?;
    both.platform.disconnect(&both.jitsi).await?;
    let integration = both.platform.integration(&both.jitsi).await?.context("it stays listed")?;
    assert_eq!(integration.state, IntegrationState::Disconnected);
    assert_eq!(both.link("r").await?, booked.link.context("a link")?, "the link stays");
    Ok(())
}

#[tokio::test]
async fn a_second_integration_of_jitsi_has_rooms_of_its_own() -> Result<()> {
    let both = Both::connected().await?;
    let wanted = setup(values(&[("domain", "meet.branch.example")]));
    let begun = both.platform.start_connect("jitsi-meet", wanted, SESSION, contoso::REDIRECT_URI).await?;
    let (second, NextStep::Connected(_)) = begun else { bail!("{begun:?}") };
    both.platform.book(&booking("r1", "rudi")).await?;
    both.platform.choose_integration("rudi", Some(&second)).await?;
    both.platform.book(&booking("r2", "rudi")).await?;
    let links = BTreeSet::from([both.link("r1").await?, both.link("r2").await?]);
    let [first, other] = &links.into_iter().collect::<Vec<_>>()[..] else { bail!("two links") };
    assert!(first.starts_with(&format!("https://{SERVER}/")), "{first}");
    assert!(other.starts_with("https://meet.branch.example/"), "{other}");
    // What exists stays where it is, also when it is moved.
    let moved = both.platform.move_appointment("r1", START + HOUR, START + 2 * HOUR).await?;
    assert_eq!((moved.integration, moved.link.as_ref()), (Some(both.jitsi.clone()), Some(first)));
    Ok(())
}

#[tokio::test]
async fn jitsi_is_reauthorized_reconciled_and_cancelled_like_any_other() -> Result<()> {
    let both = Both::connected().await?;
    let step =
        both.platform.start_reauthorize(&both.jitsi, Vec::new(), SESSION, contoso::REDIRECT_URI).await?;
    assert!(matches!(step, NextStep::Connected(_)), "{step:?}");
    for id in ["kept", "lost", "ended"] {
        both.platform.book(&booking(id, "rudi")).await?;
    }
    let cancelled = both.platform.cancel("ended").await?;
    assert_eq!(cancelled.status, Status::Cancelled);
    let store = both.world.host.store();
    let lost = both.link("lost").await?;
    let keys = store.list(&both.jitsi, "meeting/", None).await?.keys;
    assert_eq!(keys.len(), 2);
    let options = ReconcileOptions { integration: Some(both.jitsi.clone()), ..ReconcileOptions::default() };
    let report = both.platform.reconcile(&options, |_| {}).await?;
    assert!(report.differences.is_empty() && report.compared == 3, "{report:?}");

    // Somebody restored an older copy of the storage: meetings are missing, and come back where they were.
    for key in keys {
        store.delete(&both.jitsi, &key).await?;
    }
    both.world.advance(std::time::Duration::from_secs(2));
    let mend = ReconcileOptions { mode: ReconcileMode::Mend { recreate: true }, ..options };
    let report = both.platform.reconcile(&mend, |_| {}).await?;
    assert_eq!(report.differences.len(), 2, "{report:?}");
    assert_eq!(both.link("lost").await?, lost);
    Ok(())
}
