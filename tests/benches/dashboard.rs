//! The console's pages with 50,000 staff against the same with 50, in one run: as an administrator's browser
//! gets them, over HTTP on loopback, in a session, from the router with everything before it. The aim is
//! a page within twice the time.
//!
//! `cargo bench --workspace --bench dashboard` prints a table in Markdown. Absolute figures belong to the
//! machine; the ratios are what to compare.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use end_to_end::{SESSION, World, setup_values};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mock_graph::contoso;
use tokio::net::TcpListener;
use url::Url;
use url::form_urlencoded::Serializer;
use video_console::{Console, Settings};
use video_platform::{IntegrationId, MatchField, Platform, Setup};

const FEW: u32 = 50;
const MANY: u32 = 50_000;
/// Rounds of each side, in turns, so that a noisy moment meets both.
const ROUNDS: usize = 31;
/// Rounds of what writes a row for everybody.
const WRITING_ROUNDS: usize = 7;
/// Names enough that each is shared by few.
const FAMILIES: u32 = 2_500;

/// Pages, by what stands behind the dashboard's address.
const PAGES: [(&str, &str); 14] = [
    ("first page", ""),
    ("first page, by e-mail, the last first", "?sort=email&order=descending"),
    ("first page, who is not matched first", "?sort=matched"),
    ("filter: video off (one of nine)", "?enabled=no"),
    ("filter: not matched (one of five)", "?matched=no"),
    ("filter: video off and not matched", "?enabled=no&matched=no"),
    ("a page in the middle, by Next", "?after=MIDDLE&page=1000"),
    ("the page before it, by Previous", "?before=MIDDLE&page=999"),
    ("last page", "?page=4000000000"),
    ("search for one", "?search=adviser00007"),
    ("search for a family name", "?search=Family0007"),
    ("search by two words", "?search=given7+family0007"),
    ("search that finds everybody", "?search=contoso"),
    ("search that finds everybody, video off", "?search=contoso&enabled=no"),
];

#[tokio::main]
async fn main() -> Result<()> {
    // `cargo test` runs benches too, with `--test`: there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let few = Side::set(FEW).await?;
    let many = Side::set(MANY).await?;
    println!("| page | {FEW} staff | {MANY} staff | {MANY} / {FEW} |");
    println!("| --- | --- | --- | --- |");
    for (name, query) in PAGES {
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            for (side, times) in [(&few, &mut short), (&many, &mut long)] {
                let path = format!("{}{}", side.home, query.replace("MIDDLE", &side.middle));
                let begun = Instant::now();
                let page = side.get(&path).await?;
                let time = begun.elapsed();
                ensure!(page.contains("name=\"staff\""), "{name}: nobody is found");
                // The first round fills pools and caches.
                if round > 0 {
                    times.push(time);
                }
            }
        }
        told(name, &mut short, &mut long);
    }
    for (name, filter) in [
        ("select-all", ""),
        ("select-all of who is matched", "matched=yes"),
        ("select-all of a search that finds everybody", "search=contoso"),
    ] {
        select_all(name, filter, &few, &many).await?;
    }
    few.world.microsoft.shutdown().await;
    many.world.microsoft.shutdown().await;
    Ok(())
}

/// Select-all as an administrator meets it: the question that says how many, and then the answer to its
/// button. Besides, how long it is until it holds for everybody.
async fn select_all(name: &str, filter: &str, few: &Side, many: &Side) -> Result<()> {
    let (mut asked, mut answered, mut applied) = <([Vec<_>; 2], [Vec<_>; 2], [Vec<_>; 2])>::default();
    let mut on = true;
    for _ in 0..WRITING_ROUNDS {
        for (place, side) in [few, many].into_iter().enumerate() {
            let form = format!("everybody=yes&{filter}&to={}", if on { "yes" } else { "no" });
            let begun = Instant::now();
            let (status, question) = side.post(&format!("{}/selected", side.home), &form).await?;
            asked[place].push(begun.elapsed());
            ensure!(status == StatusCode::OK && question.contains("staff?"), "{name}: {status}");
            let begun = Instant::now();
            let (status, next) = side.post(&format!("{}/video-calls", side.home), &form).await?;
            ensure!(status == StatusCode::SEE_OTHER, "{name}: {status}");
            let page = side.get(&next).await?;
            answered[place].push(begun.elapsed());
            ensure!(page.contains("Video Calls"), "{name}: {next}");
            while !side.platform.video_changes().await?.is_empty() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            applied[place].push(begun.elapsed());
        }
        on = !on;
    }
    for (what, [short, long]) in [
        ("the question, with how many", &mut asked),
        ("its button, until the next page", &mut answered),
        ("until it holds for all of them", &mut applied),
    ] {
        told(&format!("{name}: {what}"), short, long);
    }
    Ok(())
}

