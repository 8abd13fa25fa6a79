//! Who is put on the meeting, and as what.

use super::wire::{Attendee, Identity};
use crate::bindings::provider::{AttendeeRole, MeetingRequest};

/// The attendees to send, and sentences about who could not be sent as asked.
///
/// The staff member becomes a co-organizer, unless a presenter was asked for: with the service account
/// as the organizer, somebody has to be able to admit the customer and to end the meeting. Presenters and co-organizers have to be
/// in the directory ("onlineMeetingRole", Graph), so that whoever has no user id attends. The
/// organizer is never among the attendees.
///
/// Names go along as `identity.user.displayName` ("identity", Graph), which Graph's answers do not
/// show again.
pub(crate) fn list<'a>(
    request: &'a MeetingRequest,
    organizer: &str,
    staff_role: AttendeeRole,
) -> (Vec<Attendee<'a>>, Vec<String>) {
    let mut attendees: Vec<Attendee<'a>> = Vec::new();
    let mut unreachable = false;
    let mut demoted = false;
    let staff = request.staff.iter().map(|staff| {
        let key = Some(staff.key.as_str()).filter(|key| !key.is_empty());
        (Some(staff.id.as_str()), key, staff.display_name.as_str(), staff_role)
    });
    let others = request.attendees.iter().map(|attendee| {
        let address = attendee.address.as_deref().map(str::trim);
        (
            attendee.user_id.as_deref().filter(|id| !id.is_empty()),
            address.filter(|address| !address.is_empty()),
            attendee.name.as_str(),
            attendee.role,
        )
    });
    for (id, upn, name, role) in staff.chain(others) {
        if id.is_none() && upn.is_none() {
            unreachable = true;
            continue;
        }
        let in_directory = id.is_some();
        demoted |= !in_directory && role != AttendeeRole::Attendee;
        let attendee = Attendee {
            upn,
            role: role_name(if in_directory { role } else { AttendeeRole::Attendee }),
            identity: Identity::of(id, name.trim()),
        };
        let is_host = id.is_some_and(|id| id.eq_ignore_ascii_case(organizer));
        if !is_host && !attendees.iter().any(|other| other.is_same(&attendee)) {
            attendees.push(attendee);
        }
    }
    let mut warnings = Vec::new();
    if unreachable {
        warnings.push(
            "Attendees without an e-mail address are not on the list of the Teams meeting. Give \
             them the link."
                .to_owned(),
        );
    }
    if demoted {
        warnings.push(
            "Only users of the organisation can be presenters or co-organizers. Others attend.".to_owned(),
        );
    }
    (attendees, warnings)
}

/// What `onlineMeetingRole` calls a role.
fn role_name(role: AttendeeRole) -> &'static str {
    match role {
        AttendeeRole::Attendee => "attendee",
        AttendeeRole::Presenter => "presenter",
        AttendeeRole::CoOrganizer => "coorganizer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::provider::{Attendee as Asked, User};

    fn asked(address: Option<&str>, user_id: Option<&str>, role: AttendeeRole) -> Asked {
        Asked {
            name: "N".to_owned(),
            address: address.map(str::to_owned),
            user_id: user_id.map(str::to_owned),
            role,
        }
    }

    fn request(attendees: Vec<Asked>) -> MeetingRequest {
        MeetingRequest {
            appointment_id: "a".to_owned(),
            meeting_id: None,
            organizer_id: None,
            staff: Some(User { id: "S".to_owned(), key: "s@c.com".to_owned(), display_name: String::new() }),
            subject: String::new(),
            start: 0,
            end: 1,
            attendees,
            options: Vec::new(),
        }
    }

    #[test]
    fn staff_and_guests_are_each_listed_once() {
        let request = request(vec![
            asked(Some("s@c.com"), Some("s"), AttendeeRole::Presenter),
            asked(Some(" g@x.com "), None, AttendeeRole::Presenter),
            asked(Some("G@x.com"), None, AttendeeRole::Attendee),
            asked(None, None, AttendeeRole::Attendee),
            asked(None, Some("ORG"), AttendeeRole::Attendee),
        ]);
        let (attendees, warnings) = list(&request, "org", AttendeeRole::CoOrganizer);
        let text = serde_json::to_string(&attendees).unwrap_or_default();
        assert_eq!(
            text,
            r#"[{"upn":"s@c.com","role":"coorganizer","identity":{"user":{"id":"S"}}},{"upn":"g@x.com","role":"attendee","identity":{"user":{"displayName":"N"}}}]"#
        );
        assert_eq!(warnings.len(), 2);
    }

    #[test]
    fn the_staff_member_presents_if_that_was_chosen_and_is_named() {
        let mut request = request(vec![asked(Some("s@c.com"), Some("S"), AttendeeRole::CoOrganizer)]);
        if let Some(staff) = &mut request.staff {
            staff.display_name = "Adele".to_owned();
        }
        let (attendees, _) = list(&request, "org", AttendeeRole::Presenter);
        assert_eq!(
            serde_json::to_string(&attendees).unwrap_or_default(),
            r#"[{"upn":"s@c.com","role":"presenter","identity":{"user":{"id":"S","displayName":"Adele"}}}]"#
        );
    }

    #[test]
    fn the_organizer_does_not_attend_its_own_meeting() {
        let request = request(Vec::new());
        assert!(list(&request, "s", AttendeeRole::CoOrganizer).0.is_empty());
    }
}
