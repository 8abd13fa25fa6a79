//! What a running instance's store holds: the call it serves and what that call may still use.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use url::Url;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::HostWallClock;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::limits::{Limits, Meter};
use super::usage::Usage;
use crate::calls::Tenant;
use crate::clock::Clock;
use crate::lend::Lender;
use crate::signing::Signed;
use crate::store::Integration;
use crate::vault::Redactor;

/// Handles that a guest may hold at a time: streams of its standard error, pollables of clocks.
const HANDLES: usize = 64;

/// Bytes of one request for random numbers.
const RANDOM_BYTES: u64 = 4_096;

/// What a panic may say, in bytes.
const STDERR: usize = 16 << 10;

/// One call's state. It lives and dies with the call's instance.
pub(crate) struct CallState {
    wasi: WasiCtx,
    table: ResourceTable,
    pub(crate) meter: Meter,
    pub(crate) usage: Arc<Usage>,
    pub(crate) stderr: MemoryOutputPipe,
    pub(crate) lender: Arc<Lender>,
    /// The plugin's name, for logs.
    pub(crate) plugin: Arc<str>,
    /// None while the plugin only describes itself: it is lent nothing then.
    pub(crate) integration: Option<Integration>,
    /// What the integration shares with others of its tenant; none while the plugin describes itself.
    pub(crate) tenant: Option<Arc<Tenant>>,
    /// When what the plugin is lent has to have answered: before the call itself is given up, so that the
    /// plugin can still tell what it has. A meeting that was made is not lost because the request after it
    /// hangs.
    pub(crate) deadline: Instant,
    pub(crate) requests_left: u32,
    pub(crate) log_lines_left: u32,
    pub(crate) log_bytes_left: usize,
    /// Somebody joins by this call: what may be signed for them.
    pub(crate) joining: Option<Joining>,
    /// It went on after the host had said no: it is held back, although its answer is good.
    pub(crate) misbehaved: bool,
}

/// What is signed in one call at most.
const SIGNATURES: usize = 8;

/// Somebody joining.
#[derive(Debug)]
pub(crate) struct Joining {
    /// The meeting's own link, by which the key is found; none if it is no URL.
    pub(crate) link: Option<Url>,
    /// What was signed so far.
    pub(crate) signed: Vec<Signed>,
}

impl Joining {
    /// For a meeting with this link.
    pub(crate) fn new(link: &str) -> Self {
        Self { link: Url::parse(link).ok(), signed: Vec::new() }
    }

    /// Whether one more can be signed.
    pub(crate) fn may_sign(&self) -> bool {
        self.signed.len() < SIGNATURES
    }
}

/// Log lines of one call, as `wit/log.wit` says.
const LOG_LINES: u32 = 100;

/// Bytes of a line, as `wit/log.wit` says.
pub(crate) const LOG_LINE: usize = 2_000;

impl CallState {
    pub(crate) fn new(
        lender: Arc<Lender>,
        plugin: Arc<str>,
        whose: Option<(Integration, Arc<Tenant>)>,
        limits: &Limits,
        usage: Arc<Usage>,
        deadline: Instant,
    ) -> Self {
        let (integration, tenant) = whose.unzip();
        let stderr = MemoryOutputPipe::new(STDERR);
        let wasi = WasiCtx::builder()
            .stderr(stderr.clone())
            .max_random_size(RANDOM_BYTES)
            .wall_clock(HostTime(lender.clock.clone()))
            .build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        Self {
            wasi,
            table,
            meter: Meter::new(limits),
            usage,
            stderr,
            lender,
            plugin,
            integration,
            tenant,
            deadline,
            requests_left: limits.requests,
            log_lines_left: LOG_LINES,
            log_bytes_left: LOG_LINES as usize * LOG_LINE,
            joining: None,
            misbehaved: false,
        }
    }

    /// What takes out of a text whatever secrets the call could have in it: its integration's, and what was
    /// signed for who joins.
    pub(crate) fn redactor(&self) -> Redactor {
        let known = self.lender.redactor(self.integration.as_ref());
        match &self.joining {
            Some(joining) => known.and(joining.signed.iter().map(Signed::token)),
            None => known,
        }
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// The host's clock as the guest's: both judge the same expiry by the same time.
struct HostTime(Arc<dyn Clock>);

impl HostWallClock for HostTime {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now_ms()).unwrap_or_default())
    }
}