fn told(name: &str, short: &mut [Duration], long: &mut [Duration]) {
    let (short, long) = (median(short), median(long));
    let ratio = long.as_secs_f64() / short.as_secs_f64();
    println!("| {name} | {:.2} ms | {:.2} ms | {ratio:.2} |", ms(short), ms(long));
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A platform with so many staff: four of five matched, one of nine with video off. Its pages are served.
struct Side {
    world: World,
    platform: Platform,
    /// The dashboard.
    home: String,
    /// The staff member in the middle of the list.
    middle: String,
    address: String,
    cookie: String,
    csrf: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Side {
    async fn set(staff: u32) -> Result<Self> {
        let world = World::start().await?;
        let platform = Platform::open(world.host.clone()).await?;
        platform.providers().install(world.teams.clone());
        let setup = Setup { match_field: MatchField::Email, values: setup_values(contoso::TENANT_ID) };
        // That it is pending makes no difference to its dashboard.
        let (integration, _) =
            platform.start_connect("microsoft-teams", setup, SESSION, contoso::REDIRECT_URI).await?;
        let mut file = String::from("id,name,email,user_name,role\n");
        for number in 0..staff {
            let (family, role) = (number % FAMILIES, if number == 0 { "administrator" } else { "staff" });
            writeln!(
                file,
                "s{number:05},Given{number} Family{family:04},adviser{number:05}@contoso.com,a{number},{role}"
            )?;
        }
        let begun = Instant::now();
        platform.import_staff(file.as_bytes()).await?;
        println!("Imported {staff} staff in {:.2} s.", begun.elapsed().as_secs_f64());
        match_and_switch(&world, &integration).await?;
        // Opened anew, as after a restart, it counts them.
        let platform = Platform::open(world.host.clone()).await?;
        platform.providers().install(world.teams.clone());

        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
        let console = Console::open(platform.clone(), Settings::new(Url::parse(&address)?)).await?;
        let link = console.sign_in_link("s00000").await?;
        let (served, jobs) = (console.clone(), platform.clone());
        tokio::spawn(async move { served.serve(listener, std::future::pending()).await });
        tokio::spawn(async move { jobs.run_jobs(std::future::pending(), Duration::ZERO).await });
        let mut side = Self {
            world,
            platform,
            home: format!("/settings/video-calls/{integration}"),
            middle: format!("s{:05}", staff / 2),
            address,
            cookie: String::new(),
            csrf: String::new(),
            client: Client::builder(TokioExecutor::new()).build_http(),
        };
        let (_, token) = link.query_pairs().next().context("a link has a token")?;
        let form = Serializer::new(String::new()).append_pair("token", &token).finish();
        let response = side.send(Method::POST, "/sign-in", form).await?;
        let cookie = response.headers().get(header::SET_COOKIE).context("a sign-in gives a cookie")?;
        side.cookie = cookie.to_str()?.split(';').next().unwrap_or_default().to_owned();
        let page = side.get(&side.home).await?;
        let token = page.split("name=\"csrf\" value=\"").nth(1).context("a page has a form")?;
        token.split('"').next().unwrap_or_default().clone_into(&mut side.csrf);
        Ok(side)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: String,
    ) -> Result<http::Response<hyper::body::Incoming>> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address))
            .header(header::COOKIE, &self.cookie)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(body))?;
        Ok(self.client.request(request).await?)
    }

    async fn get(&self, path: &str) -> Result<String> {
        let response = self.send(Method::GET, path, String::new()).await?;
        ensure!(response.status() == StatusCode::OK, "{path}: {}", response.status());
        Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().to_vec())?)
    }

    /// What a form comes to: the page, or where it leads.
    async fn post(&self, path: &str, form: &str) -> Result<(StatusCode, String)> {
        let response = self.send(Method::POST, path, format!("{form}&csrf={}", self.csrf)).await?;
        let status = response.status();
        if let Some(next) = response.headers().get(header::LOCATION) {
            return Ok((status, next.to_str()?.to_owned()));
        }
        let page = response.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8(page.to_vec())?))
    }
}

/// Outcomes and settings, put where a rematch and administrators would have put them.
async fn match_and_switch(world: &World, integration: &IntegrationId) -> Result<()> {
    let pool = world.host.store().pool();
    sqlx::query(
        "INSERT INTO staff_match (integration, staff, match_key, outcome, user_id, user_key, user_name, \
         matched_at) SELECT $1, id, LOWER(email), \
         CASE WHEN id LIKE '%3' OR id LIKE '%8' THEN 'not_found' ELSE 'matched' END, id, email, name, 0 \
         FROM staff",
    )
    .bind(integration.as_str())
    .execute(pool)
    .await?;
    sqlx::query("INSERT INTO staff_video (staff, enabled) SELECT id, FALSE FROM staff WHERE id LIKE '%5' OR id LIKE '%13'")
        .execute(pool)
        .await?;
    Ok(())
}
