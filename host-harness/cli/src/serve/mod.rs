//! The platform's web pages, for people to use: with sample data and the stand-in, or configured.

mod configuration;
mod following;
mod raw;
mod sample;
mod upkeep;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use mock_graph::MockGraph;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;
use video_console::Console;
use video_platform::{Manifests, Platform};

use crate::arguments::ServeOptions;
use crate::operator::{self, Operator};
use crate::screen::{Screen, Tone};
use crate::watching::{self, Logs};
use configuration::Configuration;
pub(crate) use configuration::kept;
use sample::Sample;

/// For how long the end may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    /// How long new requests are refused before anything else ends: until load balancers have noticed.
    pub(crate) notice: Duration,
    /// How long what is under way has after that.
    pub(crate) within: Duration,
}

impl Default for Ending {
    fn default() -> Self {
        Self { notice: Duration::ZERO, within: Duration::from_secs(30) }
    }
}

impl Ending {
    /// How long calls of jobs have: all of it, but for what giving the rest back to other hosts takes.
    fn of_jobs(&self) -> Duration {
        (self.notice + self.within).saturating_sub(Duration::from_secs(1))
    }
}

/// What is left of the end for traces and connections that nobody uses.
const LAST: Duration = Duration::from_secs(2);

/// Runs until Ctrl-C or a request to terminate.
pub async fn run(options: &ServeOptions, screen: &mut Screen) -> Result<()> {
    if let Some(file) = &options.config {
        let configuration = configuration::read(file)?;
        if options.check {
            watching::start(&Logs::default(), None)?;
            let looked = configuration.check().await?;
            screen.marked("✓", Tone::Good, &format!("{} can be used.", file.display()))?;
            if let Some(looked) = looked {
                screen.text(&looked)?;
            }
            return Ok(());
        }
        let watching = watching::start(&configuration.logs, configuration.traces.as_ref())?;
        let served = configured(&configuration, file, options, screen).await;
        watching.end(LAST).await;
        served?;
    } else {
        let stopping = Stopping::listen()?;
        let listener = listen(options.listen.unwrap_or(ANY)).await?;
        let address = Url::parse(&format!("http://localhost:{}", listener.local_addr()?.port()))?;
        let sample = Sample::open(address, options.microsoft).await?;
        if let Some(file) = &options.ca {
            fs::write(file, sample.microsoft.ca_pem())
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        let operator = operator(options.operator, &sample.platform, &sample.console).await?;
        show(screen, &sample, options, operator.as_ref()).await?;
        let pages = Pages { console: &sample.console, platform: &sample.platform, manifests: None, operator };
        let served = pages.serve(listener, stopping, Ending::default()).await;
        sample.microsoft.shutdown().await;
        served?;
    }
    screen.line("Stopped.")?;
    Ok(())
}

/// Any free port of this machine.
const ANY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn configured(
    configuration: &Configuration,
    file: &Path,
    options: &ServeOptions,
    screen: &mut Screen,
) -> Result<()> {
    // What ends it is listened for before anybody is told that all is ready.
    let stopping = Stopping::listen()?;
    let listener = listen(options.listen.or(configuration.listen).unwrap_or(ANY)).await?;
    let (platform, manifests) = configuration.open().await?;
    let console = Console::open(platform.clone(), configuration.settings.clone()).await?;
    let operator = operator(options.operator.or(configuration.operator), &platform, &console).await?;
    screen.title("Scheduling", configuration.settings.address.as_str())?;
    // What is not a terminal is a journal: others read it, and a link in it is a key.
    if screen.is_terminal() {
        screen.fact("Sign in", console.sign_in_link(&configuration.administrator).await?.as_str())?;
        screen.line("   The link signs in once.")?;
    } else {
        let (file, staff) = (file.display(), &configuration.administrator);
        screen.line(format!("   Sign in: host-harness sign-in --config {file} --staff {staff}"))?;
    }
    told(screen, operator.as_ref())?;
    screen.line(screen.paint(Tone::Strong, "Ready. Ctrl-C stops it."))?;
    let pages = Pages { console: &console, platform: &platform, manifests, operator };
    pages.serve(listener, stopping, configuration.ending).await
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// The operator's port, where there is to be one.
async fn operator(
    address: Option<SocketAddr>,
    platform: &Platform,
    console: &Console,
) -> Result<Option<(Operator, TcpListener)>> {
    let Some(address) = address else { return Ok(None) };
    let listener = listen(address).await?;
    if !operator::is_private(address) {
        tracing::warn!(%address, "others than this machine reach the operator's port, which asks nobody who they are");
    }
    Ok(Some((Operator::new(platform.clone(), console.clone(), operator::install()?), listener)))
}

fn told(screen: &mut Screen, operator: Option<&(Operator, TcpListener)>) -> Result<()> {
    if let Some((_, listener)) = operator {
        screen.fact("Operator", &format!("http://{}", listener.local_addr()?))?;
    }
    Ok(())
}

/// What is served.
struct Pages<'a> {
    console: &'a Console,
    platform: &'a Platform,
    /// Those to follow.
    manifests: Option<Manifests>,
    operator: Option<(Operator, TcpListener)>,
}

impl Pages<'_> {
    /// Serves the pages and keeps the platform up, until it is to stop and all has come to an end: new requests
    /// are refused, those under way are answered, jobs give back what they hold, and tokens that are being
    /// renewed are stored.
    async fn serve(self, listener: TcpListener, stopping: Stopping, ending: Ending) -> Result<()> {
        let (console, platform) = (self.console.clone(), self.platform.clone());
        let Stopping { stop, hurry } = stopping;
        let tasks = TaskTracker::new();
        tasks.spawn(upkeep::run(platform.clone(), stop.clone()));
        if let Some(manifests) = self.manifests {
            tasks.spawn(following::run(platform.clone(), manifests, stop.clone()));
        }
        let lost = CancellationToken::new();
        let (of_host, stopped, found) = (platform.clone(), stop.clone(), lost.clone());
        tasks.spawn(async move {
            if upkeep::store_is_moved(&of_host, &stopped).await {
                found.cancel();
                stopped.cancel();
            }
        });
        let (matching, stopped) = (platform.clone(), stop.clone().cancelled_owned());
        let within = ending.of_jobs();
        tasks.spawn(async move { matching.run_jobs(stopped, within).await });
        let (events, stopped) = (platform.clone(), stop.clone().cancelled_owned());
        tasks.spawn(async move { events.follow_events(stopped).await });
        tasks.close();
        let (closed, ended) = (CancellationToken::new(), CancellationToken::new());
        let observed = TaskTracker::new();
        let operator = self.operator.map(|(operator, listener)| {
            observed.spawn(operator.clone().serve(listener, ended.clone()));
            operator
        });
        observed.close();
        let (of_pages, closing) = (console.clone(), closed.clone());
        let mut pages =
            tokio::spawn(async move { of_pages.serve(listener, closing.cancelled_owned()).await });

        let early = tokio::select! {
            () = stop.cancelled() => None,
            served = &mut pages => Some(served),
        };
        stop.cancel();
        if let Some(operator) = &operator {
            operator.stopping();
        }
        console.refuse_new();
        let served = if let Some(served) = early {
            served
        } else {
            let over = async {
                tokio::time::sleep(ending.notice).await;
                let all = async {
                    console.answered().await;
                    tasks.wait().await;
                    platform.providers().host().settled().await;
                };
                timeout(ending.within, all).await.is_ok()
            };
            let whole = tokio::select! {
                whole = over => whole,
                () = hurry.cancelled() => false,
            };
            if !whole {
                tracing::warn!(requests = console.under_way(), "the end cut off what was still under way");
            }
            closed.cancel();
            // Who keeps a connection open without a request has nothing to wait for.
            let served = timeout(if whole { LAST } else { Duration::ZERO }, &mut pages).await;
            pages.abort();
            served.unwrap_or(Ok(Ok(())))
        };
        ended.cancel();
        // A scrape is short, and the last one is not worth more.
        let _ = timeout(LAST, observed.wait()).await;
        served.context("the pages ended")?.context("the pages cannot be served any more")?;
        ensure!(!lost.is_cancelled(), "the store was copied to another database while this host was running");
        Ok(())
    }
}

