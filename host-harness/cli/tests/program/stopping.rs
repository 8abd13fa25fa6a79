//! `serve` as a supervisor runs it: with an operator's port, and ended by SIGTERM.
#![cfg(unix)]

use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context as _, Result, ensure};
use mock_graph::{Config, MockGraph, Operation, RedirectUri, SignIn, contoso};
use url::{Position, Url};

use crate::serve::{Running, Scene, Visitor, field};

/// A host with an operator's port and one integration that is connected, and who connected it.
struct Bank {
    scene: Scene,
    microsoft: MockGraph,
    running: Running,
    administrator: Visitor,
    operator: Visitor,
    /// The integration's page.
    home: String,
}

impl Bank {
    async fn open(settings: &str) -> Result<Self> {
        Self::on(Scene::with_data().await?, settings).await
    }

    async fn on(scene: Scene, settings: &str) -> Result<Self> {
        let mut application = contoso::application();
        application
            .redirect_uris
            .push(RedirectUri::web(&format!("http://localhost:{}/integrations/callback", scene.port)));
        let microsoft =
            MockGraph::start(Config { applications: vec![application], ..Config::default() }).await?;
        fs::write(scene.folder.path().join("ca.pem"), microsoft.ca_pem())?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let configuration = format!(
            "{}[operator]\nlisten = \"127.0.0.1:{port}\"\n{settings}",
            scene.configuration(&microsoft.addr().to_string())
        );
        let (running, token) = scene.start(&configuration)?;
        let mut administrator = Visitor { port: scene.port, cookie: String::new() };
        administrator.sign_in(&token)?;
        let form = [("match-field", "email"), ("tenant-id", contoso::TENANT_ID)];
        let (head, page) = administrator.post("/settings/video-calls/new/microsoft-teams", &form)?;
        let visit = field(&head, "location").with_context(|| format!("nowhere to sign in: {page}"))?;
        let back = microsoft.sign_in(visit, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
        let (head, page) = administrator.get(&Url::parse(&back)?[Position::BeforePath..])?;
        let home = field(&head, "location").with_context(|| format!("not connected: {page}"))?.to_owned();
        let operator = Visitor { port, cookie: String::new() };
        Ok(Self { scene, microsoft, running, administrator, operator, home })
    }

    /// A number that the operator's port tells.
    fn number(&self, series: &str) -> Result<f64> {
        let (_, text) = self.operator.get("/metrics")?;
        let line =
            text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
        let (_, number) =
            line.with_context(|| format!("no {series}:\n{text}"))?.rsplit_once(' ').context("a number")?;
        Ok(number.parse()?)
    }

    /// How many requests of the host Microsoft's API and its sign-in answered with success.
    fn received(&self) -> (usize, usize) {
        let good = |request: &mock_graph::Recorded| {
            // Those of the browser are not the host's.
            let browser =
                [Operation::Authorize, Operation::SignIn, Operation::Consent, Operation::AdminConsent];
            !browser.contains(&request.operation)
                && request.answer.as_ref().and_then(|answer| answer.status) == Some(200)
        };
        let requests: Vec<_> = self.microsoft.journal().requests().into_iter().filter(good).collect();
        let identity = requests.iter().filter(|request| request.host.starts_with("login.")).count();
        (requests.len() - identity, identity)
    }

    /// How many exchanges of a class the operator's port counts as successes.
    fn exchanges(&self, class: &str) -> Result<usize> {
        let number = self.number(&format!("video_exchanges_total{{class=\"{class}\",status=\"200\"}}"))?;
        Ok(number.to_string().parse()?)
    }

    /// Waits until the host says that it stops, and gives what it says.
    async fn hears_it(&self) -> Result<String> {
        loop {
            let (head, told) = self.operator.get("/ready")?;
            if head.starts_with("HTTP/1.1 503") {
                return Ok(told);
            }
            tokio::task::yield_now().await;
        }
    }

    fn terminate(&self) -> Result<()> {
        let asked = Command::new("kill").args(["-TERM", &self.running.child.id().to_string()]).status()?;
        ensure!(asked.success(), "it could not be asked");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operators_port_counts_what_microsoft_received() -> Result<()> {
    let bank = Bank::open("").await?;
    let begun = std::time::Instant::now();
    // Staff are matched meanwhile: an exchange may be on one side, and not yet on the other.
    loop {
        let received = bank.received();
        let counted = (bank.exchanges("api")?, bank.exchanges("identity")?);
        if counted == received && counted.0 >= 1 && counted.1 >= 1 {
            break;
        }
        ensure!(begun.elapsed().as_secs() < 60, "counted {counted:?}, received {received:?}");
        tokio::task::yield_now().await;
    }
    let state = "video_integrations{provider=\"microsoft-teams\",state=\"connected\"}";
    assert_eq!(bank.number(state)?.to_string(), "1");
    assert_eq!(bank.number("video_ready")?.to_string(), "1");
    let (head, _) = bank.operator.get("/ready")?;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    // The pages' port tells nothing of it.
    for path in ["/metrics", "/ready", "/live"] {
        let (head, _) = bank.administrator.get(path)?;
        assert!(head.starts_with("HTTP/1.1 404"), "{path}: {head}");
    }
    bank.running.stop()?;
    bank.microsoft.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_under_way_is_answered_while_new_ones_are_sent_elsewhere() -> Result<()> {
    let bank = Bank::open("[stop]\nwithin-seconds = 600\n").await?;
    let parked = bank.microsoft.faults().hold(Operation::Me, true);
    let (administrator, path) = (bank.administrator.clone(), format!("{}/check", bank.home));
    let checking = thread::spawn(move || administrator.post(&path, &[]));
    parked.reached().await;

    bank.terminate()?;
    let told = bank.hears_it().await?;
    assert!(told.contains("The host is stopping"), "{told}");
    let (head, page) = bank.administrator.get("/settings/video-calls")?;
    assert!(head.starts_with("HTTP/1.1 503") && field(&head, "retry-after") == Some("5"), "{head}");
    assert!(page.contains("Try again in a few seconds"), "{page}");
    assert!(bank.number("video_pages_refused_total")? >= 1.0);
    assert_eq!(bank.number("video_pages_under_way")?.to_string(), "1");
    assert!(!checking.is_finished(), "it is still parked");

    parked.release();
    let (head, page) = checking.join().map_err(|_| anyhow::anyhow!("it panicked"))??;
    assert!(head.starts_with("HTTP/1.1 303"), "answered as ever: {head}\n{page}");
    bank.running.ended()?;
    bank.microsoft.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_longer_than_the_end_may_is_cut_off() -> Result<()> {
    let bank = Bank::open("[stop]\nwithin-seconds = 0\n").await?;
    let parked = bank.microsoft.faults().hold(Operation::Me, true);
    let (administrator, path) = (bank.administrator.clone(), format!("{}/check", bank.home));
    let checking = thread::spawn(move || administrator.post(&path, &[]));
    parked.reached().await;
    bank.terminate()?;
    bank.running.ended()?;
    let answer = checking.join().map_err(|_| anyhow::anyhow!("it panicked"))?;
    assert!(answer.is_err(), "the connection is gone: {answer:?}");
    parked.release();
    bank.microsoft.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_it_at_once() -> Result<()> {
    let bank = Bank::open("[stop]\nwithin-seconds = 3600\n").await?;
    let parked = bank.microsoft.faults().hold(Operation::Me, true);
    let (administrator, path) = (bank.administrator.clone(), format!("{}/check", bank.home));
    let checking = thread::spawn(move || administrator.post(&path, &[]));
    parked.reached().await;
    bank.terminate()?;
    bank.hears_it().await?;
    bank.terminate()?;
    bank.running.ended()?;
    assert!(checking.join().map_err(|_| anyhow::anyhow!("it panicked"))?.is_err());
    parked.release();
    bank.microsoft.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_call_is_not_answered_in_time_is_given_back_so_that_another_host_goes_on_at_once()
-> Result<()> {
    let bank = Bank::open("[stop]\nwithin-seconds = 1\n").await?;
    let parked = bank.microsoft.faults().hold(Operation::Any, true);
    let (head, page) = bank.administrator.post(&format!("{}/rematch", bank.home), &[])?;
    ensure!(head.starts_with("HTTP/1.1 303"), "{head}\n{page}");
    parked.reached().await;
    assert_eq!(bank.number("video_match_jobs")?.to_string(), "1");
    bank.terminate()?;
    let Bank { scene, microsoft, running, home, .. } = bank;
    running.ended()?;
    parked.release();
    // Another host takes it over now, and not only when the lease has ended.
    let configuration = scene.configuration(&microsoft.addr().to_string());
    let (running, token) = scene.start(&configuration)?;
    let mut administrator = Visitor { port: scene.port, cookie: String::new() };
    administrator.sign_in(&token)?;
    ends(&administrator, &home).await?;
    let (_, page) = administrator.get(&home)?;
    assert!(page.contains("AdeleV@contoso.com"), "{page}");
    running.stop()?;
    microsoft.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_of_a_job_is_answered_before_the_end_and_what_is_left_is_given_back() -> Result<()> {
    let bank = Bank::open("[stop]\nwithin-seconds = 600\n").await?;
    let parked = bank.microsoft.faults().hold(Operation::ListUsers, true);
    let (head, page) = bank.administrator.post(&format!("{}/rematch", bank.home), &[])?;
    ensure!(head.starts_with("HTTP/1.1 303"), "{head}\n{page}");
    parked.reached().await;
    bank.terminate()?;
    bank.hears_it().await?;
    parked.release();
    let Bank { scene, microsoft, running, home, .. } = bank;
    running.ended()?;
    let asked = microsoft.journal().requests();
    let mut latest = asked.iter().rev();
    let parked = latest.find(|request| request.operation == Operation::ListUsers).context("it was sent")?;
    assert_eq!(parked.answer.as_ref().and_then(|answer| answer.status), Some(200), "it was waited for");

    // What it brought is stored: the host that goes on asks for nobody again.
    let times = || {
        let asked = microsoft.journal().requests();
        asked.iter().filter(|request| request.operation == Operation::ListUsers).count()
    };
    let before = times();
    let (running, token) = scene.start(&scene.configuration(&microsoft.addr().to_string()))?;
    let mut administrator = Visitor { port: scene.port, cookie: String::new() };
    administrator.sign_in(&token)?;
    ends(&administrator, &home).await?;
    assert_eq!(times(), before);
    let (_, page) = administrator.get(&home)?;
    assert!(page.contains("AdeleV@contoso.com"), "{page}");
    running.stop()?;
    microsoft.shutdown().await;
    Ok(())
}

/// Waits until no matching of the integration is under way.
async fn ends(administrator: &Visitor, home: &str) -> Result<()> {
    let asked = std::time::Instant::now();
    loop {
        let (_, page) = administrator.get(&format!("{home}/rematch"))?;
        if !page.contains("/rematch/cancel") {
            return Ok(());
        }
        ensure!(asked.elapsed().as_secs() < 60, "nobody goes on with it: {page}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_running_hosts_database_is_put_back_and_bookings_go_on() -> Result<()> {
    // Of a file: a server has tools of its own.
    let bank = Bank::on(Scene::set()?, "").await?;
    let folder = bank.scene.folder.path().to_owned();
    let (data, copy) = (folder.join("data"), folder.join("copy.db"));
    let run = |arguments: &[&str]| -> Result<(bool, String, String)> {
        let output = crate::program(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let output = output.wait_with_output()?;
        let (out, err) = (crate::text(&output.stdout).to_owned(), crate::text(&output.stderr).to_owned());
        Ok((output.status.success(), out, err))
    };
    let paths = [data.to_str().context("UTF-8")?, copy.to_str().context("UTF-8")?];
    let (good, said, problem) = run(&["backup", "--data", paths[0], "--to", paths[1]])?;
    ensure!(
        good && said.contains("is a whole copy of") && said.contains("1 encryption key"),
        "{said}{problem}"
    );
    let (good, _, problem) = run(&["backup", "--data", paths[0], "--to", paths[1]])?;
    ensure!(!good && problem.contains("nothing is written over"), "{problem}");
    assert_eq!(fs::metadata(&copy)?.permissions().mode() & 0o777, 0o600);
    let Bank { scene, microsoft, running, home, .. } = bank;
    running.stop()?;

    // The machine is lost; what is left is the copy, and the keys, which were kept elsewhere.
    let keys = fs::read(data.join("keys"))?;
    fs::remove_dir_all(&data)?;
    let mut damaged = fs::read(&copy)?;
    let middle = damaged.len() / 2;
    damaged[middle..middle + 8_192].fill(0xff);
    let broken = folder.join("broken.db");
    fs::write(&broken, damaged)?;
    let (good, _, problem) =
        run(&["restore", "--from", broken.to_str().context("UTF-8")?, "--data", paths[0]])?;
    ensure!(!good && problem.contains("cannot be used"), "{problem}");
    ensure!(!data.join("video.db").exists(), "nothing is left of it");
    // Who puts it back is root, and the host is not, where this test may make it so.
    fs::create_dir_all(&data)?;
    let other = chown(&data, Some(12_345), Some(12_345)).is_ok();
    let (good, said, problem) = run(&["restore", "--from", paths[1], "--data", paths[0]])?;
    if other {
        assert_eq!(fs::metadata(data.join("video.db"))?.uid(), 12_345);
    }
    ensure!(good && said.contains("Put them back"), "{said}{problem}");
    let (good, _, problem) = run(&["restore", "--from", paths[1], "--data", paths[0]])?;
    ensure!(!good && problem.contains("nothing is written over"), "{problem}");

    // Without its keys it does not start, and says which.
    let configuration = scene.configuration(&microsoft.addr().to_string());
    let output = scene.command(&configuration)?.output()?;
    let told = crate::text(&output.stderr);
    ensure!(!output.status.success() && told.contains("encryption key"), "{told}");
    fs::write(data.join("keys"), keys)?;
    let (running, token) = scene.start(&configuration)?;
    let mut administrator = Visitor { port: scene.port, cookie: String::new() };
    administrator.sign_in(&token)?;
    let (head, page) = administrator.post(&format!("{home}/check"), &[])?;
    ensure!(head.starts_with("HTTP/1.1 303"), "{head}\n{page}");
    let (_, page) = administrator.get(&home)?;
    assert!(page.contains("Success") || page.contains("works"), "the grant was in the copy: {page}");
    running.stop()?;
    microsoft.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_is_checked_without_a_start() -> Result<()> {
    let scene = Scene::set()?;
    let microsoft = MockGraph::start(Config::default()).await?;
    fs::write(scene.folder.path().join("ca.pem"), microsoft.ca_pem())?;
    let good = scene.configuration(&microsoft.addr().to_string());
    let output = scene.command(&good)?.arg("--check").output()?;
    let said = crate::text(&output.stdout);
    ensure!(output.status.success() && said.contains("serve.toml can be used."), "{said}{:?}", output.stderr);
    assert!(!scene.folder.path().join("data").exists(), "nothing is stored");
    for (more, expected) in [
        ("[operator]\nlisten = \"nowhere\"\n", "line 13: nowhere has to be an address and a port"),
        ("[log]\nformat = \"xml\"\n", "line 13: xml is no format of log lines: text or json"),
        ("[log]\nfilter = \"a=b=c\"\n", "line 13: "),
        ("[traces]\nendpoint = \"collector\"\n", "line 13: collector is no collector's endpoint"),
        ("[traces]\nendpoint = \"http://c/v1/traces\"\nsample = 2.0\n", "line 14: 2 has to be from 0.0"),
        ("[stop]\nwithin-seconds = 4000\n", "line 13: 4000 has to be from 0 to 3600"),
        ("[stop]\nwithin-seconds = -1\n", "line 13: "),
        ("[sessions]\nidle-minutes = 0\n", "line 13: 0 has to be from 1 to 1440"),
        ("[sessions]\nidle = 5\n", "line 13: unknown field `idle`"),
        ("[metrics]\nlisten = \"127.0.0.1:1\"\n", "line 12: unknown field `metrics`"),
    ] {
        let output = scene.command(&format!("{good}{more}"))?.arg("--check").output()?;
        let told = crate::text(&output.stderr);
        assert!(!output.status.success() && told.contains(expected), "{more} is told so: {told}");
    }
    let output = scene.command(&good.replacen("A-1", "C-1", 1))?.arg("--check").output()?;
    assert!(crate::text(&output.stderr).contains("C-1 is no administrator of the staff list"));
    microsoft.shutdown().await;
    Ok(())
}

#[test]
fn what_is_listened_on_is_said() -> Result<()> {
    let mut child = crate::program(["serve", "--operator", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn()?;
    let mut output = child.stdout.take().context("its output")?;
    let (mut said, mut piece) = (String::new(), [0_u8; 512]);
    while !said.contains("Ready.") {
        let read = output.read(&mut piece)?;
        ensure!(read > 0, "it ended before it was ready: {said}");
        said.push_str(crate::text(&piece[..read]));
    }
    assert!(said.contains("Operator       http://127.0.0.1:"), "{said}");
    child.kill()?;
    child.wait()?;
    Ok(())
}
