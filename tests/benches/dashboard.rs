//! The dashboard of an integration with 50,000 staff against one with 50: the same pages, in turns, in one
//! run. The aim is a page within twice the time.
//!
//! `cargo bench -p end-to-end --bench dashboard` prints a table in Markdown. Absolute figures belong to the
//! machine; the ratios are what to compare.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use end_to_end::{SESSION, World, setup_values};
use mock_graph::contoso;
use video_platform::{
    DashboardQuery, DashboardSort, IntegrationId, MatchField, Platform, Selection, Setup, StaffFilter,
};

const FEW: u32 = 50;
const MANY: u32 = 50_000;
/// Rounds of each side, in turns, so that a noisy moment meets both.
const ROUNDS: usize = 31;
/// Rounds of what writes a row for everybody.
const WRITING_ROUNDS: usize = 5;
/// Names enough that each is shared by few.
const FAMILIES: u32 = 2_500;

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
    let all = DashboardQuery::default;
    for (name, query) in [
        ("first page, by name", all()),
        (
            "first page, by e-mail, the last first",
            DashboardQuery { sort: DashboardSort::Email, descending: true, ..all() },
        ),
        ("first page of those with video off", DashboardQuery { enabled: Some(false), ..all() }),
        ("first page of those not matched", DashboardQuery { matched: Some(false), ..all() }),
        ("first page, who is not matched first", DashboardQuery { sort: DashboardSort::Matched, ..all() }),
        ("last page, by name", DashboardQuery { page: u32::MAX, ..all() }),
        ("search for one", DashboardQuery { search: "adviser00007".to_owned(), ..all() }),
        ("search for a family name", DashboardQuery { search: "Family0007".to_owned(), ..all() }),
        ("search that finds everybody", DashboardQuery { search: "contoso".to_owned(), ..all() }),
    ] {
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            for (side, times) in [(&few, &mut short), (&many, &mut long)] {
                let begun = Instant::now();
                let page = side.platform.dashboard(&side.integration, &query).await?;
                let time = begun.elapsed();
                ensure!(!page.rows.is_empty(), "{name}: nobody is found");
                // The first round fills pools and caches.
                if round > 0 {
                    times.push(time);
                }
            }
        }
        told(name, &mut short, &mut long);
    }

    let (mut short, mut long) = (Vec::new(), Vec::new());
    let mut enabled = false;
    for _ in 0..WRITING_ROUNDS {
        for (side, times, staff) in [(&few, &mut short, FEW), (&many, &mut long, MANY)] {
            let everybody = Selection::Filter(StaffFilter::default());
            // Whoever has another setting is made the same first, so that each round changes everybody.
            side.platform.enable_video_for(&side.integration, &everybody, !enabled).await?;
            let begun = Instant::now();
            let changed = side.platform.enable_video_for(&side.integration, &everybody, enabled).await?;
            times.push(begun.elapsed());
            ensure!(changed == u64::from(staff), "{changed} changed");
        }
        enabled = !enabled;
    }
    told("select-all: every row changed, one statement", &mut short, &mut long);
    println!(
        "\nSelect-all costs {:.4} ms for each of {FEW} staff and {:.4} ms for each of {MANY}.",
        ms(median(&mut short)) / f64::from(FEW),
        ms(median(&mut long)) / f64::from(MANY)
    );
    few.world.microsoft.shutdown().await;
    many.world.microsoft.shutdown().await;
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

/// A platform with so many staff: four of five matched, one of ten with video off.
struct Side {
    world: World,
    platform: Platform,
    integration: IntegrationId,
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
        let mut file = String::from("id,name,email,user_name\n");
        for number in 0..staff {
            let family = number % FAMILIES;
            writeln!(
                file,
                "s{number:05},Given{number} Family{family:04},adviser{number:05}@contoso.com,a{number}"
            )?;
        }
        let begun = Instant::now();
        platform.import_staff(file.as_bytes()).await?;
        println!("Imported {staff} staff in {:.2} s.", begun.elapsed().as_secs_f64());
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
        sqlx::query(
            "INSERT INTO staff_video (staff, enabled) SELECT id, FALSE FROM staff WHERE id LIKE '%5'",
        )
        .execute(pool)
        .await?;
        Ok(Self { world, platform, integration })
    }
}
