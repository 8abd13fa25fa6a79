//! The pages as a whole: what every request needs, and how they are served.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;
use url::Url;
use video_host::clock::Clock;
use video_host::store::StoreError;
use video_platform::{Acting, Actor, Platform};

use crate::database::{self, ConsoleDatabaseError};
use crate::link::Links;
use crate::routes;
use crate::session::Sessions;
use crate::settings::{Settings, WrongAddress};

/// How many refusals of one address that is not signed in go to the audit log in a minute: it is not to be
/// filled by who only knows the address.
const STRANGERS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(120).expect("it is not zero");

/// How often one address to join is served in a minute: each opening has a plugin called and a token signed.
const OPENINGS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(20).expect("it is not zero");

/// Why there are no pages.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// They cannot be served under this address.
    #[error(transparent)]
    Address(#[from] WrongAddress),
    /// Their tables could not be brought up to date.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The platform's web pages. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    inner: Arc<Inner>,
}

struct Inner {
    platform: Platform,
    settings: Settings,
    clock: Arc<dyn Clock>,
    sessions: Sessions,
    links: Links,
    sign_ins: DefaultKeyedRateLimiter<IpAddr>,
    strangers: DefaultKeyedRateLimiter<IpAddr>,
    /// By the code of the address.
    openings: DefaultKeyedRateLimiter<String>,
    /// Those under way; closed when the pages stop.
    requests: TaskTracker,
}

impl Console {
    /// The pages of a platform. Who is signed in is kept in the platform's store: several hosts on one store
    /// show one browser the same pages, whichever of them it comes to.
    pub async fn open(platform: Platform, settings: Settings) -> Result<Self, OpenError> {
        settings.check()?;
        let pool = database::open(platform.providers().host().store()).await?;
        let clock = platform.providers().host().clock().clone();
        let per_minute = NonZeroU32::new(settings.sign_ins_per_minute).unwrap_or(NonZeroU32::MIN);
        Ok(Self {
            inner: Arc::new(Inner {
                clock,
                sessions: Sessions::new(pool.clone(), settings.idle, settings.longest, settings.is_secure()),
                links: Links::new(pool, settings.link_lifetime),
                sign_ins: RateLimiter::keyed(Quota::per_minute(per_minute)),
                strangers: RateLimiter::keyed(Quota::per_minute(STRANGERS_PER_MINUTE)),
                openings: RateLimiter::keyed(Quota::per_minute(OPENINGS_PER_MINUTE)),
                requests: TaskTracker::new(),
                platform,
                settings,
            }),
        })
    }

    /// A link that signs a staff member in, once, within [`Settings::link_lifetime`].
    pub async fn sign_in_link(&self, staff: &str) -> Result<Url, ConsoleDatabaseError> {
        let token = self.inner.links.give(staff, self.now()).await?;
        let mut link = self.inner.settings.address.clone();
        link.set_path("/sign-in");
        link.query_pairs_mut().append_pair("token", &token);
        Ok(link)
    }

    /// All pages, behind their roles. The requests need a [`ConnectInfo`](axum::extract::ConnectInfo) with
    /// the address that they come from; [`Console::serve`] gives it.
    pub fn router(&self) -> Router {
        routes::router(self)
    }

    /// Serves the pages until `shutdown` is ready and the requests under way are answered.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let service = self.router().into_make_service_with_connect_info::<SocketAddr>();
        axum::serve(listener, service).with_graceful_shutdown(shutdown).await
    }

    /// Answers whatever comes from now on with 503 and `Retry-After`: for the time before the end, while
    /// a load balancer finds out.
    pub fn refuse_new(&self) {
        self.inner.requests.close();
    }

    /// Waits until all requests are answered that came before [`Console::refuse_new`].
    pub async fn answered(&self) {
        self.inner.requests.wait().await;
    }

    /// How many requests are under way.
    pub fn under_way(&self) -> usize {
        self.inner.requests.len()
    }

    pub(crate) fn requests(&self) -> &TaskTracker {
        &self.inner.requests
    }

    /// The platform, for what somebody does.
    pub(crate) fn acting_as(&self, actor: &Actor) -> Acting<'_> {
        self.inner.platform.acting_as(actor.clone())
    }

    pub(crate) fn platform(&self) -> &Platform {
        &self.inner.platform
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.inner.sessions
    }

    pub(crate) fn links(&self) -> &Links {
        &self.inner.links
    }

    pub(crate) fn now(&self) -> i64 {
        self.inner.clock.now_ms()
    }

    /// Whether an address from which a link came that does not work may try another one.
    pub(crate) fn may_guess(&self, from: IpAddr) -> bool {
        // Forgets those that did not try lately, so that the list stays short.
        self.inner.sign_ins.retain_recent();
        self.inner.sign_ins.check_key(&from).is_ok()
    }

    /// Whether the address of this code, which is one, may be served once more.
    pub(crate) fn may_join(&self, code: &str) -> bool {
        self.inner.openings.retain_recent();
        self.inner.openings.check_key(&code.to_owned()).is_ok()
    }

    /// Whether one more refusal of an address that is not signed in goes to the audit log.
    pub(crate) fn logs_stranger(&self, from: IpAddr) -> bool {
        self.inner.strangers.retain_recent();
        self.inner.strangers.check_key(&from).is_ok()
    }
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}
