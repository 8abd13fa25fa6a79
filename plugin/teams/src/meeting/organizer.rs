//! Whose meeting it is, and so where it is at Graph: the key of a meeting begins with its organizer.

use crate::bindings::provider::{Error, InputProblem, RefusalProblem, User};
use crate::connection::Record;
use crate::encode;
use crate::failure;
use crate::method::Method;
use crate::staff;

/// Where an organizer's meetings are.
pub(crate) struct Organizer {
    /// The object id.
    pub(crate) id: String,
    /// The address of the meetings, without a slash at the end.
    collection: String,
    /// The credential that may touch them.
    pub(crate) credential: &'static str,
}

impl Organizer {
    /// Who organises a new meeting: the service account, or the staff member.
    pub(crate) fn of_new(record: &Record, staff: Option<&User>) -> Result<Self, Error> {
        match (record.method, staff) {
            (Method::ServiceAccount, _) => Ok(Self {
                id: record.oid.clone(),
                // A delegated token works on `/me` only.
                collection: record.cloud.resource("/me/onlineMeetings"),
                credential: record.credential(),
            }),
            (Method::AccessPolicy, Some(staff)) => Self::user(record, &staff.id, "staff"),
            (Method::AccessPolicy, None) => Err(failure::invalid_input(
                "staff",
                InputProblem::Missing,
                "Each staff member organizes their own meetings: the appointment needs one who is matched \
                 to a Microsoft user.",
            )),
        }
    }

    /// Who organises a meeting that was made, if the caller knows; else as for a new one.
    pub(crate) fn of_known(
        record: &Record,
        known: Option<&str>,
        staff: Option<&User>,
    ) -> Result<Self, Error> {
        match (record.method, known.filter(|id| !id.is_empty())) {
            (Method::AccessPolicy, Some(id)) => Self::user(record, id, "organizer-id"),
            (Method::ServiceAccount, Some(id)) if !id.eq_ignore_ascii_case(&record.oid) => {
                Err(failure::refused(
                    RefusalProblem::Other,
                    [
                        "The meeting is organized by another account than the connected one (",
                        id,
                        "), and only that account can change or end it, in Teams.",
                    ]
                    .concat(),
                ))
            }
            _ => Self::of_new(record, staff),
        }
    }

    /// Application-only, with an object id: a name in its place is not found.
    fn user(record: &Record, id: &str, field: &str) -> Result<Self, Error> {
        let id = staff::object_id(id, field)?;
        let path = ["/users/", id, "/onlineMeetings"].concat();
        Ok(Self {
            id: id.to_ascii_lowercase(),
            collection: record.cloud.resource(&path),
            credential: record.credential(),
        })
    }

    /// Where a meeting is made or found by the appointment.
    pub(crate) fn create_or_get(&self) -> String {
        [&self.collection, "/createOrGet"].concat()
    }

    /// Where one meeting is.
    pub(crate) fn meeting(&self, id: &str) -> String {
        let mut url = [&self.collection, "/"].concat();
        encode::push_segment(&mut url, id);
        url
    }
}
