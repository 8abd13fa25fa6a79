//! A real process, killed with SIGKILL between any two steps of connecting, refreshing and creating, and
//! started again on the same folder. See `docs/decisions/0004-crash-tests.md`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use end_to_end::process::command;
use mock_graph::{Config, MockGraph, Operation, SignIn, User, contoso};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use video_host::HostConfig;
use video_host::store::KeyFile;

/// The host's steps of any operation here are far fewer: an endless loop would be a test that hangs.
const MOST_STEPS: u64 = 200;

/// How a run of `crash-host` ended.
enum Run {
    /// It stopped at the step of this name, and was killed there.
    Killed(String),
    /// It did what it was to do.
    Done(String),
}

struct Crashes {
    microsoft: MockGraph,
    files: TempDir,
    advance: u64,
}

impl Crashes {
    async fn start() -> Result<Self> {
        let microsoft = MockGraph::start(Config::default()).await?;
        let files = TempDir::new()?;
        std::fs::write(files.path().join("ca.pem"), microsoft.ca_pem())?;
        Ok(Self { microsoft, files, advance: 0 })
    }

    /// Runs a host on `folder` until its `step`-th step; 0 runs it to its end.
    async fn run(&self, folder: &Path, step: u64, operation: &str, argument: &str) -> Result<Run> {
        let program = Path::new(env!("CARGO_BIN_EXE_crash-host"));
        let mut child = command(program, &self.microsoft, &self.files.path().join("ca.pem"), self.advance)
            .arg(folder)
            .args([&step.to_string(), operation, argument])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let line = lines.next_line().await?.unwrap_or_default();
        if let Some(step) = line.strip_prefix("stopped ") {
            child.kill().await?;
            return Ok(Run::Killed(step.to_owned()));
        }
        let status = child.wait().await?;
        match line.strip_prefix("done ") {
            Some(done) if status.success() => Ok(Run::Done(done.to_owned())),
            _ => bail!("{operation} ended with {status} and said {line:?}"),
        }
    }

    /// Runs a host to its end.
    async fn done(&self, folder: &Path, operation: &str, argument: &str) -> Result<String> {
        match self.run(folder, 0, operation, argument).await? {
            Run::Done(done) => Ok(done),
            Run::Killed(step) => bail!("step 0 is none, and it stopped at {step}"),
        }
    }

    async fn sign_in(&self, url: &str) -> Result<String> {
        Ok(self.microsoft.sign_in(url, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?)
    }

    /// From nothing to a connected integration, as a person would do it.
    async fn connect(&self, folder: &Path) -> Result<()> {
        let callback = self.sign_in(&self.done(folder, "begin", "").await?).await?;
        let account = self.done(folder, "finish", &callback).await?;
        ensure!(account == contoso::SERVICE_ACCOUNT_ID, "connected as {account}");
        Ok(())
    }

    /// A folder in which the plugin is compiled and nothing else happened.
    async fn fresh(&self) -> Result<TempDir> {
        let folder = empty().await?;
        self.done(folder.path(), "connected", "").await?;
        Ok(folder)
    }
}

/// A folder with an empty store.
async fn empty() -> Result<TempDir> {
    let folder = TempDir::new()?;
    test_store::lay_out(folder.path()).await?;
    Ok(folder)
}

/// A folder with the files of another, and a copy of its store.
async fn copy(from: &Path) -> Result<TempDir> {
    fn all(from: &Path, to: &Path) -> Result<()> {
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            let target = to.join(entry.file_name());
            if entry.file_type()?.is_dir() {
                std::fs::create_dir(&target)?;
                all(&entry.path(), &target)?;
            } else {
                std::fs::copy(entry.path(), target)?;
            }
        }
        Ok(())
    }
    let folder = TempDir::new()?;
    all(from, folder.path())?;
    test_store::copy(folder.path()).await?;
    Ok(folder)
}

