//! One room for an appointment, whatever happens, and nobody can guess it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use end_to_end::{appointment, contract_error, find};
use video_host::provider::{
    Attendee, AttendeeRole, Error, InputProblem, LookUpOutcome, MeetingRequest, Parameter,
};

use crate::stage::{SERVER, Stage, load, reference};

fn later(id: &str) -> MeetingRequest {
    let request = appointment(id);
    MeetingRequest { start: request.start + 3_600_000, end: request.end + 3_600_000, ..request }
}

#[tokio::test]
async fn an_appointment_has_one_room_whatever_is_asked_again() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.connected("rooms").await?;
    let made = rooms.create_meeting(&appointment("a")).await?;
    assert!(made.created);
    assert_eq!(made.join_url, format!("https://{SERVER}/{}", made.id));
    let again = rooms.create_meeting(&appointment("a")).await?;
    assert_eq!((again.created, &again.id, &again.join_url), (false, &made.id, &made.join_url));
    for meeting_id in [Some(made.id.clone()), None] {
        let moved = rooms.update_meeting(&MeetingRequest { meeting_id, ..later("a") }).await?;
        assert_eq!((moved.start, &moved.join_url), (later("a").start, &made.join_url));
    }
    // A late repetition of the creation asks for the first times again; the room is the same.
    let back = rooms.create_meeting(&appointment("a")).await?;
    assert_eq!((back.start, back.created, &back.join_url), (appointment("a").start, false, &made.join_url));
    stage.nothing_was_sent()
}

#[tokio::test]
async fn another_process_and_a_lost_record_give_the_same_room() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.connected("rooms").await?;
    let made = rooms.create_meeting(&appointment("a")).await?;
    let (_, jitsi) = stage.other_process().await?;
    let elsewhere = jitsi.on(rooms.integration());
    assert_eq!(elsewhere.create_meeting(&appointment("a")).await?.join_url, made.join_url);

    let store = stage.world.host.store();
    for key in store.list(rooms.integration(), "meeting/", None).await?.keys {
        store.delete(rooms.integration(), &key).await?;
    }
    let again = elsewhere.create_meeting(&appointment("a")).await?;
    assert_eq!((again.created, &again.join_url), (true, &made.join_url), "the link needs no record");
    Ok(())
}

#[tokio::test]
async fn many_who_move_one_appointment_at_once_agree_on_the_room() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.connected("rooms").await?;
    let (_, jitsi) = stage.other_process().await?;
    let elsewhere = jitsi.on(rooms.integration());
    let made = rooms.create_meeting(&appointment("a")).await?;
    let mut moves = tokio::task::JoinSet::new();
    for hour in 0..12 {
        let working = if hour % 2 == 0 { rooms.clone() } else { elsewhere.clone() };
        let request = MeetingRequest { end: appointment("a").end + hour, ..appointment("a") };
        moves.spawn(async move { working.update_meeting(&request).await });
    }
    let links: BTreeSet<_> = moves
        .join_all()
        .await
        .into_iter()
        .map(|moved| moved.map(|it| it.join_url))
        .collect::<Result<_, _>>()?;
    assert_eq!(links, BTreeSet::from([made.join_url]));
    Ok(())
}

#[tokio::test]
async fn no_two_appointments_and_no_two_integrations_share_a_room() -> Result<()> {
    let stage = Stage::start().await?;
    let mut rooms = BTreeSet::new();
    for integration in ["one", "other"] {
        let provider = stage.connected(integration).await?;
        for id in ["a", "b", "A", "a ", " a"] {
            let room = provider.create_meeting(&appointment(id)).await?.id;
            // 26 characters of 32: 130 bits.
            assert_eq!(room.len(), 26, "{room}");
            rooms.insert(room);
        }
    }
    assert_eq!(rooms.len(), 10);
    let [one, other] = [stage.on("one")?, stage.on("other")?];
    let (one, other) = (one.check().await?.account, other.check().await?.account);
    assert_ne!((one.id, one.tenant_id), (other.id, other.tenant_id), "nothing is shared out between them");
    Ok(())
}

