//! Every page, with the role that it needs.

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::{MethodRouter, get, post};
use video_platform::Action;

use crate::assets;
use crate::console::Console;
use crate::failure::Failure;
use crate::gate::{Access, Gate, gate};
use crate::headers::headers;
use crate::pages::{
    appointment, audit, booking, connect, dashboard, disconnect, integration, mass, options, profile,
    reauthorize, record, rematch, schedule, services, sign_in, staff,
};
use crate::settings::CALLBACK;

/// A page and who may have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// How it is asked for.
    pub method: Method,
    /// Where it is, with names in braces for what varies.
    pub path: &'static str,
    /// Who may have it.
    pub access: Access,
}

type Entry = (Method, &'static str, Access, MethodRouter<Console>);

/// The table. A page that is not in it is not there.
#[expect(clippy::too_many_lines, reason = "it is one table, to be read as one")]
fn table() -> Vec<Entry> {
    use Access::{Everyone, May, SignedIn};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const ONE: &str = "/settings/video-calls/{integration}";
    vec![
        (GET, "/assets/{name}", Everyone, get(assets::file)),
        (GET, "/sign-in", Everyone, get(sign_in::ask)),
        (POST, "/sign-in", Everyone, post(sign_in::enter)),
        (POST, "/sign-out", SignedIn, post(sign_in::leave)),
        (GET, "/", SignedIn, get(sign_in::start)),
        // Settings → Video Calls
        (GET, "/settings/video-calls", May(Action::SeeIntegrations), get(integration::list)),
        (GET, "/settings/video-calls/new", May(Action::Connect), get(connect::choose)),
        (GET, "/settings/video-calls/new/{provider}", May(Action::Connect), get(connect::ask)),
        (POST, "/settings/video-calls/new/{provider}", May(Action::Connect), post(connect::begin)),
        (GET, CALLBACK, May(Action::FinishSignIn), get(connect::callback)),
        (GET, ONE, May(Action::SeeDashboard), get(dashboard::show)),
        (
            POST,
            "/settings/video-calls/{integration}/staff/{staff}",
            May(Action::EnableVideo),
            post(dashboard::toggle),
        ),
        (
            POST,
            "/settings/video-calls/{integration}/selected",
            May(Action::EnableVideoForMany),
            post(mass::confirm),
        ),
        (
            POST,
            "/settings/video-calls/{integration}/video-calls",
            May(Action::EnableVideoForMany),
            post(mass::change),
        ),
        (GET, "/settings/video-calls/{integration}/rematch", May(Action::Rematch), get(rematch::show)),
        (POST, "/settings/video-calls/{integration}/rematch", May(Action::Rematch), post(rematch::start)),
        (
            POST,
            "/settings/video-calls/{integration}/rematch/cancel",
            May(Action::CancelRematch),
            post(rematch::cancel),
        ),
        (
            GET,
            "/settings/video-calls/{integration}/rematch/progress",
            May(Action::Rematch),
            get(rematch::progress),
        ),
        (
            GET,
            "/settings/video-calls/{integration}/reauthorize",
            May(Action::Reauthorize),
            get(reauthorize::ask),
        ),
        (
            POST,
            "/settings/video-calls/{integration}/reauthorize",
            May(Action::Reauthorize),
            post(reauthorize::begin),
        ),
        (
            GET,
            "/settings/video-calls/{integration}/disconnect",
            May(Action::Disconnect),
            get(disconnect::ask),
        ),
        (
            POST,
            "/settings/video-calls/{integration}/disconnect",
            May(Action::Disconnect),
            post(disconnect::disconnect),
        ),
        (POST, "/settings/video-calls/{integration}/check", May(Action::Check), post(integration::check)),
        (
            POST,
            "/settings/video-calls/{integration}/default",
            May(Action::SetDefault),
            post(integration::set_default),
        ),
        (
            GET,
            "/settings/video-calls/{integration}/options",
            May(Action::SetMeetingOptions),
            get(options::ask),
        ),
        (
            POST,
            "/settings/video-calls/{integration}/options",
            May(Action::SetMeetingOptions),
            post(options::save),
        ),
        (GET, "/settings/video-calls/{integration}/edit", May(Action::Rename), get(integration::edit)),
        (POST, "/settings/video-calls/{integration}/edit", May(Action::Rename), post(integration::save)),
        // Staff
        (GET, "/staff", May(Action::ListStaff), get(staff::list)),
        (GET, "/staff/new", May(Action::PutStaff), get(record::new)),
        (POST, "/staff/new", May(Action::PutStaff), post(record::add)),
        (GET, "/staff/{staff}", May(Action::SeeStaff), get(profile::show)),
        (GET, "/staff/{staff}/edit", May(Action::PutStaff), get(record::edit)),
        (POST, "/staff/{staff}/edit", May(Action::PutStaff), post(record::change)),
        (POST, "/staff/{staff}/video-calls-platform", May(Action::ChooseIntegration), post(profile::choose)),
        (POST, "/staff/{staff}/video-calls", May(Action::EnableVideo), post(profile::enable)),
        (POST, "/staff/{staff}/rematch", May(Action::RematchOne), post(profile::rematch)),
        (POST, "/staff/{staff}/check", May(Action::CheckStaff), post(profile::check)),
        // Services
        (GET, "/services", May(Action::PutService), get(services::list)),
        (GET, "/services/new", May(Action::PutService), get(services::new)),
        (GET, "/services/{service}", May(Action::PutService), get(services::edit)),
        (POST, "/services/{service}", May(Action::PutService), post(services::save)),
        (POST, "/services/{service}/staff", May(Action::Assign), post(services::assign)),
        // Appointments
        (GET, "/schedule", May(Action::SeeAppointments), get(schedule::show)),
        (GET, "/schedule/new", May(Action::Book), get(booking::in_schedule)),
        (POST, "/schedule/new", May(Action::Book), post(booking::book_in_schedule)),
        (GET, "/client-view", May(Action::SeeServices), get(booking::in_client_view)),
        (POST, "/client-view", May(Action::Book), post(booking::book_in_client_view)),
        (GET, "/contact-center", May(Action::SeeClient), get(schedule::contact_center)),
        (GET, "/contact-center/new", May(Action::SeeClient), get(booking::in_contact_center)),
        (POST, "/contact-center/new", May(Action::SeeClient), post(booking::book_in_contact_center)),
        (GET, "/appointments/{appointment}", May(Action::SeeAppointments), get(appointment::show)),
        (POST, "/appointments/{appointment}/move", May(Action::Move), post(appointment::reschedule)),
        (GET, "/appointments/{appointment}/cancel", May(Action::Cancel), get(appointment::ask)),
        (POST, "/appointments/{appointment}/cancel", May(Action::Cancel), post(appointment::cancel)),
        (GET, "/audit-log", May(Action::ReadAudit), get(audit::show)),
    ]
}

/// Every page and who may have it.
pub fn listed() -> Vec<Listed> {
    table().into_iter().map(|(method, path, access, _)| Listed { method, path, access }).collect()
}

pub(crate) fn router(console: &Console) -> Router {
    let mut router = Router::new();
    for (_, path, access, handler) in table() {
        let guard = Gate { console: console.clone(), access };
        router = router.route(path, handler.layer(from_fn_with_state(guard, gate)));
    }
    let everyone = Gate { console: console.clone(), access: Access::Everyone };
    let missing =
        async || Failure::not_found("The address is wrong, or what was there is gone.").into_response();
    router
        .fallback_service(Router::new().fallback(missing).layer(from_fn_with_state(everyone, gate)))
        .layer(from_fn_with_state(console.clone(), headers))
        .with_state(console.clone())
}
