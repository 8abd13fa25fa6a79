//! Resource units: what a call costs and how many an application may use in a tenant
//! (Microsoft Graph service-specific throttling limits, identity and access).

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;

use super::error::GraphError;
use super::route::Resource;
use crate::clock::{later, until};
use crate::locks::lock;
use crate::login::AccessToken;
use crate::shared::Shared;
use crate::wire::Form;

const WINDOW: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<(String, String), Window>>);

#[derive(Debug)]
struct Window {
    started: Timestamp,
    used: u32,
    /// Until when the last refusal asked to wait.
    wait_until: Option<Timestamp>,
}

/// What the meter says about one call.
pub(crate) struct Charge {
    pub(crate) units: u32,
    /// The call came before an earlier `Retry-After` had ended.
    pub(crate) early: bool,
    pub(crate) refused: Option<GraphError>,
}

impl Throttle {
    /// Charges a call. A call made while waiting was asked for is counted and refused again.
    pub(crate) fn charge(&self, shared: &Shared, token: &AccessToken, units: u32, now: Timestamp) -> Charge {
        let tenant = shared.directory.tenant(&token.tenant);
        let limit =
            tenant.filter(|tenant| tenant.enforce_throttling).map_or(u32::MAX, |tenant| tenant.size.units());
        let mut windows = lock(&self.0);
        let key = (token.client_id.clone(), token.tenant.clone());
        let window = windows.entry(key).or_insert(Window { started: now, used: 0, wait_until: None });
        let early = window.wait_until.is_some_and(|end| now < end);
        if until(window.started, now) >= WINDOW {
            window.started = now;
            window.used = 0;
        }
        window.used = window.used.saturating_add(units);
        let mut charge = Charge { units, early, refused: None };
        if limit != u32::MAX && (window.used > limit || early) {
            let end = later(window.started, WINDOW);
            let end = window.wait_until.filter(|asked| *asked > end).unwrap_or(end);
            window.wait_until = Some(end);
            let seconds = until(now, end).as_millis().div_ceil(1_000).max(1);
            charge.refused = Some(GraphError::throttled(Some(seconds.to_string())));
        }
        charge
    }

    /// Remembers that a fault asked to wait, so that calls made before its end are marked.
    pub(crate) fn asked_to_wait(&self, token: &AccessToken, seconds: f64, now: Timestamp) {
        let Ok(by) = Duration::try_from_secs_f64(seconds) else {
            return;
        };
        let mut windows = lock(&self.0);
        let key = (token.client_id.clone(), token.tenant.clone());
        windows.entry(key).or_insert(Window { started: now, used: 0, wait_until: None }).wait_until =
            Some(later(now, by));
    }
}

/// `GET /users` costs 2, one less with `$select`, one less with `$top` under 20, at least 1;
/// everything else here costs 1. A batch itself costs nothing: its items do.
pub(crate) fn units(resource: &Resource, method: &Method, query: &Form) -> u32 {
    match resource {
        Resource::Batch => 0,
        Resource::Users | Resource::UserDelta if method == Method::GET => {
            let selected = u32::from(query.get("$select").is_some());
            let small = query.get("$top").and_then(|top| top.parse::<u32>().ok()).is_some_and(|top| top < 20);
            2u32.saturating_sub(selected + u32::from(small)).max(1)
        }
        _ => 1,
    }
}
