//! What the platform tells those who watch it, as the host does (`video_host::watch`).

use metrics::{counter, histogram};
use std::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;
use video_host::watch::{Kind, TRACE};

pub use video_host::watch::Metric;

use crate::BookingError;

/// What is counted while appointments are booked and changed.
pub const METRICS: &[Metric] = &[
    Metric {
        name: "video_bookings_total",
        kind: Kind::Counter,
        labels: &["operation", "outcome"],
        help: "Appointments that were booked, moved, handed over, cancelled or resumed, by how that ended: ok, or \
               the name of the error; `waiting` is saved and tried again.",
    },
    Metric {
        name: "video_booking_seconds",
        kind: Kind::Histogram,
        labels: &["operation"],
        help: "How long that took whoever asked for it.",
    },
];

/// Counts what is done to an appointment, and gives it a span. Counted when it is dropped too, as
/// `abandoned`: a browser that hangs up is not lost from the numbers.
pub(crate) async fn watched<T>(
    operation: &'static str,
    work: impl Future<Output = Result<T, BookingError>>,
) -> Result<T, BookingError> {
    let span = tracing::info_span!(target: TRACE, "change the appointment", operation, outcome = Empty, otel.status_code = Empty);
    let mut doing = Doing { operation, begun: Instant::now(), outcome: "abandoned", span: span.clone() };
    // Boxed, or it would be copied into the futures of all who call.
    let done = Box::pin(work).instrument(span).await;
    doing.outcome = done.as_ref().err().map_or("ok", BookingError::name);
    done
}

struct Doing {
    operation: &'static str,
    begun: Instant,
    outcome: &'static str,
    span: tracing::Span,
}

impl Drop for Doing {
    fn drop(&mut self) {
        self.span.record("outcome", self.outcome);
        if self.outcome != "ok" {
            self.span.record("otel.status_code", "ERROR");
        }
        histogram!("video_booking_seconds", "operation" => self.operation).record(self.begun.elapsed());
        counter!("video_bookings_total", "operation" => self.operation, "outcome" => self.outcome)
            .increment(1);
    }
}
