//! Whether the platform's store, the stand-in and what clients were told agree, appointment for
//! appointment.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, Result, bail, ensure};
use mock_graph::StoredMeeting;
use video_platform::{Appointment, Status};

use crate::clients::Knows;
use crate::plan::LASTS;

/// How the appointments stand, when they agree.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// With one meeting each.
    pub(crate) booked: usize,
    /// With none.
    pub(crate) cancelled: usize,
    /// With none: the provider refused, and the client left it at that.
    pub(crate) refused: usize,
    /// Links that clients saw, each of one appointment.
    pub(crate) links: usize,
}

/// That they do not agree over an appointment.
#[derive(Debug, thiserror::Error)]
#[error("{appointment}: {what}")]
pub(crate) struct Difference {
    pub(crate) appointment: String,
    /// The meeting that the store knows of.
    pub(crate) meeting: Option<String>,
    what: String,
}

/// The first difference is the error.
pub(crate) fn agree(
    known: &[Knows],
    appointments: &[Appointment],
    meetings: &[StoredMeeting],
) -> Result<Agreed> {
    let mut of = BTreeMap::<&str, Vec<&StoredMeeting>>::new();
    for meeting in meetings {
        let id = meeting.external_id.as_deref();
        of.entry(id.with_context(|| format!("{} belongs to nothing", meeting.id))?)
            .or_default()
            .push(meeting);
    }
    let stored: HashMap<_, _> = appointments.iter().map(|it| (it.id.as_str(), it)).collect();
    let mut links = HashMap::new();
    let mut agreed = Agreed::default();
    let mut known: Vec<_> = known.iter().collect();
    known.sort_by(|one, other| one.appointment.cmp(&other.appointment));
    for client in known {
        let id = &*client.appointment;
        let appointment = stored.get(id).with_context(|| format!("{id} is not in the store"))?;
        let meetings = of.remove(id).unwrap_or_default();
        one(client, appointment, &meetings, &mut agreed).map_err(|difference| Difference {
            appointment: id.to_owned(),
            meeting: appointment.meeting_id.clone(),
            what: difference.to_string(),
        })?;
        for link in &client.links {
            if let Some(other) = links.insert(link, id) {
                bail!("{id} and {other} have the same link, {link}");
            }
        }
    }
    if let Some((id, _)) = of.first_key_value() {
        bail!("there is a meeting of {id}, which nobody booked");
    }
    agreed.links = links.len();
    Ok(agreed)
}