#[tokio::test]
async fn a_host_killed_at_any_step_of_beginning_to_connect_can_connect_afterwards() -> Result<()> {
    let crashes = Crashes::start().await?;
    let template = crashes.fresh().await?;
    let mut killed_at = Vec::new();
    for step in 1..MOST_STEPS {
        let folder = copy(template.path()).await?;
        let Run::Killed(name) = crashes.run(folder.path(), step, "begin", "").await? else { break };
        crashes.connect(folder.path()).await.with_context(|| format!("killed at step {step}, {name}"))?;
        assert_eq!(crashes.done(folder.path(), "connected", "").await?, contoso::SERVICE_ACCOUNT_ID);
        killed_at.push(name);
    }
    assert!(killed_at.iter().any(|name| name == "storage.set"), "{killed_at:?}");
    assert!(crashes.microsoft.meetings().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_host_killed_at_any_step_of_finishing_to_connect_is_connected_or_can_be() -> Result<()> {
    let crashes = Crashes::start().await?;
    let template = crashes.fresh().await?;
    let mut killed_at = Vec::new();
    for step in 1..MOST_STEPS {
        let folder = copy(template.path()).await?;
        let path = folder.path();
        let callback = crashes.sign_in(&crashes.done(path, "begin", "").await?).await?;
        let Run::Killed(name) = crashes.run(path, step, "finish", &callback).await? else { break };
        let at = || format!("killed at step {step}, {name}");

        let before = crashes.done(path, "connected", "").await.with_context(at)?;
        // The administrator reloads the page, which may be too late, and then starts again if need be.
        let reloaded = crashes.done(path, "finish", &callback).await.with_context(at)?;
        if before == contoso::SERVICE_ACCOUNT_ID {
            assert_eq!(crashes.done(path, "connected", "").await?, before, "{}: {reloaded}", at());
        } else if reloaded != contoso::SERVICE_ACCOUNT_ID {
            assert!(reloaded.starts_with("refused: "), "{}: {reloaded}", at());
            crashes.connect(path).await.with_context(at)?;
        }
        assert_eq!(crashes.done(path, "connected", "").await?, contoso::SERVICE_ACCOUNT_ID, "{}", at());
        killed_at.push(name);
    }
    for step in
        ["authorization.claimed", "credentials.exchanged", "credentials.stored", "credentials.promoted"]
    {
        assert!(killed_at.iter().any(|name| name == step), "{step} is not among {killed_at:?}");
    }
    assert!(crashes.microsoft.meetings().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_host_killed_at_any_step_of_refreshing_is_still_connected() -> Result<()> {
    let mut crashes = Crashes::start().await?;
    let template = empty().await?;
    crashes.connect(template.path()).await?;
    crashes.advance = 7_200;
    crashes.microsoft.clock().advance(Duration::from_secs(crashes.advance));
    let mut killed_at = Vec::new();
    for step in 1..MOST_STEPS {
        let folder = copy(template.path()).await?;
        let Run::Killed(name) = crashes.run(folder.path(), step, "connected", "").await? else { break };
        // The killed process may have held the refresh's lease; five seconds later it has run out.
        crashes.advance += 5;
        let account = crashes
            .done(folder.path(), "connected", "")
            .await
            .with_context(|| format!("killed at step {step}, {name}"))?;
        crashes.advance -= 5;
        assert_eq!(account, contoso::SERVICE_ACCOUNT_ID);
        killed_at.push(name);
    }
    for step in ["credentials.before-refresh", "credentials.refreshed", "credentials.stored"] {
        assert!(killed_at.iter().any(|name| name == step), "{step} is not among {killed_at:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_host_killed_at_any_step_of_booking_leaves_one_meeting_and_its_link() -> Result<()> {
    let crashes = Crashes::start().await?;
    let template = empty().await?;
    crashes.connect(template.path()).await?;
    crashes.done(template.path(), "staff", "").await?;
    let mut killed_at = Vec::new();
    for step in 1..MOST_STEPS {
        let folder = copy(template.path()).await?;
        let appointment = format!("appointment-{step}");
        let Run::Killed(name) = crashes.run(folder.path(), step, "book", &appointment).await? else { break };
        let at = || format!("killed at step {step}, {name}");
        let link = crashes.done(folder.path(), "book", &appointment).await.with_context(at)?;
        let again = crashes.done(folder.path(), "book", &appointment).await.with_context(at)?;
        assert_eq!(link, again, "{}", at());

        let meetings = crashes.microsoft.meetings();
        let of_it: Vec<_> =
            meetings.iter().filter(|meeting| meeting.external_id.as_deref() == Some(&*appointment)).collect();
        let [only] = of_it[..] else { bail!("{}: {} meetings", at(), of_it.len()) };
        assert_eq!(only.join_web_url, link, "{}", at());
        killed_at.push(name);
    }
    for step in ["http.before-send", "http.answered"] {
        assert!(killed_at.iter().any(|name| name == step), "{step} is not among {killed_at:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_host_killed_at_any_step_of_matching_goes_on_and_asks_for_at_most_one_wave_twice() -> Result<()> {
    // Three batches: the second and the third go side by side, and are one chunk of work.
    let steps = ["matching.listed", "matching.batch", "http.before-send", "http.answered", "matching.ended"];
    killed_while_matching("keys", 900, 2, &steps).await
}

#[tokio::test]
async fn a_host_killed_at_any_step_of_reading_the_directory_reads_at_most_one_page_twice() -> Result<()> {
    // The directory has three pages, with those who are there besides.
    let steps = ["matching.found", "matching.batch", "http.before-send", "http.answered", "matching.ended"];
    killed_while_matching("directory", 2_100, 1, &steps).await
}

/// Kills a host at each step of matching so many staff one way, and goes on in another process: the result is
/// the same, with at most so many calls made twice. The steps named are among those it was killed at.
async fn killed_while_matching(way: &str, staff: usize, twice: u64, steps: &[&str]) -> Result<()> {
    let mut crashes = Crashes::start().await?;
    for user in User::generate(staff, contoso::DOMAIN, 1) {
        crashes.microsoft.directory().add_user(contoso::TENANT_ID, user)?;
    }
    let template = empty().await?;
    crashes.connect(template.path()).await?;
    crashes.done(template.path(), "staff-list", &staff.to_string()).await?;
    let journal = crashes.microsoft.journal();
    journal.clear();
    let whole = crashes.done(copy(template.path()).await?.path(), "rematch", way).await?;
    assert_eq!(whole, format!("Finished {staff} of {staff}, {staff} matched"));
    let calls = |crashes: &Crashes| {
        let journal = crashes.microsoft.journal();
        journal.count(Operation::Batch) + journal.count(Operation::ListUsers)
    };
    let uninterrupted = calls(&crashes);
    let (mut killed_at, mut over) = (Vec::new(), false);
    for step in 1..MOST_STEPS {
        crashes.microsoft.journal().clear();
        let folder = copy(template.path()).await?;
        let Run::Killed(name) = crashes.run(folder.path(), step, "rematch", way).await? else { break };
        // The killed process had the turn; two minutes later it has run out.
        crashes.advance += 150;
        let at = || format!("killed at step {step}, {name}");
        let ended = crashes.done(folder.path(), "rematch", way).await.with_context(at)?;
        crashes.advance -= 150;
        assert_eq!(ended, whole, "{}", at());
        let again = calls(&crashes) - uninterrupted;
        // Killed behind its end, the job was over, and this was another one.
        over |= name == "matching.ended";
        assert!(again <= twice || over, "{}: {again} calls twice", at());
        killed_at.push(name);
    }
    for step in steps {
        assert!(killed_at.iter().any(|name| name == step), "{step} is not among {killed_at:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_host_killed_at_any_step_of_resealing_loses_nothing_and_goes_on_with_the_rest() -> Result<()> {
    let crashes = Crashes::start().await?;
    let template = empty().await?;
    crashes.connect(template.path()).await?;
    let active = KeyFile::new(template.path().join(HostConfig::KEYS)).add()?;
    let mut killed_at = Vec::new();
    for step in 1..MOST_STEPS {
        let folder = copy(template.path()).await?;
        let Run::Killed(name) = crashes.run(folder.path(), step, "reseal", "").await? else { break };
        let at = || format!("killed at step {step}, {name}");
        let account = crashes.done(folder.path(), "connected", "").await.with_context(at)?;
        assert_eq!(account, contoso::SERVICE_ACCOUNT_ID, "{}", at());
        assert_eq!(crashes.done(folder.path(), "reseal", "").await.with_context(at)?, "0 left");
        let uses = crashes.done(folder.path(), "keys", "").await?;
        let (first, second) = uses.split_once(' ').context("two keys")?;
        assert!(first.starts_with(&format!("{active}=")) && second.ends_with("=0"), "{}: {uses}", at());
        killed_at.push(name);
    }
    for step in ["store.before-reseal", "store.resealed"] {
        assert!(killed_at.iter().any(|name| name == step), "{step} is not among {killed_at:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_host_killed_at_any_step_of_handing_an_appointment_over_leaves_one_meeting_and_its_link()
-> Result<()> {
    let mut crashes = Crashes::start().await?;
    let template = empty().await?;
    // Staff organise: the meeting is replaced.
    let url = crashes.done(template.path(), "begin", "access-policy").await?;
    let back = crashes.microsoft.sign_in(&url, SignIn::accepting(contoso::ADMINISTRATOR)).await?;
    crashes.done(template.path(), "finish", &back).await?;
    let directory = crashes.microsoft.directory();
    directory.grant_access_policy(contoso::CLIENT_ID, contoso::TENANT_ID, None)?;
    crashes.advance = 31 * 60;
    crashes.microsoft.clock().advance(Duration::from_secs(crashes.advance));
    crashes.done(template.path(), "staff", "").await?;
    let mut killed_at = Vec::new();
    for step in 1..MOST_STEPS {
        let folder = copy(template.path()).await?;
        let path = folder.path();
        let appointment = format!("handed-over-{step}");
        let first = crashes.done(path, "book", &appointment).await?;
        let Run::Killed(name) = crashes.run(path, step, "reassign", &appointment).await? else { break };
        let at = || format!("killed at step {step}, {name}");
        let only = |whose: &str| {
            let (staff, link) = whose.split_once(' ').context("staff and link")?;
            let meetings = crashes.microsoft.meetings();
            let of_it =
                meetings.iter().filter(|meeting| meeting.external_id.as_deref() == Some(&*appointment));
            let [only] = &of_it.collect::<Vec<_>>()[..] else { bail!("{}: {meetings:?}", at()) };
            let organizer = if staff == "mod" { contoso::ADMINISTRATOR_ID } else { contoso::ADVISER_ID };
            ensure!((&*only.join_web_url, &*only.organizer) == (link, organizer), "{}: {whose}", at());
            anyhow::Ok(())
        };
        // What was begun is finished by itself, and asked for again it comes to the same.
        let resumed = crashes.done(path, "resume", &appointment).await.with_context(at)?;
        only(&resumed)?;
        let asked = crashes.done(path, "reassign", &appointment).await.with_context(at)?;
        only(&asked)?;
        ensure!(asked.starts_with("mod ") && !asked.ends_with(&first), "{}: {asked}", at());
        ensure!(resumed == asked || resumed.ends_with(&first), "{}: {resumed}, {asked}", at());
        killed_at.push(name);
    }
    for step in [
        "appointment.reassign-requested",
        "http.answered",
        "appointment.reassigned",
        "appointment.stray-ended",
    ] {
        assert!(killed_at.iter().any(|name| name == step), "{step} is not among {killed_at:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_host_killed_at_any_step_of_giving_a_room_gives_the_same_room_afterwards() -> Result<()> {
    let crashes = Crashes::start().await?;
    let fresh = crashes.fresh().await?;
    let given = copy(fresh.path()).await?;
    let first = crashes.done(given.path(), "room", "1").await?;
    let (link, _) = first.split_once(' ').context("a link and an end")?;
    let mut killed_at = Vec::new();
    for (template, before) in [(&fresh, None), (&given, Some(link))] {
        for step in 1..MOST_STEPS {
            let folder = copy(template.path()).await?;
            let path = folder.path();
            let Run::Killed(name) = crashes.run(path, step, "room", "2").await? else { break };
            let again = crashes.done(path, "room", "2").await?;
            let at = || format!("killed at step {step}, {name}: {again}");
            ensure!(again == crashes.done(path, "room", "2").await?, at());
            ensure!(before.is_none_or(|link| again.starts_with(&format!("{link} "))), at());
            killed_at.push(name);
        }
    }
    assert!(killed_at.iter().filter(|name| *name == "storage.set").count() > 2, "{killed_at:?}");
    Ok(())
}