async fn show(
    screen: &mut Screen,
    sample: &Sample,
    options: &ServeOptions,
    operator: Option<&(Operator, TcpListener)>,
) -> Result<()> {
    screen.title("Scheduling, with sample data and a stand-in for Microsoft", &sample.address)?;
    for (role, staff) in sample::PEOPLE {
        screen.fact(role, sample.console.sign_in_link(staff).await?.as_str())?;
    }
    screen.line("   Each link signs in once, within 15 minutes. One browser has one session.")?;
    screen.fact("Tenant ID", mock_graph::contoso::TENANT_ID)?;
    screen.fact(
        "Microsoft",
        &format!(
            "sign in as {}, password: {}",
            crate::contoso::SERVICE_ACCOUNT,
            mock_graph::contoso::PASSWORD
        ),
    )?;
    let trust = match &options.ca {
        Some(file) => format!("the stand-in's certificate authority is in {}", file.display()),
        None => format!(
            "the browser warns of {}, the stand-in: go on, or trust it with --ca FILE",
            stand_in(&sample.microsoft)
        ),
    };
    screen.fact("Trust", &trust)?;
    told(screen, operator)?;
    screen.line(screen.paint(Tone::Strong, "Ready. Ctrl-C stops it."))?;
    Ok(())
}

/// Where browsers find the stand-in.
fn stand_in(microsoft: &MockGraph) -> String {
    format!("https://localhost:{}", microsoft.addr().port())
}

/// What asks the program to stop: a first signal, and a second one from who does not want to wait.
struct Stopping {
    stop: CancellationToken,
    hurry: CancellationToken,
}

impl Stopping {
    fn listen() -> Result<Self> {
        let (stop, hurry) = (CancellationToken::new(), CancellationToken::new());
        let mut signals = Signals::listen()?;
        let (first, second) = (stop.clone(), hurry.clone());
        tokio::spawn(async move {
            signals.come().await;
            first.cancel();
            signals.come().await;
            second.cancel();
        });
        Ok(Self { stop, hurry })
    }
}

struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    #[cfg_attr(not(unix), expect(clippy::needless_pass_by_ref_mut))]
    async fn come(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
