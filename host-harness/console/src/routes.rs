//! Every page, with the role that it needs.

use std::borrow::Cow;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::{MethodRouter, get, post};
use video_platform::Action;

use crate::assets;
use crate::console::Console;
use crate::draining::admit;
use crate::failure::Failure;
use crate::gate::Access::{self, Everyone, May, SignedIn};
use crate::gate::{Gate, gate};
use crate::headers::headers;
use crate::pages::{
    VIDEO_CALLS, appointment, audit, booking, change, connect, dashboard, disconnect, events, hand_over,
    integration, join, mass, options, profile, reauthorize, record, rematch, schedule, services, sign_in,
    staff,
};
use crate::settings::CALLBACK;

/// A page and who may have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// How it is asked for.
    pub method: Method,
    /// Where it is, with names in braces for what varies.
    pub path: Cow<'static, str>,
    /// Who may have it.
    pub access: Access,
}

type Entry = (Method, Cow<'static, str>, Access, MethodRouter<Console>);

fn page<H, T>(path: impl Into<Cow<'static, str>>, access: Access, handler: H) -> Entry
where
    H: Handler<T, Console>,
    T: 'static,
{
    (Method::GET, path.into(), access, get(handler))
}

fn form<H, T>(path: impl Into<Cow<'static, str>>, access: Access, handler: H) -> Entry
where
    H: Handler<T, Console>,
    T: 'static,
{
    (Method::POST, path.into(), access, post(handler))
}

/// The table. A page that is not in it is not there.
fn table() -> Vec<Entry> {
    [basics(), settings(), of_one_integration(), people(), appointments()].into_iter().flatten().collect()
}

fn basics() -> Vec<Entry> {
    vec![
        page("/assets/{name}", Everyone, assets::file),
        page("/sign-in", Everyone, sign_in::ask),
        form("/sign-in", Everyone, sign_in::enter),
        form("/sign-out", SignedIn, sign_in::leave),
        page("/", SignedIn, sign_in::start),
        page("/audit-log", May(Action::ReadAudit), audit::show),
    ]
}

/// Settings → Video Calls.
fn settings() -> Vec<Entry> {
    vec![
        page(VIDEO_CALLS, May(Action::SeeIntegrations), integration::list),
        page("/settings/video-calls/new", May(Action::Connect), connect::choose),
        page("/settings/video-calls/new/{provider}", May(Action::Connect), connect::ask),
        form("/settings/video-calls/new/{provider}", May(Action::Connect), connect::begin),
        page(CALLBACK, May(Action::FinishSignIn), connect::callback),
    ]
}

fn of_one_integration() -> Vec<Entry> {
    let one = |below: &str| format!("{VIDEO_CALLS}/{{integration}}{below}");
    vec![
        page(one(""), May(Action::SeeDashboard), dashboard::show),
        form(one("/staff/{staff}"), May(Action::EnableVideo), dashboard::toggle),
        form(one("/selected"), May(Action::EnableVideoForMany), mass::confirm),
        form(one("/video-calls"), May(Action::EnableVideoForMany), mass::change),
        page(one("/video-calls/{change}"), May(Action::EnableVideoForMany), change::show),
        page(one("/video-calls/{change}/progress"), May(Action::EnableVideoForMany), change::progress),
        page(one("/rematch"), May(Action::Rematch), rematch::show),
        form(one("/rematch"), May(Action::Rematch), rematch::start),
        form(one("/rematch/cancel"), May(Action::CancelRematch), rematch::cancel),
        page(one("/rematch/progress"), May(Action::Rematch), rematch::progress),
        page(one("/reauthorize"), May(Action::Reauthorize), reauthorize::ask),
        form(one("/reauthorize"), May(Action::Reauthorize), reauthorize::begin),
        page(one("/disconnect"), May(Action::Disconnect), disconnect::ask),
        form(one("/disconnect"), May(Action::Disconnect), disconnect::disconnect),
        form(one("/check"), May(Action::Check), integration::check),
        form(one("/default"), May(Action::SetDefault), integration::set_default),
        page(one("/options"), May(Action::SetMeetingOptions), options::ask),
        form(one("/options"), May(Action::SetMeetingOptions), options::save),
        page(one("/edit"), May(Action::Rename), integration::edit),
        form(one("/edit"), May(Action::Rename), integration::save),
        page(one("/events"), May(Action::SeeIntegrations), events::show),
    ]
}

/// Staff and the services that they give.
fn people() -> Vec<Entry> {
    vec![
        page("/staff", May(Action::ListStaff), staff::list),
        page("/staff/new", May(Action::PutStaff), record::new),
        form("/staff/new", May(Action::PutStaff), record::add),
        page("/staff/{staff}", May(Action::SeeStaff), profile::show),
        page("/staff/{staff}/edit", May(Action::PutStaff), record::edit),
        form("/staff/{staff}/edit", May(Action::PutStaff), record::change),
        form("/staff/{staff}/video-calls-platform", May(Action::ChooseIntegration), profile::choose),
        form("/staff/{staff}/video-calls", May(Action::EnableVideo), profile::enable),
        form("/staff/{staff}/rematch", May(Action::RematchOne), profile::rematch),
        form("/staff/{staff}/check", May(Action::CheckStaff), profile::check),
        page("/services", May(Action::PutService), services::list),
        page("/services/new", May(Action::PutService), services::new),
        page("/services/{service}", May(Action::PutService), services::edit),
        form("/services/{service}", May(Action::PutService), services::save),
        form("/services/{service}/staff", May(Action::Assign), services::assign),
    ]
}

fn appointments() -> Vec<Entry> {
    vec![
        page(format!("{}/{{code}}", join::JOIN), Everyone, join::open),
        page("/schedule", May(Action::SeeAppointments), schedule::show),
        page("/schedule/new", May(Action::Book), booking::in_schedule),
        form("/schedule/new", May(Action::Book), booking::book_in_schedule),
        page("/client-view", May(Action::SeeServices), booking::in_client_view),
        form("/client-view", May(Action::Book), booking::book_in_client_view),
        page("/contact-center", May(Action::SeeClient), schedule::contact_center),
        page("/contact-center/new", May(Action::SeeClient), booking::in_contact_center),
        form("/contact-center/new", May(Action::SeeClient), booking::book_in_contact_center),
        page("/appointments/{appointment}", May(Action::SeeAppointments), appointment::show),
        form("/appointments/{appointment}/move", May(Action::Move), appointment::reschedule),
        page("/appointments/{appointment}/hand-over", May(Action::Reassign), hand_over::ask),
        form("/appointments/{appointment}/hand-over", May(Action::Reassign), hand_over::hand_over),
        page("/appointments/{appointment}/cancel", May(Action::Cancel), appointment::ask),
        form("/appointments/{appointment}/cancel", May(Action::Cancel), appointment::cancel),
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
        router = router.route(&path, handler.layer(from_fn_with_state(guard, gate)));
    }
    let everyone = Gate { console: console.clone(), access: Access::Everyone };
    let missing =
        async || Failure::not_found("The address is wrong, or what was there is gone.").into_response();
    router
        .fallback_service(Router::new().fallback(missing).layer(from_fn_with_state(everyone, gate)))
        .layer(from_fn_with_state(console.clone(), admit))
        .layer(from_fn_with_state(console.clone(), headers))
        .with_state(console.clone())
}
