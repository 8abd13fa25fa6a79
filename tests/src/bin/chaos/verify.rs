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

/// The first difference is the error.
pub(crate) fn agree(
    known: &[Knows],
    appointments: &[Appointment],
    meetings: &[StoredMeeting],
) -> Result<Agreed> {
    let mut of = BTreeMap::<&str, Vec<&StoredMeeting>>::new();
    for meeting in meetings {
        let id = meeting.external_id.as_deref();
        of.entry(id.with_context(|| format!("{} belongs to nothing", meeting.id))?).or_default().push(meeting);
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
        one(client, appointment, &meetings, &mut agreed).with_context(|| id.to_owned())?;
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
        unfinished @ (Status::Requested | Status::Moving | Status::Cancelling) => {
            bail!("it is {unfinished:?} after everything was resumed")
        }
    }
    Ok(())
}
