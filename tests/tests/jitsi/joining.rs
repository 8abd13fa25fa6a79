//! Who joins an appointment on a server that demands tokens, through the platform.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use end_to_end::{HOUR, SESSION, World, booking, find, listen};
use mock_graph::contoso;
use tracing::Level;
use video_host::clock::{Clock as _, Sleep};
use video_host::provider::NextStep;
use video_host::signing::SigningKeys;
use video_platform::{
    Appointment, AuditFilter, IntegrationId, JoinCodes, JoinError, JoinLink, MatchField, MeetingMethod,
    ParticipantRole, Platform, Plugins, Service, Setup, Status,
};

use crate::keys::{Pair, Server, shared, token};
use crate::stage::{SERVER, load_with, values};

const MINUTE: i64 = 60_000;

/// A bank whose advisers meet on a Jitsi Meet server of its own.
struct Bank {
    world: World,
    platform: Platform,
    jitsi: IntegrationId,
}

impl Bank {
    async fn with(keys: SigningKeys) -> Result<Self> {
        let world = World::start().await?;
        let (store, clock) = (world.host.store().clone(), world.host.clock().clone());
        let plugins = Plugins::new(world.host.clone());
        let platform = Platform::over(plugins, &store, clock, Arc::new(Sleep)).await?;
        platform.providers().install(load_with(&world.host, keys).await?);
        let rows = "id,name,email,user_name\nrudi,Rudi \"Rooms\" Ö,rudi@bank.example,\neva,Eva Next,eva@bank.example,\n";
        platform
            .import_staff(rows.replace('"', "\"\"").replace("Rudi", "\"Rudi").replace("Ö", "Ö\"").as_bytes())
            .await?;
        let (id, methods) = ("advice".to_owned(), MeetingMethod::ALL.to_vec());
        platform.put_service(&Service { id, name: "Advice".to_owned(), methods }).await?;
        for staff in ["rudi", "eva"] {
            platform.assign("advice", staff, true).await?;
        }
        let wanted = Setup { match_field: MatchField::Email, values: values(&[("domain", SERVER)]) };
        let begun = platform.start_connect("jitsi-meet", wanted, SESSION, contoso::REDIRECT_URI).await?;
        let (jitsi, NextStep::Connected(_)) = begun else { bail!("Jitsi needs no sign-in") };
        Ok(Self { world, platform, jitsi })
    }

    /// Books an appointment that starts in ten minutes.
    async fn book(&self, id: &str) -> Result<(Appointment, JoinCodes)> {
        let start = self.world.clock.now_ms() + 10 * MINUTE;
        let booked = self.platform.book(&booking(id, "rudi", start)).await?;
        let codes = booked.codes.clone().context("it has addresses")?;
        Ok((booked, codes))
    }

    async fn open(&self, code: &str) -> Result<JoinLink, JoinError> {
        let arrival = self.platform.arrive(code).await?;
        self.platform.join(&arrival).await
    }

    fn now(&self) -> i64 {
        self.world.clock.now_ms() / 1_000
    }

    /// Everything in the data folder and in the plugin's storage, which is sealed there.
    async fn kept(&self) -> Result<Vec<u8>> {
        let mut kept = test_store::contents(self.world.data.path()).await?;
        let store = self.world.host.store();
        for key in store.list(&self.jitsi, "", None).await?.keys {
            kept.extend(key.as_bytes());
            kept.extend(store.get(&self.jitsi, &key).await?.context("it is there")?.value);
        }
        Ok(kept)
    }
}

fn room(appointment: &Appointment) -> Result<&str> {
    appointment.meeting_id.as_deref().context("a room")
}

fn https() -> String {
    format!("https://{SERVER}")
}