fn one(
    client: &Knows,
    appointment: &Appointment,
    meetings: &[&StoredMeeting],
    agreed: &mut Agreed,
) -> Result<()> {
    ensure!(client.links.len() <= 1, "its clients saw several links: {:?}", client.links);
    if let Some(seen) = client.links.first() {
        let link = appointment.link.as_ref();
        ensure!(link == Some(seen), "its clients saw the link {seen}, and the store has {link:?}");
    }
    let cancelled = appointment.status == Status::Cancelled;
    ensure!(
        client.cancelled == cancelled,
        "its client was told that it is {}, and the store says {:?}",
        if client.cancelled { "cancelled" } else { "not cancelled" },
        appointment.status
    );
    match appointment.status {
        Status::Cancelled | Status::Failed => {
            ensure!(meetings.is_empty(), "it is {:?}, and has a meeting", appointment.status);
            if cancelled {
                agreed.cancelled += 1;
            } else {
                ensure!(client.links.is_empty(), "its clients saw a link, and it failed");
                agreed.refused += 1;
            }
        }
        Status::Booked => {
            let [meeting] = meetings else { bail!("it has {} meetings", meetings.len()) };
            let link = appointment.link.as_deref();
            let (join, start) = (&meeting.join_web_url, meeting.start.as_millisecond());
            ensure!(link == Some(join), "its link is {link:?}, and its meeting's {join}");
            ensure!(
                appointment.start == start && appointment.end == meeting.end.as_millisecond(),
                "it is at {}, and its meeting at {start}",
                appointment.start
            );
            ensure!(
                client.starts.contains(&start) && appointment.end == start + LASTS,
                "it is at {start}, and its client was told of {:?}",
                client.starts
            );
            ensure!(
                appointment.organizer_id.as_ref() == Some(&meeting.organizer),
                "its organizer is {:?}, and its meeting's {}",
                appointment.organizer_id,
                meeting.organizer
            );
            agreed.booked += 1;
        }
        unfinished @ (Status::Requested | Status::Moving | Status::Reassigning | Status::Cancelling) => {
            bail!("it is {unfinished:?} after everything was resumed")
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;
    use video_platform::{Channel, MeetingMethod};

    use super::*;

    const START: i64 = 1_796_115_600_000;

    /// What a client, the store and the stand-in have of a booked appointment.
    struct Booked(Knows, Appointment, StoredMeeting);

    fn link(id: &str) -> String {
        format!("https://teams.example/{id}")
    }

    fn booked(id: &str) -> Booked {
        let at = |ms| Timestamp::from_millisecond(ms).expect("a time of this century");
        let knows = Knows {
            appointment: id.to_owned(),
            links: BTreeSet::from([link(id)]),
            starts: BTreeSet::from([START]),
            cancelled: false,
            history: Vec::new(),
        };
        let appointment = Appointment {
            id: id.to_owned(),
            service: "advice".to_owned(),
            method: MeetingMethod::VideoCall,
            staff: "adele".to_owned(),
            client_name: "A Customer".to_owned(),
            client_email: String::new(),
            subject: String::new(),
            start: START,
            end: START + LASTS,
            channel: Channel::Schedule,
            status: Status::Booked,
            integration: Some("contoso".parse().expect("a name")),
            user: None,
            meeting_id: Some(format!("meeting of {id}")),
            organizer_id: Some("organizer".to_owned()),
            link: Some(link(id)),
            codes: None,
            note: None,
        };
        let meeting = StoredMeeting {
            tenant: "tenant".to_owned(),
            organizer: "organizer".to_owned(),
            external_id: Some(id.to_owned()),
            id: format!("meeting of {id}"),
            join_web_url: link(id),
            subject: None,
            start: at(START),
            end: at(START + LASTS),
            created: at(0),
            attendees: Vec::new(),
            settings: serde_json::Map::new(),
            thread_id: String::new(),
        };
        Booked(knows, appointment, meeting)
    }

    /// What is said when something was changed of the second of three appointments.
    fn difference(change: impl FnOnce(&mut Booked)) -> String {
        let mut all = [booked("a"), booked("b"), booked("c")];
        change(&mut all[1]);
        let known: Vec<_> = all.iter().map(|it| it.0.clone()).collect();
        let appointments: Vec<_> = all.iter().map(|it| it.1.clone()).collect();
        let meetings: Vec<_> =
            all.iter().map(|it| it.2.clone()).filter(|meeting| !meeting.id.is_empty()).collect();
        match agree(&known, &appointments, &meetings) {
            Ok(agreed) => format!("{agreed:?}"),
            Err(error) => format!("{error:#}"),
        }
    }

    #[test]
    fn what_is_the_same_everywhere_agrees() {
        let agreed = Agreed { booked: 3, cancelled: 0, refused: 0, links: 3 };
        assert_eq!(difference(|_| {}), format!("{agreed:?}"));
    }

    #[test]
    fn each_difference_is_told_with_its_appointment() {
        type Change = Box<dyn FnOnce(&mut Booked)>;
        let later = Timestamp::from_millisecond(START + 1).unwrap();
        let changes: [(Change, &str); 11] = [
            (Box::new(|it| it.2.id.clear()), "b: it has 0 meetings"),
            (Box::new(|it| it.2.external_id = Some("c".to_owned())), "b: it has 0 meetings"),
            (Box::new(|it| it.2.external_id = None), "belongs to nothing"),
            (Box::new(move |it| it.2.start = later), "b: it is at"),
            (Box::new(|it| it.2.organizer.clear()), "b: its organizer is"),
            (Box::new(|it| it.2.join_web_url = link("x")), "b: its link is"),
            (Box::new(|it| it.1.status = Status::Moving), "b: it is Moving after"),
            (Box::new(|it| it.1.status = Status::Cancelled), "b: its client was told"),
            (Box::new(|it| it.1.status = Status::Failed), "b: it is Failed, and has a meeting"),
            (Box::new(|it| it.0.links.extend([link("x")])), "b: its clients saw several links"),
            (Box::new(|it| it.0.starts = BTreeSet::from([0])), "b: it is at"),
        ];
        for (change, says) in changes {
            let said = difference(change);
            assert!(said.contains(says), "{said:?} does not say {says:?}");
        }
    }

    #[test]
    fn a_link_of_two_appointments_is_told_with_both() {
        let said = difference(|it| {
            it.0.links = BTreeSet::from([link("a")]);
            it.1.link = Some(link("a"));
            it.2.join_web_url = link("a");
        });
        assert!(said.contains("b and a have the same link"), "{said}");
    }

    #[test]
    fn a_meeting_that_nobody_booked_is_told() {
        let Booked(_, _, meeting) = booked("z");
        let said = agree(&[], &[], &[meeting]).expect_err("nobody booked it").to_string();
        assert!(said.contains("a meeting of z"), "{said}");
    }
}
