//! The pages as an operator starts them: with a configuration file, where a stand-in answers for Microsoft.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use mock_graph::{Config, MockGraph, RedirectUri, SignIn, contoso};
use tempfile::TempDir;
use url::form_urlencoded::Serializer;
use url::{Position, Url};

use crate::{program, text};

const STAFF: &str = "id,name,email,user_name,role\n\
    A-1,Alex Hartmann,admin@contoso.com,ahartmann,administrator\n\
    C-1,Adele Vance,AdeleV@contoso.com,adelev,staff\n";

/// A folder with all that a configuration names, and a free port for the pages.
pub(crate) struct Scene {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
}

impl Scene {
    pub(crate) fn set() -> Result<Self> {
        let folder = TempDir::new()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        fs::write(folder.path().join("staff.csv"), STAFF)?;
        fs::write(folder.path().join("secret"), contoso::CLIENT_SECRET)?;
        Ok(Self { folder, port })
    }

    /// The same, with a data folder whose store is on the database that these tests run on.
    pub(crate) async fn with_data() -> Result<Self> {
        let scene = Self::set()?;
        let data = scene.folder.path().join("data");
        fs::create_dir(&data)?;
        test_store::lay_out(&data).await?;
        Ok(scene)
    }

    pub(crate) fn configuration(&self, stand_in: &str) -> String {
        format!(
            "# What the pages need.\naddress = \"http://localhost:{}\"\ndata = \"data\"\nstaff = \"staff.csv\"\n\
             administrator = \"A-1\"\nclient-id = \"{}\"\nclient-secret-file = \"secret\"\n\
             \n[stand-in]\naddress = \"{stand_in}\"\nca = \"ca.pem\"\n",
            self.port,
            contoso::CLIENT_ID
        )
    }

    fn write(&self, configuration: &str) -> Result<std::path::PathBuf> {
        let file = self.folder.path().join("serve.toml");
        fs::write(&file, configuration)?;
        Ok(file)
    }

    pub(crate) fn command(&self, configuration: &str) -> Result<Command> {
        let file = self.write(configuration)?;
        let mut command = program(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--config"]);
        command.arg(file).env_remove("VIDEO_CLIENT_ID").env_remove("VIDEO_CLIENT_SECRET");
        Ok(command)
    }

    /// Starts it, and gives the token of a sign-in link for the administrator.
    pub(crate) fn start(&self, configuration: &str) -> Result<(Running, String)> {
        let mut child = self.command(configuration)?.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("its output")?;
        let mut running = Running { child, output: BufReader::new(output), told: String::new() };
        while !running.told.contains("Ready.") {
            let read = running.output.read_line(&mut running.told)?;
            ensure!(read > 0, "it ended before it was ready:\n{}", running.told);
        }
        let file = self.folder.path().join("serve.toml");
        let made = program(["sign-in", "--staff", "A-1", "--config"]).arg(file).output()?;
        ensure!(made.status.success(), "{}", text(&made.stderr));
        let token = text(&made.stdout).split("/sign-in?token=").nth(1).context("a link is made")?;
        Ok((running, token.split_whitespace().next().unwrap_or_default().to_owned()))
    }
}

pub(crate) struct Running {
    pub(crate) child: Child,
    output: BufReader<ChildStdout>,
    /// What it said at its start.
    pub(crate) told: String,
}

impl Running {
    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(self) -> Result<()> {
        let asked = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status()?;
        ensure!(asked.success(), "it could not be asked");
        self.ended()
    }

    /// Waits until it has ended by itself, and tells whether it did so with success.
    pub(crate) fn over(mut self) -> Result<bool> {
        self.output.read_to_string(&mut String::new())?;
        Ok(self.child.wait()?.success())
    }

    /// Waits until it has ended, as it was asked to.
    pub(crate) fn ended(mut self) -> Result<()> {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest)?;
        ensure!(self.child.wait()?.success() && rest.contains("Stopped."), "{rest}");
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // What has ended already cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Somebody at a browser that knows one cookie.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) port: u16,
    pub(crate) cookie: String,
}

impl Visitor {
    /// The head of the answer, and the page.
    fn send(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Result<(String, String)> {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            self.cookie,
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, page) = answer.split_once("\r\n\r\n").context("an answer")?;
        Ok((head.to_owned(), page.to_owned()))
    }

    pub(crate) fn get(&self, path: &str) -> Result<(String, String)> {
        self.send("GET", path, &[])
    }

    /// Sends a form with the token of this session.
    pub(crate) fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<(String, String)> {
        // Every page of somebody who is signed in has a form: to sign out.
        let (_, page) = self.get("/no-such-page")?;
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let form = [form, &[("csrf", csrf.context("a form has a token")?)]].concat();
        self.send("POST", path, &form)
    }