#[tokio::test]
async fn each_who_joins_has_a_token_of_their_own_that_the_server_takes() -> Result<()> {
    let bank = Bank::with(shared(&https())?).await?;
    let (booked, codes) = bank.book("a").await?;
    assert_ne!(codes.client, codes.staff);
    assert_eq!(codes.client.as_str().len(), 32);
    let (client, staff) = (bank.open(codes.client.as_str()).await?, bank.open(codes.staff.as_str()).await?);
    let room = room(&booked)?;
    let plain = booked.link.as_deref().context("a link")?;
    for (link, name, moderator) in [(&client, "A Customer", "false"), (&staff, "Rudi \"Rooms\" Ö", "true")] {
        assert!(link.expose().starts_with(&format!("{plain}?jwt=")));
        let claims = Server::Secret.admit(link.expose(), room, bank.now())?;
        assert_eq!(
            (&claims["context"]["user"]["name"], &claims["context"]["user"]["moderator"]),
            (&name.into(), &moderator.into())
        );
        // Of another room it is no key, nor for long.
        assert!(Server::Secret.admit(link.expose(), "another-room", bank.now()).is_err());
        assert!(Server::Secret.admit(link.expose(), room, bank.now() + 301).is_err());
        assert!(
            Server::Secret.admit(link.expose(), room, bank.now() - 45).is_ok(),
            "the server's clock is behind"
        );
    }
    assert_eq!(bank.platform.arrive(codes.staff.as_str()).await?.role(), ParticipantRole::Host);
    let again = bank.open(codes.client.as_str()).await?;
    assert_ne!(token(again.expose())?, token(client.expose())?, "each opening has its own");
    assert_eq!(bank.platform.appointment("a").await?.context("it stays")?, booked, "nothing is written");
    Ok(())
}

#[tokio::test]
async fn a_key_is_rotated_and_the_address_that_was_mailed_stays() -> Result<()> {
    let (first, second) = (Pair::generate("bank/2026")?, Pair::generate("bank/2027")?);
    let bank = Bank::with(first.keys()?).await?;
    let (booked, codes) = bank.book("a").await?;
    let (code, room) = (codes.client.as_str(), room(&booked)?);
    let link = bank.open(code).await?;
    Server::KeyServer(&[&first]).admit(link.expose(), room, bank.now())?;
    assert!(Server::KeyServer(&[&second]).admit(link.expose(), room, bank.now()).is_err());

    // The operator swaps the key in the manifest, and the plugin with it.
    bank.platform.providers().install(load_with(&bank.world.host, second.keys()?).await?);
    let link = bank.open(code).await?;
    Server::KeyServer(&[&first, &second]).admit(link.expose(), room, bank.now())?;
    assert!(Server::KeyServer(&[&first]).admit(link.expose(), room, bank.now()).is_err());

    // And takes it away: the server wants no tokens any more.
    bank.platform.providers().install(load_with(&bank.world.host, SigningKeys::default()).await?);
    assert_eq!(Some(bank.open(code).await?.expose()), booked.link.as_deref());
    Ok(())
}

#[tokio::test]
async fn a_key_of_one_server_signs_nothing_for_another() -> Result<()> {
    let bank = Bank::with(shared("https://meet.another.example")?).await?;
    let (booked, codes) = bank.book("a").await?;
    assert_eq!(Some(bank.open(codes.client.as_str()).await?.expose()), booked.link.as_deref());
    Ok(())
}

#[tokio::test]
async fn an_appointment_is_joined_from_half_an_hour_before_to_two_hours_after_it() -> Result<()> {
    let bank = Bank::with(shared(&https())?).await?;
    let start = bank.world.clock.now_ms() + 24 * HOUR;
    let codes = bank.platform.book(&booking("a", "rudi", start)).await?.codes.context("addresses")?;
    let code = codes.client.as_str();
    let Err(JoinError::TooEarly { opens, start: told }) = bank.platform.arrive(code).await else {
        bail!("it is too early")
    };
    assert_eq!((opens, told), (start - 30 * MINUTE, start));
    let until =
        |time: i64| Duration::from_millis(u64::try_from(time - bank.world.clock.now_ms()).unwrap_or(0));
    bank.world.advance(until(opens));
    bank.open(code).await?;
    // Moved: the same address, at the new time.
    let later = start + 24 * HOUR;
    bank.platform.move_appointment("a", later, later + HOUR).await?;
    assert!(matches!(bank.platform.arrive(code).await, Err(JoinError::TooEarly { .. })));
    bank.world.advance(until(later + 3 * HOUR - MINUTE));
    bank.open(code).await?;
    bank.world.advance(Duration::from_mins(1));
    assert!(matches!(bank.platform.arrive(code).await, Err(JoinError::Over)));
    Ok(())
}

