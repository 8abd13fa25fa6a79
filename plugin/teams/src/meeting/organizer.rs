//! Whose meeting it is, and so where it is at Graph: the key of a meeting begins with its organizer.

use crate::bindings::provider::{Error, InputProblem, RefusalProblem, User};
use crate::cloud::Cloud;
use crate::connection::Record;
use crate::encode;
use crate::failure;
use crate::method::Method;
use crate::staff;

/// Where an organizer's meetings are.
pub(crate) struct Organizer {
    /// The object id.
    pub(crate) id: String,
    cloud: &'static Cloud,
    /// The path of the meetings, without a slash at the end.
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
                cloud: record.cloud,
                // A delegated token works on `/me` only.
                collection: "/me/onlineMeetings".to_owned(),
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
        Ok(Self {
            id: id.to_ascii_lowercase(),
            cloud: record.cloud,
            collection: ["/users/", id, "/onlineMeetings"].concat(),
            credential: record.credential(),
        })
    }

    /// Where a meeting is made or found by the appointment.
    pub(crate) fn create_or_get(&self) -> String {
        self.cloud.resource(&[&self.collection, "/createOrGet"].concat())
    }

    /// Where one meeting is.
    pub(crate) fn meeting(&self, id: &str) -> String {
        self.cloud.resource(&self.path(id))
    }

    /// The same, as the items of a batch name it: under the version.
    pub(crate) fn path(&self, id: &str) -> String {
        let mut path = [&self.collection, "/"].concat();
        encode::push_segment(&mut path, id);
        path
    }
}
