//! What the sandbox costs: a create-meeting call through the compiled plugin against the same HTTP done
//! in plain Rust, in one run, in turns, against the same stand-in.
//!
//! `cargo bench -p end-to-end --bench create_meeting` prints a table in Markdown. Absolute figures belong
//! to the machine; the ratios are what to compare.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use end_to_end::{World, WorldOptions, parameters};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioExecutor;
use mock_graph::{Consent, SignIn, contoso};
use video_host::calls::{CallPolicy, Rate, Share};
use video_host::provider::{Cancellation, MeetingRequest, Parameter, User};
use video_host::{Host, Provider};

/// Rounds of each side, in turns, so that a noisy moment meets both.
const ROUNDS: usize = 7;

const START: i64 = 1_900_000_000_000;

#[tokio::main]
async fn main() -> Result<()> {
    // `cargo test` runs benches too, with `--test`: there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    // Production's policy, but for the rate that Microsoft would set.
    let share = Share { rate: Some(Rate { units: u32::MAX, ..Rate::default() }), ..Share::default() };
    let calls = Some(CallPolicy { share, ..CallPolicy::default() });
    let world = World::with(WorldOptions { calls, ..WorldOptions::default() }).await?;
    world.connect("bench").await?;
    let plugin = world.teams_on("bench")?;
    let plain = Plain::connect(&world).await?;

    println!("Component: {} bytes ({} KiB).\n", world.teams.size(), world.teams.size().div_ceil(1_024));
    start_up(&world).await?;
    parts(&world).await?;
    let counter = Arc::new(AtomicU64::new(0));
    println!("| upstream latency | in flight | plugin | plain Rust | plugin / plain |");
    println!("| --- | --- | --- | --- | --- |");
    for (latency, in_flight, calls) in [(0, 1, 1_500), (20, 1, 60), (0, 64, 3_000), (20, 64, 3_000)] {
        world.microsoft.set_latency(Duration::from_millis(latency));
        compare(&plugin, &plain, latency, in_flight, calls, &counter).await?;
    }
    world.microsoft.shutdown().await;
    Ok(())
}

/// Load time, cold and from the cache, and the first call after it.
async fn start_up(world: &World) -> Result<()> {
    let mut cold = Vec::new();
    let mut warm = Vec::new();
    for _ in 0..5 {
        let folder = tempfile::TempDir::new()?;
        for times in [&mut cold, &mut warm] {
            let host: Host =
                World::host(folder.path(), &world.microsoft, world.clock.clone(), video_host::Memory::Pooled)
                    .await?;
            let begun = Instant::now();
            let loaded = host.load(plugin_artifacts::TEAMS, &end_to_end::manifest()?).await?;
            times.push(begun.elapsed());
            std::hint::black_box(loaded);
        }
    }
    println!(
        "Load, compiled: {:.1} ms; from the cache: {:.1} ms.\n",
        ms(median(&mut cold)),
        ms(median(&mut warm))
    );
    Ok(())
}

/// What a call is made of: the sandbox alone, and one read of the store.
async fn parts(world: &World) -> Result<()> {
    const CALLS: u32 = 2_000;
    let evil = world.host.load(plugin_artifacts::EVIL, &end_to_end::manifest()?).await?;
    let integration = "bench".parse()?;
    let nothing = evil.on(&integration);
    let cancellation = Cancellation {
        appointment_id: "nothing".to_owned(),
        meeting_id: None,
        organizer_id: None,
        staff: None,
    };
    let (mut calls, mut reads) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for _ in 0..CALLS {
            nothing.cancel_meeting(&cancellation).await?;
        }
        calls.push(begun.elapsed() / CALLS);
        let begun = Instant::now();
        for _ in 0..CALLS {
            std::hint::black_box(world.host.store().get(&integration, "connection").await?);
        }
        reads.push(begun.elapsed() / CALLS);
    }
    println!(
        "A call that does nothing: {:.3} ms; one read of the store: {:.3} ms.\n",
        ms(median(&mut calls)),
        ms(median(&mut reads))
    );
    Ok(())
}

async fn compare(
    plugin: &Provider,
    plain: &Plain,
    latency: u64,
    in_flight: u64,
    calls: u32,
    counter: &Arc<AtomicU64>,
) -> Result<()> {
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for round in 0..=ROUNDS {
        let p = plugin.clone();
        let a = spread(in_flight, calls, counter, move |id| {
            let p = p.clone();
            async move {
                p.create_meeting(&request(&id)).await.map(|meeting| meeting.join_url).map_err(Into::into)
            }
        })
        .await?;
        let q = plain.clone();
        let b = spread(in_flight, calls, counter, move |id| {
            let q = q.clone();
            async move { q.create_meeting(&id).await }
        })
        .await?;
        // The first round opens connections and fills pools.
        if round > 0 {
            ours.push(a);
            theirs.push(b);
        }
    }
    let mut ratios: Vec<_> =
        ours.iter().zip(&theirs).map(|(a, b)| b.as_secs_f64() / a.as_secs_f64()).collect();
    ratios.sort_by(f64::total_cmp);
    let (a, b) = (median(&mut ours), median(&mut theirs));
    let rate = |time: Duration| f64::from(calls) / time.as_secs_f64();
    let each = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(calls);
    if in_flight == 1 {
        println!(
            "| {latency} ms | 1 | {:.3} ms a call | {:.3} ms a call | {:+.3} ms a call |",
            each(a),
            each(b),
            each(a) - each(b)
        );
    } else {
        println!(
            "| {latency} ms | {in_flight} | {:.0}/s | {:.0}/s | {:.3} of the throughput ({:.3} to {:.3}) |",
            rate(a),
            rate(b),
            ratios[ratios.len() / 2],
            ratios[0],
            ratios[ratios.len() - 1]
        );
    }
    Ok(())
}

