//! The platform's web pages, for people to use: with sample data and the stand-in, or configured.

mod configuration;
mod sample;
mod upkeep;

use std::fs;
use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use mock_graph::MockGraph;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;
use video_console::{Console, Settings};
use video_platform::Platform;

use crate::arguments::ServeOptions;
use crate::screen::{Screen, Tone};
use sample::Sample;

/// Runs until Ctrl-C or a request to terminate.
pub async fn run(options: &ServeOptions, screen: &mut Screen) -> Result<()> {
    // What ends it is listened for before anybody is told that all is ready.
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    let signals = Signals::listen()?;
    tokio::spawn(async move {
        signals.come().await;
        stopping.cancel();
    });
    if let Some(file) = &options.config {
        let configuration = configuration::read(file)?;
        let listener = listen(options.listen).await?;
        let platform = configuration.open().await?;
        let console = Console::open(platform.clone(), Settings::new(configuration.address.clone())).await?;
        screen.title("Scheduling", configuration.address.as_str())?;
        screen.fact("Sign in", console.sign_in_link(&configuration.administrator).await?.as_str())?;
        screen.line("   The link signs in once, within 15 minutes.")?;
        screen.line(screen.paint(Tone::Strong, "Ready. Ctrl-C stops it."))?;
        serve(&console, &platform, listener, stop).await?;
    } else {
        let listener = listen(options.listen).await?;
        let address = Url::parse(&format!("http://localhost:{}", listener.local_addr()?.port()))?;
        let sample = Sample::open(address, options.microsoft).await?;
        if let Some(file) = &options.ca {
            fs::write(file, sample.microsoft.ca_pem())
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        show(screen, &sample, options).await?;
        let served = serve(&sample.console, &sample.platform, listener, stop).await;
        sample.microsoft.shutdown().await;
        served?;
    }
    screen.line("Stopped.")?;
    Ok(())
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Serves the pages and keeps the platform up, until it is to stop and both have come to an end.
async fn serve(
    console: &Console,
    platform: &Platform,
    listener: TcpListener,
    stop: CancellationToken,
) -> Result<()> {
    let tasks = TaskTracker::new();
    tasks.spawn(upkeep::run(platform.clone(), stop.clone()));
    let (matching, stopped) = (platform.clone(), stop.clone().cancelled_owned());
    tasks.spawn(async move { matching.run_jobs(stopped).await });
    let (events, stopped) = (platform.clone(), stop.clone().cancelled_owned());
    tasks.spawn(async move { events.follow_events(stopped).await });
    tasks.close();
    let served = console.serve(listener, stop.clone().cancelled_owned()).await;
    stop.cancel();
    tasks.wait().await;
    served.context("the pages cannot be served any more")
}

async fn show(screen: &mut Screen, sample: &Sample, options: &ServeOptions) -> Result<()> {
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
    screen.line(screen.paint(Tone::Strong, "Ready. Ctrl-C stops it."))?;
    Ok(())
}

/// Where browsers find the stand-in.
fn stand_in(microsoft: &MockGraph) -> String {
    format!("https://localhost:{}", microsoft.addr().port())
}

/// What asks the program to stop.
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

    async fn come(#[cfg_attr(not(unix), expect(unused_mut))] mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
    }
}
