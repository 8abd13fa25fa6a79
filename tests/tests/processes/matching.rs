//! Matching all staff, which runs once wherever it was started, and goes on elsewhere when its host dies.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use end_to_end::{FileClock, SESSION, World, WorldOptions, setup_values};
use mock_graph::{Config, Operation, User, contoso};
use video_host::provider::NextStep;
use video_platform::{IntegrationId, JobId, JobProgress, JobState, MatchField, MatchState, Platform, Setup};

use crate::HostProcess;

const MATCHING: &str = env!("CARGO_BIN_EXE_matching-host");

/// Five calls by keys.
const STAFF: usize = 1_500;
/// How many a call takes.
const BATCH: usize = 300;
/// What a dead host's turn lasts for at most, and the time until the others look.
const TAKEN_OVER: Duration = Duration::from_secs(150);
/// More than any of this takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// Three processes, an integration and its staff, none of them asked for yet.
struct Three {
    world: World,
    platform: Platform,
    integration: IntegrationId,
    clock: FileClock,
    hosts: Vec<HostProcess>,
}

impl Three {
    async fn start() -> Result<Self> {
        let mut organisation = contoso::organisation();
        organisation.users.extend(User::generate(STAFF, contoso::DOMAIN, 11));
        let microsoft = Config { organisations: vec![organisation], ..Config::default() };
        let world = World::with(WorldOptions { microsoft, ..WorldOptions::default() }).await?;
        let platform = Platform::open(world.host.clone()).await?;
        platform.providers().install(world.teams.clone());
        // Before there is an integration: who is added to one is asked for without a job.
        let mut staff = "id,name,email,user_name\n".to_owned();
        for n in 1..=STAFF {
            writeln!(staff, "s{n:06},,adviser{n:06}@{},", contoso::DOMAIN)?;
        }
        platform.import_staff(staff.as_bytes()).await?;
        let setup = Setup { match_field: MatchField::Email, values: setup_values(contoso::TENANT_ID) };
        let begun = platform.start_connect("microsoft-teams", setup, SESSION, contoso::REDIRECT_URI).await?;
        let (integration, NextStep::Visit(url)) = begun else { bail!("Teams needs a sign-in") };
        let parameters = world.sign_in(&url, contoso::SERVICE_ACCOUNT).await?;
        platform.finish_callback(SESSION, parameters).await?;
        let folder = world.data.path();
        std::fs::write(folder.join("ca.pem"), world.microsoft.ca_pem())?;
        let clock = FileClock::create(&folder.join("clock"))?;
        let hosts = HostProcess::start_all(3, MATCHING, folder, &world.microsoft).await?;
        world.microsoft.journal().clear();
        Ok(Self { world, platform, integration, clock, hosts })
    }

    /// How many calls were made for users.
    fn calls(&self) -> u64 {
        let journal = self.world.microsoft.journal();
        journal.count(Operation::Batch) + journal.count(Operation::ListUsers)
    }

    /// How often each member of the staff was asked for by their key.
    fn asked(&self) -> HashMap<String, usize> {
        let mut asked = HashMap::new();
        for request in self.world.microsoft.journal().of(Operation::Batch) {
            for piece in request.body.split("adviser").skip(1) {
                let number: String = piece.chars().take_while(char::is_ascii_digit).collect();
                *asked.entry(number).or_default() += 1;
            }
        }
        asked
    }

    async fn until(&self, job: &JobId, reached: impl Fn(&JobProgress) -> bool) -> Result<()> {
        let begun = Instant::now();
        loop {
            let progress = self.platform.rematch_progress(job).await?;
            if reached(&progress) {
                return Ok(());
            }
            ensure!(begun.elapsed() < PATIENCE, "nobody goes on with it: {progress:?}");
            tokio::task::yield_now().await;
        }
    }

    async fn done(&self, job: &JobId) -> Result<usize> {
        Ok(self.platform.rematch_progress(job).await?.progress.done)
    }

    /// Waits until the job has ended, with everybody matched, once each.
    async fn all_are_matched(&self, job: &JobId) -> Result<()> {
        self.until(job, |job| job.state != JobState::Running).await?;
        let ended = self.platform.rematch_progress(job).await?;
        let (state, progress) = (ended.state, ended.progress);
        assert_eq!(
            (state, progress.done, progress.matched, progress.total),
            (JobState::Finished, STAFF, STAFF, STAFF)
        );
        let found = self.platform.matches(&self.integration, None, 10_000).await?;
        assert_eq!(found.len(), STAFF);
        assert!(found.iter().all(|one| one.state == MatchState::Matched));
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rematch_that_is_started_on_three_hosts_runs_once() -> Result<()> {
    let mut three = Three::start().await?;
    let held = three.world.microsoft.faults().hold(Operation::Batch, true);
    let mut jobs = Vec::new();
    for host in &mut three.hosts {
        host.order("keys").await?;
        jobs.push(host.answer().await?);
    }
    held.reached().await;
    jobs.dedup();
    let [job] = &jobs[..] else { bail!("one job: {jobs:?}") };
    held.release();
    three.all_are_matched(&job.clone().into()).await?;
    assert_eq!(three.calls(), (STAFF / BATCH) as u64, "what one of them needs");
    assert!(three.asked().values().all(|asked| *asked == 1), "nobody is asked for twice");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rematch_moves_to_another_host_when_its_own_is_killed_and_asks_again_only_for_what_was_under_way()
-> Result<()> {
    for way in ["keys", "directory"] {
        // How many calls it takes if nobody is killed.
        let mut whole = Three::start().await?;
        whole.hosts[0].order(way).await?;
        let job = whole.hosts[0].answer().await?.into();
        whole.all_are_matched(&job).await?;
        let plan = whole.calls();
        drop(whole);

        let mut three = Three::start().await?;
        let faults = three.world.microsoft.faults();
        // By keys the third call, beside which the others go on; by directory the second page, behind which
        // nobody knows where to go on.
        let (held, stored) = match way {
            "keys" => (faults.hold_matching(Operation::Batch, true, "adviser000700"), STAFF - BATCH),
            _ => (faults.hold_matching(Operation::ListUsers, true, "skiptoken"), 0),
        };
        let mut killed = three.hosts.remove(1);
        killed.order(way).await?;
        let job = killed.answer().await?.into();
        held.reached().await;
        three.until(&job, |job| job.progress.done > 0 && job.progress.done >= stored).await?;
        let (done, calls) = (three.done(&job).await?, three.calls());
        assert!(done < STAFF, "{way}: it is in the middle of it");
        // SIGKILL.
        killed.process.kill().await?;
        held.release();
        for host in &mut three.hosts {
            // It is under way for them, too: nobody begins it anew.
            host.order(way).await?;
            assert_eq!(JobId::from(host.answer().await?), job, "{way}");
        }
        assert_eq!(
            (three.done(&job).await?, three.calls()),
            (done, calls),
            "{way}: the turn is the dead one's"
        );

        three.world.microsoft.clock().advance(TAKEN_OVER);
        three.clock.advance(TAKEN_OVER)?;
        three.all_are_matched(&job).await.with_context(|| way.to_owned())?;
        assert_eq!(
            three.calls(),
            plan + 1,
            "{way}: what was under way, and nothing else, is asked for again"
        );
        let twice: Vec<_> = three.asked().into_values().filter(|asked| *asked != 1).collect();
        let expected = if way == "keys" { vec![2; BATCH] } else { Vec::new() };
        assert_eq!(twice, expected, "{way}");
    }
    Ok(())
}
