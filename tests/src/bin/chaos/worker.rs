//! One of the host processes: it finishes what was left behind, and then does what it is asked, several
//! things at a time, until it is killed or its input ends.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use end_to_end::process;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use video_host::Host;
use video_host::clock::ShiftedClock;
use video_platform::{
    Appointment, BookingError, BookingRequest, Channel, MeetingMethod, MeetingOptions, Platform,
};

use crate::words::{Asked, Line, Told, What};

/// Starts of a worker while the database is away.
const STARTS: u32 = 100;

/// Serves its standard input.
pub(crate) async fn work(folder: &Path) -> Result<()> {
    let (platform, _, clock) = started(folder).await?;
    let platform = Arc::new(platform);
    let (lines, mut outgoing) = mpsc::unbounded_channel::<Line>();
    let writer = tokio::spawn(async move {
        let mut out = tokio::io::stdout();
        while let Some(line) = outgoing.recv().await {
            let mut text = serde_json::to_vec(&line)?;
            text.push(b'\n');
            out.write_all(&text).await?;
            out.flush().await?;
        }
        anyhow::Ok(())
    });
    // Who is left waits for the next one that starts, if the database is away now.
    let resumed = platform.resume().await.map_or(0, |report| report.finished.len());
    lines.send(Line::Ready { resumed })?;

    let mut advanced = Duration::from_secs(std::env::var(process::ADVANCE)?.parse()?);
    let mut orders = JoinSet::new();
    let mut incoming = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = incoming.next_line().await? {
        match serde_json::from_str(&line)? {
            Asked::Advance(seconds) => {
                let wanted = Duration::from_secs(seconds);
                clock.advance(wanted.saturating_sub(advanced));
                advanced = advanced.max(wanted);
            }
            Asked::Do { number, appointment, staff, what } => {
                let (platform, lines) = (platform.clone(), lines.clone());
                orders.spawn(async move {
                    let told = told(carry_out(&platform, appointment, staff, what).await);
                    // Nobody listens any more: then there is nobody to tell.
                    let _ = lines.send(Line::Answer { number, told });
                });
            }
        }
    }
    orders.join_all().await;
    drop(lines);
    writer.await?
}

/// A host is started again until the database answers, as whatever runs hosts does.
async fn started(folder: &Path) -> Result<(Platform, Host, Arc<ShiftedClock>)> {
    let mut attempts = 0;
    loop {
        match process::platform(folder).await {
            Err(_) if attempts < STARTS => attempts += 1,
            started => return started,
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn carry_out(
    platform: &Platform,
    appointment: String,
    staff: String,
    what: What,
) -> Result<Appointment, BookingError> {
    match what {
        What::Book { start, end } => {
            let request = BookingRequest {
                // A change at Microsoft can be told by it: its URL names the meeting only.
                subject: format!("Advice, {appointment}"),
                id: appointment,
                service: "advice".to_owned(),
                method: MeetingMethod::VideoCall,
                staff,
                client_name: "A Customer".to_owned(),
                client_email: "customer@example.com".to_owned(),
                start,
                end,
                channel: Channel::ClientView,
                options: MeetingOptions::default(),
            };
            platform.book(&request).await
        }
        What::Move { start, end } => platform.move_appointment(&appointment, start, end).await,
        What::Cancel => platform.cancel(&appointment).await,
    }
}

fn told(outcome: Result<Appointment, BookingError>) -> Told {
    match outcome {
        Ok(appointment) => Told::Done { link: appointment.link, start: appointment.start },
        Err(BookingError::Waiting { .. }) => Told::Waiting,
        Err(BookingError::Refused { .. }) => Told::Refused,
        Err(BookingError::Cancelled(_)) => Told::Cancelled,
        Err(BookingError::NeverBooked(_)) => Told::NeverBooked,
        Err(BookingError::Database(_)) => Told::Busy,
        Err(other) => Told::Unexpected(other.to_string()),
    }
}
