//! Matching staff with Microsoft's resource units enforced: the platform's job against what the SDKs' users
//! write, one `GET` for each user, and against reading the directory page by page.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use end_to_end::{SESSION, authorities, manifest, parameters, routes, setup_values};
use http::StatusCode;
use mock_graph::{Config, Operation, Organisation, SignIn, SizeClass, User, contoso};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinSet;
use video_host::egress::Trust;
use video_host::provider::NextStep;
use video_host::{Host, HostConfig, Plugin};
use video_platform::{Finished, MatchField, Platform, Setup, Way};

use crate::Arguments;
use crate::arguments::Part;
use crate::meter::Process;
use crate::report::{Aim, Cell, Figure, Report, Row, Table};
use crate::sides::plain::Plain;
use crate::stage::{Stage, token};

/// Resource units of the smallest tenant, and what they are counted in.
const UNITS: u64 = 3_500;
const WINDOW: Duration = Duration::from_secs(10);

/// More staff than this are not asked for one by one: it would take minutes, and tell nothing new.
const ONE_BY_ONE: usize = 10_000;

/// Requests of those who ask one by one that are under way at once.
const AT_ONCE: usize = 64;

/// Of a hundred staff so many are nobody.
const MISSED: usize = 3;

/// A page of Graph's.
const PAGE: usize = 999;

const GRAPH: &str = "https://graph.microsoft.com/v1.0";

/// Who matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    Job(Way),
    OneByOne,
    Pages,
}

impl Means {
    fn title(self) -> &'static str {
        match self {
            Self::Job(Way::Keys) => "our job, by keys",
            Self::Job(Way::Directory) => "our job, by directory",
            Self::OneByOne => "a GET for each, plain Rust",
            Self::Pages => "the directory's pages, plain Rust",
        }
    }

    /// The fewest units that it can take.
    fn units(self, staff: usize, users: usize) -> u64 {
        let missed = staff * MISSED / 100;
        let units = match self {
            // Each miss is looked for by mail and by proxy address.
            Self::Job(Way::Keys) => staff.div_ceil(15) + 2 * missed.div_ceil(15),
            Self::OneByOne => staff,
            Self::Job(Way::Directory) | Self::Pages => users.div_ceil(PAGE),
        };
        units as u64
    }
}

pub(crate) async fn measure(arguments: &Arguments) -> Result<Report> {
    let mut report = Report::of(Part::Matching, "Matching")?;
    let sizes: &[usize] = if arguments.quick { &[300] } else { &[300, 10_000, 100_000] };
    let mut rows = Vec::new();
    for &staff in sizes {
        let stage = Matched::set(staff).await?;
        for means in [Means::Job(Way::Keys), Means::Job(Way::Directory), Means::OneByOne, Means::Pages] {
            let (row, ratio) = stage.row(means).await?;
            rows.push(row);
            if let (Means::Job(_), Some(ratio)) = (means, ratio) {
                let what = format!("{staff} staff, {}: time by what the units alone take", means.title());
                report.aims.push(Aim::at_most(&what, 1.3, Figure::once("", ratio)));
            }
        }
        stage.stage.microsoft.shutdown().await;
    }
    let columns = [
        "staff",
        "by",
        "requests",
        "units",
        "s",
        "s that the units alone take",
        "memory grew by, MiB",
        "the plugin's until then, at most, MiB",
    ];
    report.tables.push(Table {
        title: "3,500 resource units in 10 s, as Microsoft has it for the smallest tenants".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    });
    report.notes.extend(NOTES.map(str::to_owned));
    Ok(report)
}

const NOTES: [&str; 4] = [
    "Three of a hundred staff are nobody; the directory has half as many users again as there are staff.",
    "Our job keeps every outcome in the store, can be interrupted and goes on after a restart, and looks for \
     whom it missed by mail and by other addresses. What it is compared with does none of that: it knows who \
     was found by user principal name, in memory.",
    "The stand-in is in the same process: its directory is made before memory is looked at, but what it answers \
     is in there.",
    "The first window's units are there at once, so the units alone take ten seconds for every further 3,500.",
];

/// A platform with so many staff, and a directory that has more.
struct Matched {
    stage: Stage,
    platform: Platform,
    teams: Plugin,
    integration: video_platform::IntegrationId,
    token: String,
    keys: Vec<String>,
    users: usize,
    _folder: TempDir,
}