/// `calls` calls with `in_flight` at a time; every call books another appointment.
async fn spread<F, R>(in_flight: u64, calls: u32, counter: &Arc<AtomicU64>, call: F) -> Result<Duration>
where
    F: Fn(String) -> R + Clone + Send + 'static,
    R: Future<Output = Result<String>> + Send,
{
    let left = Arc::new(AtomicU64::new(calls.into()));
    let begun = Instant::now();
    let workers: Vec<_> = (0..in_flight)
        .map(|_| {
            let (left, counter, call) = (left.clone(), counter.clone(), call.clone());
            tokio::spawn(async move {
                while left
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                    .is_ok()
                {
                    let id = format!("bench-{}", counter.fetch_add(1, Ordering::Relaxed));
                    let link = call(id).await?;
                    ensure!(link.starts_with("https://"), "no link");
                }
                Ok(())
            })
        })
        .collect();
    for worker in workers {
        worker.await??;
    }
    Ok(begun.elapsed())
}

fn request(id: &str) -> MeetingRequest {
    MeetingRequest {
        appointment_id: id.to_owned(),
        meeting_id: None,
        organizer_id: None,
        staff: Some(User {
            id: contoso::ADVISER_ID.to_owned(),
            key: contoso::ADVISER.to_owned(),
            display_name: "Adele Vance".to_owned(),
        }),
        subject: "Mortgage advice".to_owned(),
        start: START,
        end: START + 1_800_000,
        attendees: Vec::new(),
        options: Vec::new(),
    }
}

/// The limit: hyper, rustls, `serde_json` and nothing else. It has a token and keeps it.
#[derive(Clone)]
struct Plain {
    http: Client<HttpsConnector<HttpConnector<Stand>>, Full<Bytes>>,
    token: Arc<str>,
}

/// Every name is the stand-in.
#[derive(Clone)]
struct Stand(SocketAddr);

impl tower_service::Service<Name> for Stand {
    type Response = std::iter::Once<SocketAddr>;
    type Error = std::io::Error;
    type Future = std::future::Ready<std::io::Result<Self::Response>>;

    fn poll_ready(&mut self, _context: &mut std::task::Context<'_>) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _name: Name) -> Self::Future {
        std::future::ready(Ok(std::iter::once(self.0)))
    }
}

impl Plain {
    async fn connect(world: &World) -> Result<Self> {
        let mut roots = rustls::RootCertStore::empty();
        for authority in end_to_end::authorities(world.microsoft.ca_pem())? {
            roots.add(authority)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new_with_resolver(Stand(world.microsoft.addr()));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .enable_http2()
            .wrap_connector(tcp);
        let http = Client::builder(TokioExecutor::new()).build(connector);
        let mut plain = Self { http, token: Arc::from("") };
        plain.token = plain.token(world).await?.into();
        Ok(plain)
    }

    /// The authorization-code flow, by hand.
    async fn token(&self, world: &World) -> Result<String> {
        let scope = "openid%20offline_access%20https://graph.microsoft.com/OnlineMeetings.ReadWrite";
        let redirect: String =
            url::form_urlencoded::byte_serialize(contoso::REDIRECT_URI.as_bytes()).collect();
        let base = format!("https://login.microsoftonline.com/{}/oauth2/v2.0", contoso::TENANT_ID);
        let url = format!(
            "{base}/authorize?client_id={}&response_type=code&redirect_uri={redirect}&scope={scope}&state=x&nonce=y",
            contoso::CLIENT_ID
        );
        let script = SignIn {
            username: contoso::SERVICE_ACCOUNT.to_owned(),
            password: contoso::PASSWORD.to_owned(),
            consent: Consent::Accept,
        };
        let back = parameters(&world.microsoft.sign_in(&url, script).await?)?;
        let code = |Parameter { name, value }: Parameter| (name == "code").then_some(value);
        let code = back.into_iter().find_map(code).context("no code")?;
        let secret: String =
            url::form_urlencoded::byte_serialize(contoso::CLIENT_SECRET.as_bytes()).collect();
        let form = format!(
            "grant_type=authorization_code&client_id={}&client_secret={secret}&code={code}&redirect_uri={redirect}",
            contoso::CLIENT_ID
        );
        let request = Request::post(format!("{base}/token"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(form)))?;
        let body = self.http.request(request).await?.into_body().collect().await?.to_bytes();
        let answer: serde_json::Value = serde_json::from_slice(&body)?;
        Ok(answer["access_token"].as_str().context("no token")?.to_owned())
    }

    async fn create_meeting(&self, id: &str) -> Result<String> {
        let body = serde_json::json!({
            "externalId": id,
            "startDateTime": "2030-03-17T17:46:40Z",
            "endDateTime": "2030-03-17T18:16:40Z",
            "subject": "Mortgage advice",
            "participants": { "attendees": [{
                "upn": contoso::ADVISER,
                "role": "presenter",
                "identity": { "user": { "id": contoso::ADVISER_ID } },
            }] },
        });
        let request = Request::post("https://graph.microsoft.com/v1.0/me/onlineMeetings/createOrGet")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.token))
            .body(Full::new(Bytes::from(serde_json::to_vec(&body)?)))?;
        let response = self.http.request(request).await?;
        ensure!(response.status() == 201, "status {}", response.status());
        let body = response.into_body().collect().await?.to_bytes();
        let meeting: serde_json::Value = serde_json::from_slice(&body)?;
        Ok(meeting["joinWebUrl"].as_str().context("no link")?.to_owned())
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