    pub(crate) fn sign_in(&mut self, token: &str) -> Result<()> {
        let (head, page) = self.send("POST", "/sign-in", &[("token", token)])?;
        let cookie = field(&head, "set-cookie").with_context(|| format!("no cookie: {page}"))?;
        cookie.split(';').next().unwrap_or_default().clone_into(&mut self.cookie);
        Ok(())
    }
}

/// A header of an answer's head.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_file_starts_the_pages_up_to_the_sign_in_and_a_restart_keeps_what_is_connected()
-> Result<()> {
    let scene = Scene::with_data().await?;
    let mut application = contoso::application();
    application
        .redirect_uris
        .push(RedirectUri::web(&format!("http://localhost:{}/integrations/callback", scene.port)));
    let microsoft = MockGraph::start(Config { applications: vec![application], ..Config::default() }).await?;
    fs::write(scene.folder.path().join("ca.pem"), microsoft.ca_pem())?;
    let configuration = scene.configuration(&microsoft.addr().to_string());

    let (running, token) = scene.start(&configuration)?;
    let mut visitor = Visitor { port: scene.port, cookie: String::new() };
    visitor.sign_in(&token)?;
    let (head, _) = visitor.get("/")?;
    assert_eq!(field(&head, "location"), Some("/settings/video-calls"));
    let form = [("match-field", "email"), ("tenant-id", contoso::TENANT_ID)];
    let (head, page) = visitor.post("/settings/video-calls/new/microsoft-teams", &form)?;
    // As it ships: the browser is sent to Microsoft's own name.
    let visit = field(&head, "location").with_context(|| format!("nowhere to sign in: {page}"))?;
    assert!(visit.starts_with("https://login.microsoftonline.com/"), "{visit}");
    let back = microsoft.sign_in(visit, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
    let back = Url::parse(&back)?;
    assert_eq!(back.port(), Some(scene.port));
    let (head, page) = visitor.get(&back[Position::BeforePath..])?;
    let home = field(&head, "location").with_context(|| format!("not connected: {page}"))?.to_owned();
    let (_, page) = visitor.get(&home)?;
    assert!(page.contains("Success: connected as"), "{page}");
    running.stop()?;

    let (running, token) = scene.start(&configuration)?;
    visitor.sign_in(&token)?;
    let (_, page) = visitor.get(&home)?;
    assert!(page.contains("Connected account") && page.contains(contoso::SERVICE_ACCOUNT), "{page}");
    assert!(page.contains("Adele Vance"), "{page}");
    running.stop()?;
    microsoft.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_configuration_is_told_with_its_line_and_what_to_do() -> Result<()> {
    let scene = Scene::set()?;
    let microsoft = MockGraph::start(Config::default()).await?;
    let address = microsoft.addr().to_string();
    fs::write(scene.folder.path().join("ca.pem"), microsoft.ca_pem())?;
    fs::write(scene.folder.path().join("words.csv"), "not,a,staff,list\n")?;
    let store = scene.folder.path().join("old");
    fs::create_dir(&store)?;
    fs::write(store.join("video.db"), "")?;
    let good = scene.configuration(&address);
    for (from, to, expected) in [
        ("data = ", "date = ", "serve.toml, line 3: unknown field `date`"),
        ("administrator = \"A-1\"\n", "", "missing field `administrator`"),
        ("data = \"data\"", "data = data", "serve.toml, line 3: "),
        ("http://localhost", "http://video.example.com", "serve.toml, line 2: Pages cannot be served under"),
        ("http://localhost", "video.example.com", "line 2: "),
        ("staff.csv", "stuff.csv", "line 4: "),
        ("staff.csv", "words.csv", "line 4: "),
        ("A-1", "C-1", "line 5: C-1 is no administrator of the staff list. Give them the role"),
        (
            "client-secret-file = \"secret\"",
            "",
            "client-secret-file, the file of its secret, is missing. Write it",
        ),
        ("\"secret\"", "\"secrets\"", "line 7: "),
        (address.as_str(), "localhost", "line 10: localhost has to be an address and a port"),
        ("ca = ", "certificate = ", "line 11: unknown field `certificate`"),
        ("client-id", "manifest = \"staff.csv\"\nclient-id", "line 6: the manifest says which plugin"),
        ("\"data\"", "\"staff.csv\"", "serve.toml, line 3: "),
        ("\"data\"", "\"no/such/place\"", "no/such/place cannot be the data folder: it is no folder"),
        (
            "client-id",
            "grant-api = [\n  \"https://graph.microsoft.us\",\n  \"http://graph\",\n]\nclient-id",
            "serve.toml, line 8: cannot grant http://graph: ",
        ),
        (
            "client-id",
            "grant-identity = [\"https://*.com\"]\nclient-id",
            "serve.toml, line 6: cannot grant https://*.com: ",
        ),
        ("\"data\"", "\"data\"\nkeys = \"no/such/keys\"", "serve.toml, line 4: "),
        ("\"data\"", "\"data\"\nkeys = \"no/such/keys\"", "cannot be the file of the encryption keys: "),
        ("\"data\"", "\"old\"\nkeys = \"gone\"", "serve.toml, line 4: "),
        ("\"data\"", "\"old\"\nkeys = \"gone\"", "sealed with keys of its own. Name their file, or put it"),
        // The file of the secret, by mistake: it is not shown.
        ("client-id", "database-url-file = \"secret\"\nclient-id", "the database's address is none: "),
        ("client-id", "database-url-file = \"secret\"\nclient-id", "serve.toml, line 6: "),
        ("client-id", "database-url-file = \"gone\"\nclient-id", "serve.toml, line 6: "),
    ] {
        assert!(good.contains(from), "{from}");
        let output = scene.command(&good.replacen(from, to, 1))?.output()?;
        let told = text(&output.stderr);
        assert!(!output.status.success(), "{to}: it was taken");
        assert!(told.contains(expected), "`{to}` is told so: {told}");
        assert!(!told.contains(contoso::CLIENT_SECRET), "{told}");
    }
    microsoft.shutdown().await;
    Ok(())
}