impl Matched {
    async fn set(staff: usize) -> Result<Self> {
        let mut organisation = contoso::organisation();
        let generated = User::generate(staff + staff / 2, contoso::DOMAIN, 1);
        let mut keys = Vec::new();
        let mut file = "id,name,email,user_name\n".to_owned();
        for (number, user) in generated.iter().take(staff).enumerate() {
            let gone = if number % 100 < MISSED { "gone." } else { "" };
            let key = format!("{gone}{}", user.user_principal_name);
            writeln!(file, "s{number:06},,{key},")?;
            keys.push(key);
        }
        organisation.users.extend(generated);
        let users = organisation.users.len();
        let organisation = Organisation { size: SizeClass::Small, enforce_throttling: true, ..organisation };
        // Every request is looked at in the end, for its units.
        let journal_capacity = 4 * ONE_BY_ONE;
        let stage =
            Stage::with(Config { organisations: vec![organisation], journal_capacity, ..Config::default() })
                .await?;
        let folder = TempDir::new()?;
        let mut config = HostConfig::new(folder.path());
        config.resolver = Arc::new(routes(stage.microsoft.addr()));
        config.trust = Trust::Only(authorities(stage.microsoft.ca_pem())?);
        let host = Host::start(config).await?;
        let platform = Platform::open(host.clone()).await?;
        let teams = host.load(plugin_artifacts::TEAMS, &manifest()?).await?;
        platform.providers().install(teams.clone());
        let setup = Setup { match_field: MatchField::Email, values: setup_values(contoso::TENANT_ID) };
        let begun = platform.start_connect("microsoft-teams", setup, SESSION, contoso::REDIRECT_URI).await?;
        let (integration, NextStep::Visit(url)) = begun else { bail!("Teams needs a sign-in") };
        let back = stage.microsoft.sign_in(&url, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
        let finished = platform.finish_callback(SESSION, parameters(&back)?).await?;
        ensure!(matches!(finished, Finished::Connected { .. }), "not connected");
        platform.import_staff(file.as_bytes()).await?;
        let scope = "openid https://graph.microsoft.com/User.ReadBasic.All";
        let token = token(&stage.microsoft, scope).await?;
        Ok(Self { stage, platform, teams, integration, token, keys, users, _folder: folder })
    }

    /// What came of it, and how many times the units' time it took where they do take any.
    async fn row(&self, means: Means) -> Result<(Row, Option<f64>)> {
        let staff = self.keys.len();
        let fewest = means.units(staff, self.users);
        let alone = WINDOW.as_secs() * fewest.div_ceil(UNITS).saturating_sub(1);
        let mut cells: Vec<Cell> = vec![staff.to_string().into(), means.title().into()];
        if means == Means::OneByOne && staff > ONE_BY_ONE {
            cells.extend([
                staff.to_string().into(),
                fewest.to_string().into(),
                Cell::from("not run"),
                alone.to_string().into(),
                "–".into(),
                "–".into(),
            ]);
            return Ok((Row { cells, repeat: String::new() }, None));
        }
        // The window before is over.
        tokio::time::sleep(WINDOW).await;
        let journal = self.stage.microsoft.journal();
        journal.clear();
        let this = Process::this();
        let before = this.resident()?;
        this.forget_peak()?;
        let begun = Instant::now();
        let found = match means {
            Means::Job(way) => {
                self.platform.start_rematch_by(&self.integration, way).await?;
                self.platform.rematch(&self.integration, |_| {}).await?.matched()
            }
            Means::OneByOne => self.one_by_one().await?,
            Means::Pages => self.pages().await?,
        };
        let took = begun.elapsed();
        let grew = this.peak()?.saturating_sub(before);
        let there = staff - staff.div_ceil(100) * MISSED;
        ensure!(found == there, "{found} of {there} found by {}", means.title());
        let requests = journal.count(Operation::Any);
        let answers = journal.requests();
        let answers = answers.iter().filter_map(|request| request.answer.as_ref());
        let units: u64 = answers.map(|answer| u64::from(answer.units)).sum();
        #[allow(clippy::cast_precision_loss)]
        let [grew, plugin] = [grew as f64 / 1_024.0, self.teams.most_memory() as f64 / f64::from(1 << 20)]
            .map(|memory| Cell::from(Figure::once("MiB", memory)));
        cells.extend([
            requests.to_string().into(),
            units.to_string().into(),
            Figure::once("s", took.as_secs_f64()).into(),
            alone.to_string().into(),
            grew,
            if matches!(means, Means::Job(_)) { plugin } else { "–".into() },
        ]);
        #[allow(clippy::cast_precision_loss)]
        let ratio = (alone > 0).then(|| took.as_secs_f64() / alone as f64);
        Ok((Row { cells, repeat: String::new() }, ratio))
    }

    fn plain(&self) -> Result<Plain> {
        let microsoft = &self.stage.microsoft;
        Plain::new(microsoft.addr(), authorities(microsoft.ca_pem())?, &self.token)
    }

    /// What the SDKs' users write, and waiting as long as Microsoft says.
    async fn one_by_one(&self) -> Result<usize> {
        let plain = self.plain()?;
        let mut callers = JoinSet::new();
        for part in self.keys.chunks(self.keys.len().div_ceil(AT_ONCE)) {
            let (plain, part) = (plain.clone(), part.to_vec());
            callers.spawn(async move {
                let mut found = 0;
                for key in part {
                    let url = format!("{GRAPH}/users/{key}?$select=id,userPrincipalName");
                    found += usize::from(patiently(&plain, &url).await?.is_some());
                }
                anyhow::Ok(found)
            });
        }
        let mut found = 0;
        while let Some(ended) = callers.join_next().await {
            found += ended??;
        }
        Ok(found)
    }

    async fn pages(&self) -> Result<usize> {
        let plain = self.plain()?;
        let mut users = HashSet::new();
        let mut next = Some(format!("{GRAPH}/users?$select=id,userPrincipalName&$top={PAGE}"));
        while let Some(url) = next {
            let page = patiently(&plain, &url).await?.context("no page")?;
            let listed = page["value"].as_array().context("no users")?;
            let names = listed.iter().filter_map(|user| user["userPrincipalName"].as_str());
            users.extend(names.map(str::to_lowercase));
            next = page["@odata.nextLink"].as_str().map(str::to_owned);
        }
        Ok(self.keys.iter().filter(|key| users.contains(&key.to_lowercase())).count())
    }
}

/// What is there, as soon as Microsoft gives it; none if there is nothing.
async fn patiently(plain: &Plain, url: &str) -> Result<Option<Value>> {
    loop {
        let answer = plain.get(url).await?;
        match answer.status() {
            StatusCode::OK => return Ok(Some(serde_json::from_slice(answer.body())?)),
            StatusCode::NOT_FOUND => return Ok(None),
            StatusCode::TOO_MANY_REQUESTS => {
                let after = answer.headers().get("retry-after").and_then(|after| after.to_str().ok());
                let seconds: f64 = after.context("no Retry-After")?.parse()?;
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
            }
            other => bail!("{other}: {}", String::from_utf8_lossy(answer.body())),
        }
    }
}
