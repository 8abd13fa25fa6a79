//! An appointment for a platform to book.

use video_platform::{BookingRequest, Channel, MeetingMethod, MeetingOptions};

/// In milliseconds.
pub const HOUR: i64 = 3_600_000;

/// An hour by video of the service `advice`.
pub fn booking(id: &str, staff: &str, start: i64) -> BookingRequest {
    BookingRequest {
        id: id.to_owned(),
        service: "advice".to_owned(),
        method: MeetingMethod::VideoCall,
        staff: staff.to_owned(),
        client_name: "A Customer".to_owned(),
        client_email: "customer@example.com".to_owned(),
        subject: "Mortgage advice".to_owned(),
        start,
        end: start + HOUR,
        channel: Channel::Schedule,
        options: MeetingOptions::new(),
    }
}