#[tokio::test]
async fn a_cancelled_appointment_is_gone_and_its_old_link_comes_back_only_to_itself() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.connected("rooms").await?;
    let made = rooms.create_meeting(&appointment("a")).await?;
    rooms.cancel_meeting(&reference("a")).await?;
    rooms.cancel_meeting(&reference("a")).await?;
    rooms.cancel_meeting(&reference("never made")).await?;
    for meeting_id in [Some(made.id.clone()), None] {
        let error = contract_error(rooms.update_meeting(&MeetingRequest { meeting_id, ..later("a") }).await)?;
        assert!(matches!(error, Error::NotFound(_)), "{error:?}");
    }
    let again = rooms.create_meeting(&appointment("a")).await?;
    assert_eq!((again.created, again.join_url), (true, made.join_url));
    Ok(())
}

#[tokio::test]
async fn a_meeting_of_a_connection_before_is_nobodys() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.connected("rooms").await?;
    let before = rooms.create_meeting(&appointment("a")).await?;
    rooms.disconnect().await?;
    stage.connected("rooms").await?;
    rooms.create_meeting(&appointment("a")).await?;
    let mut old = reference("a");
    old.meeting_id = Some(before.id.clone());
    rooms.cancel_meeting(&old).await?;
    assert_eq!(rooms.look_up_meetings(&[old]).await?, [LookUpOutcome::Gone]);
    let moved = MeetingRequest { meeting_id: Some(before.id), ..later("a") };
    assert!(matches!(contract_error(rooms.update_meeting(&moved).await)?, Error::NotFound(_)));
    assert!(matches!(rooms.look_up_meetings(&[reference("a")]).await?[..], [LookUpOutcome::Found(_)]));
    Ok(())
}

#[tokio::test]
async fn looking_up_tells_times_and_links_and_writes_nothing() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.connected("rooms").await?;
    let made = rooms.create_meeting(&appointment("a")).await?;
    let store = stage.world.host.store();
    let before = store.list(rooms.integration(), "", None).await?.keys;
    let found = rooms.look_up_meetings(&[reference("a"), reference("b")]).await?;
    let [LookUpOutcome::Found(room), LookUpOutcome::Gone] = &found[..] else { bail!("{found:?}") };
    assert_eq!((&room.id, &room.join_url), (&made.id, &made.join_url));
    assert_eq!((room.start, room.end, &room.subject), (made.start, made.end, &None));
    assert_eq!(store.list(rooms.integration(), "", None).await?.keys, before);
    Ok(())
}