#[tokio::test]
async fn what_was_cancelled_or_never_was_cannot_be_joined() -> Result<()> {
    let bank = Bank::with(shared(&https())?).await?;
    let (_, codes) = bank.book("a").await?;
    assert_eq!(bank.platform.cancel("a").await?.status, Status::Cancelled);
    for code in [codes.client.as_str(), codes.staff.as_str()] {
        assert!(matches!(bank.platform.arrive(code).await, Err(JoinError::Cancelled)));
    }
    for code in ["", "none", "a", &"0".repeat(32)] {
        assert!(matches!(bank.platform.arrive(code).await, Err(JoinError::Unknown)), "{code}");
    }
    Ok(())
}

#[tokio::test]
async fn appointments_are_joined_after_their_integration_is_disconnected() -> Result<()> {
    let bank = Bank::with(shared(&https())?).await?;
    let (booked, codes) = bank.book("a").await?;
    bank.platform.disconnect(&bank.jitsi).await?;
    assert!(bank.world.host.store().list(&bank.jitsi, "", None).await?.keys.is_empty(), "all is forgotten");
    let link = bank.open(codes.staff.as_str()).await?;
    Server::Secret.admit(link.expose(), room(&booked)?, bank.now())?;
    // Without the plugin nobody can sign, and people are told what to do.
    bank.platform.providers().remove("jitsi-meet");
    let error = bank.open(codes.staff.as_str()).await.err().context("there is no link")?;
    assert!(matches!(error, JoinError::Broken) && error.to_string().contains("call"), "{error}");
    Ok(())
}

#[tokio::test]
async fn who_hands_an_appointment_over_cannot_join_it_as_its_host() -> Result<()> {
    let bank = Bank::with(shared(&https())?).await?;
    let (booked, before) = bank.book("a").await?;
    let after = bank.platform.reassign("a", "eva").await?.appointment;
    let codes = after.codes.context("addresses")?;
    assert_eq!(codes.client, before.client, "the client's stays");
    assert!(matches!(bank.platform.arrive(before.staff.as_str()).await, Err(JoinError::Unknown)));
    let link = bank.open(codes.staff.as_str()).await?;
    let claims = Server::Secret.admit(link.expose(), room(&booked)?, bank.now())?;
    assert_eq!(claims["context"]["user"]["name"], "Eva Next");
    Ok(())
}

#[tokio::test]
async fn no_token_is_anywhere_but_in_the_link() -> Result<()> {
    let log = end_to_end::Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(log.clone()).finish();
    let _listening = listen(subscriber);
    let bank = Bank::with(shared(&https())?).await?;
    let (_, codes) = bank.book("a").await?;
    let mut shown = String::new();
    let mut tokens = Vec::new();
    for code in [&codes.client, &codes.staff] {
        let arrival = bank.platform.arrive(code.as_str()).await?;
        let link = bank.platform.join(&arrival).await?;
        tokens.push(token(link.expose())?);
        write!(shown, "{link:?} {arrival:?} {codes:?}")?;
    }
    let audit = bank.platform.audit(&AuditFilter::default(), None, 500).await?;
    let events = bank.platform.events_of(&bank.jitsi, None, 500).await?;
    let told = format!("{audit:?} {events:?} {:?}", bank.platform.appointment("a").await?);
    let (logged, kept) = (log.take(), bank.kept().await?);
    assert!(find(&logged, b"somebody joins"), "it was listened to");
    assert!(find(&kept, codes.client.as_str().as_bytes()), "it is the address that is kept");
    for token in tokens {
        let signature = token.rsplit('.').next().context("a signature")?;
        for (what, bytes) in [
            ("log", &logged[..]),
            ("store", &kept),
            ("audit and events", told.as_bytes()),
            ("Debug", shown.as_bytes()),
        ] {
            assert!(!find(bytes, signature.as_bytes()), "the token is in the {what}");
        }
    }
    // Nor are the addresses in what people and programs log.
    for code in [&codes.client, &codes.staff] {
        assert!(!find(&logged, code.as_str().as_bytes()) && !shown.contains(code.as_str()));
    }
    assert_eq!(bank.world.host.traffic().connections, 0, "nothing was sent");
    assert!(Path::new(bank.world.data.path()).exists());
    Ok(())
}
