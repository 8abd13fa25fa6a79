//! Who may have a page: asked before each of them, by one layer that the table of routes puts there.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use cookie::Cookie;
use url::form_urlencoded;
use video_platform::{Action, Actor, ActorKind};

use crate::console::Console;
use crate::failure::Failure;
use crate::secret;
use crate::session::Session;

/// The largest form that is taken, in bytes.
const LARGEST_FORM: usize = 1 << 20;

/// Who may have a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whoever asks.
    Everyone,
    /// Who signed in.
    SignedIn,
    /// Who may do this, and who is refused stands in the audit log.
    May(Action),
}

impl Access {
    /// The least kind of actor who may have it.
    pub fn needs(self) -> ActorKind {
        match self {
            Self::Everyone => ActorKind::Nobody,
            // Pages for clients are looked at by staff.
            Self::SignedIn => ActorKind::Staff,
            Self::May(action) => action.needs().max(ActorKind::Staff),
        }
    }
}

/// What the layer knows of its route.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) console: Console,
    pub(crate) access: Access,
}

/// A request of somebody who may make it.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) session: Session,
    pub(crate) actor: Actor,
}

/// A form that was sent, from a page of this session.
#[derive(Debug, Clone, Default)]
pub(crate) struct Submitted(Vec<(String, String)>);

impl Submitted {
    /// What a query holds.
    pub(crate) fn of(query: &str) -> Self {
        Self::parse(query.as_bytes())
    }

    fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// Whether something in it cannot be stored: PostgreSQL's text has no NUL, and no browser sends one.
    fn has_nul(&self) -> bool {
        self.0.iter().any(|(name, value)| name.contains('\0') || value.contains('\0'))
    }

    /// The first value of this name without white space around it; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// All values of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl From<Vec<(String, String)>> for Submitted {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        // Without the layer there is no visit, so no page that needs one is ever shown without it.
        parts.extensions.get().cloned().ok_or_else(Failure::signed_out)
    }
}

impl<S: Sync> FromRequestParts<S> for Submitted {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get().cloned().ok_or_else(Failure::foreign_form)
    }
}

/// Where a request comes from.
pub(crate) fn address(request: &Request) -> IpAddr {
    let info = request.extensions().get::<ConnectInfo<SocketAddr>>();
    info.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip())
}

/// Lets a request in, or refuses it. Errors come out as pages for whoever asked.
pub(crate) async fn gate(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let console = &gate.console;
    if has_nul(request.uri()) {
        return Failure::garbled().page(console, None);
    }
    let visit = match visit(console, request.headers()).await {
        Ok(visit) => visit,
        Err(failure) => return failure.page(console, None),
    };
    let response = match admit(&gate, visit.as_ref(), request).await {
        Ok(request) => next.run(request).await,
        Err(failure) => failure.into_response(),
    };
    let response = match response.extensions().get::<Failure>() {
        Some(failure) => failure.page(console, visit.as_ref()),
        None => response,
    };
    if let Some(visit) = &visit
        && let Err(error) = console.sessions().settle(&visit.session).await
    {
        tracing::warn!(%error, "a message for the next page is lost, or shown twice");
    }
    response
}

/// Whether the path or the query means a text with a NUL in it.
fn has_nul(uri: &Uri) -> bool {
    uri.path().contains("%00") || uri.query().is_some_and(|query| Submitted::of(query).has_nul())
}

/// Who asks, with the role that they have now.
async fn visit(console: &Console, headers: &HeaderMap) -> Result<Option<Visit>, Failure> {
    let sessions = console.sessions();
    let mut session = None;
    for cookie in cookies(headers, sessions.cookie_name()) {
        session = sessions.find(&cookie, console.now()).await?;
        if session.is_some() {
            break;
        }
    }
    let Some(session) = session else { return Ok(None) };
    let Some(actor) = console.platform().actor(&session.staff).await? else {
        // Their record is gone, and so is what they may do.
        sessions.end(&session).await?;
        return Ok(None);
    };
    Ok(Some(Visit { session, actor }))
}

/// The values of a cookie. A browser sends one; who sends many has no more than two of them looked up.
fn cookies(headers: &HeaderMap, name: &str) -> Vec<String> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let cookies = cookies.flat_map(Cookie::split_parse).flatten().filter(|cookie| cookie.name() == name);
    cookies.take(2).map(|cookie| cookie.value().to_owned()).collect()
}

async fn admit(gate: &Gate, visit: Option<&Visit>, mut request: Request) -> Result<Request, Failure> {
    let changes = request.method() == Method::POST;
    if changes && is_cross_site(&gate.console, request.headers()) {
        return Err(Failure::foreign_form());
    }
    match (gate.access, visit) {
        (Access::Everyone, _) | (Access::SignedIn, Some(_)) => {}
        (Access::SignedIn, None) => return Err(Failure::signed_out()),
        (Access::May(action), visit) => {
            let subject = format!("{} {}", request.method(), request.uri().path());
            let from = address(&request);
            may(gate, action, visit, &subject, from).await?;
        }
    }
    if let Some(visit) = visit {
        request.extensions_mut().insert(visit.clone());
    }
    if !changes {
        return Ok(request);
    }
    let (mut parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, LARGEST_FORM).await.map_err(|_| Failure::large_form())?;
    let form = Submitted::parse(&bytes);
    if form.has_nul() {
        return Err(Failure::garbled());
    }
    if gate.access != Access::Everyone
        && !visit.is_some_and(|visit| secret::same(form.get("csrf"), &visit.session.csrf))
    {
        return Err(Failure::foreign_form());
    }
    parts.extensions.insert(form);
    Ok(Request::from_parts(parts, Body::empty()))
}

async fn may(
    gate: &Gate,
    action: Action,
    visit: Option<&Visit>,
    subject: &str,
    from: IpAddr,
) -> Result<(), Failure> {
    if let Some(visit) = visit {
        let acting = gate.console.acting_as(&visit.actor);
        if acting.allows(action) {
            return Ok(());
        }
        let refusal = acting.refuse(action, Some(subject)).await?;
        return Err(Failure::new(StatusCode::FORBIDDEN, "This page is not for you", &refusal));
    }
    if gate.console.logs_stranger(from) {
        gate.console.acting_as(&Actor::nobody()).refuse(action, Some(subject)).await?;
    }
    Err(Failure::signed_out())
}

/// Whether a browser says that another site sent this. Browsers that do not say have the token alone.
fn is_cross_site(console: &Console, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin != console.settings().origin(),
        (None, None) => false,
    }
}

/// The sentence of an error with those of its causes that it does not tell itself.
pub(crate) fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text} {inner_text}");
        }
        cause = inner.source();
    }
    text
}