#[tokio::test]
async fn neither_rooms_nor_names_can_be_read_in_the_data_folder() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.connected("rooms").await?;
    let attendee = Attendee {
        name: "Naledi Mokoena".to_owned(),
        address: Some("naledi@mail.example".to_owned()),
        user_id: None,
        role: AttendeeRole::Attendee,
    };
    let request = MeetingRequest { attendees: vec![attendee], ..appointment("appointment-4711") };
    let room = rooms.create_meeting(&request).await?.id;
    for entry in std::fs::read_dir(stage.world.data.path())? {
        let path = entry?.path();
        if path.is_file() {
            let held = std::fs::read(&path)?;
            for secret in [room.as_str(), "Naledi", "naledi@mail.example", "appointment-4711", "Mortgage"] {
                assert!(!find(&held, secret.as_bytes()), "{secret} in {}", path.display());
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_prefix_is_how_clients_recognize_the_link() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.on("rooms")?;
    let answers = [("domain", SERVER), ("prefix", "Example-Bank")];
    crate::stage::begin(&stage.world.host, &rooms, video_host::store::Purpose::Connect, &answers).await?;
    let link = rooms.create_meeting(&appointment("a")).await?.join_url;
    let room = link.strip_prefix(&format!("https://{SERVER}/example-bank-")).context("it begins so")?;
    assert_eq!(room.len(), 26);
    Ok(())
}

#[tokio::test]
async fn what_the_contract_does_not_allow_is_refused_and_nothing_is_written() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.connected("rooms").await?;
    let good = || appointment("a");
    let somebody =
        Attendee { name: String::new(), address: None, user_id: None, role: AttendeeRole::Attendee };
    let option = Parameter { name: "lobby".to_owned(), value: "everyone".to_owned() };
    for (field, problem, request) in [
        (
            "appointment-id",
            InputProblem::Malformed,
            MeetingRequest { appointment_id: String::new(), ..good() },
        ),
        ("appointment-id", InputProblem::Malformed, MeetingRequest { appointment_id: "ä".into(), ..good() }),
        (
            "appointment-id",
            InputProblem::Malformed,
            MeetingRequest { appointment_id: "a".repeat(129), ..good() },
        ),
        ("subject", InputProblem::Malformed, MeetingRequest { subject: "ä".repeat(257), ..good() }),
        ("end", InputProblem::Malformed, MeetingRequest { end: good().start, ..good() }),
        ("attendees", InputProblem::Malformed, MeetingRequest { attendees: vec![somebody; 101], ..good() }),
        ("lobby", InputProblem::Unsupported, MeetingRequest { options: vec![option], ..good() }),
    ] {
        for ended in [rooms.create_meeting(&request).await, rooms.update_meeting(&request).await] {
            let Error::InvalidInput(input) = contract_error(ended)? else { bail!("{field}") };
            assert_eq!((input.field.as_str(), input.problem), (field, problem));
        }
    }
    let keys = stage.world.host.store().list(rooms.integration(), "meeting/", None).await?.keys;
    assert!(keys.is_empty(), "{keys:?}");
    Ok(())
}

#[tokio::test]
async fn a_full_storage_makes_room_by_forgetting_what_was_long_ago() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.connected("rooms").await?;
    let store = stage.world.host.store();
    let integration = rooms.integration();
    let made = rooms.create_meeting(&appointment("a")).await?;
    let [key] = &store.list(integration, "meeting/", None).await?.keys[..] else { bail!("one record") };
    rooms.cancel_meeting(&reference("a")).await?;
    // A neighbour of its record that ended in 2001, and one that is still to come.
    let (old, to_come) = (format!("{key}-old"), format!("{key}-to-come"));
    store.set(integration, &old, b"1\n1000000000000\n1000000001000").await?;
    store.set(integration, &to_come, b"1\n4102477200000\n4102477201000").await?;
    let mut filled = 0;
    for size in [64 << 10, 1 << 10, 64, 1] {
        while store.set(integration, &format!("filler/{filled}"), &vec![7; size]).await.is_ok() {
            filled += 1;
        }
    }
    let again = rooms.create_meeting(&appointment("a")).await?;
    assert_eq!(again.join_url, made.join_url);
    let left = store.list(integration, "meeting/", None).await?.keys;
    assert_eq!(left, [key.clone(), to_come]);

    let full = contract_error(rooms.create_meeting(&later("another")).await)?;
    let Error::Misconfigured(it) = full else { bail!("{full:?}") };
    assert!(it.message.contains("quota"), "{}", it.message);
    Ok(())
}

#[tokio::test]
async fn what_another_version_wrote_is_told_and_not_overwritten() -> Result<()> {
    let stage = Stage::start().await?;
    let rooms = stage.connected("rooms").await?;
    stage.world.host.store().set(rooms.integration(), "connection", b"2\nfrom the future").await?;
    stage.world.advance(Duration::from_secs(2));
    let jitsi = load(&stage.world.host).await?;
    let error = contract_error(jitsi.on(rooms.integration()).check().await)?;
    assert!(matches!(&error, Error::Internal(message) if message.contains("Install")), "{error:?}");
    Ok(())
}
