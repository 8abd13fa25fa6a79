//! Libraries that others wrote, with only their authority and their trust changed, in front of the
//! stand-in: whatever they do not understand, it does not do as Microsoft does.
//!
//! They come from the package registries on first use, into the target folder. Where Python, Node or a
//! registry is not there a test says so on the terminal and passes; with `CLIENTS=required` in the
//! environment it fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use end_to_end::toolchains::{self, Missing, not_tried};
use end_to_end::{Credential, form};
use mock_graph::{Application, Config, MockGraph, Operation, RedirectUri, contoso};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::Mutex;

/// A public client beside the confidential one, for a sign-in with a browser on this machine.
const PUBLIC_CLIENT: &str = "00002222-aaaa-2222-bbbb-3333cccc4444";

/// Where the scripts of a language are.
fn scripts(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(language)
}

/// The folder of a language in the target folder.
fn place(language: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(language)
}

/// Two tests want the same packages; the second waits until the first has them.
static INSTALLING: Mutex<()> = Mutex::const_new(());

async fn python() -> Result<Result<PathBuf, Missing>> {
    let _alone = INSTALLING.lock().await;
    toolchains::python(&scripts("python"), &place("python")).await
}

async fn node() -> Result<Result<PathBuf, Missing>> {
    toolchains::node(&scripts("node"), &place("node")).await
}

/// The stand-in, its certificate authority and a registered certificate in files.
struct Stage {
    microsoft: MockGraph,
    files: TempDir,
}

impl Stage {
    async fn start() -> Result<Self> {
        let credential = Credential::new()?;
        let confidential =
            Application { certificates: vec![credential.registered()], ..contoso::application() };
        let public = Application {
            client_id: PUBLIC_CLIENT.to_owned(),
            redirect_uris: vec![RedirectUri::web("http://localhost")],
            secrets: Vec::new(),
            public_client: true,
            ..contoso::application()
        };
        let config = Config { applications: vec![confidential, public], ..Config::default() };
        let microsoft = MockGraph::start(config).await?;
        for client in [contoso::CLIENT_ID, PUBLIC_CLIENT] {
            microsoft.directory().grant_consent(client, contoso::TENANT_ID)?;
        }
        let files = TempDir::new()?;
        std::fs::write(files.path().join("ca.pem"), microsoft.ca_pem())?;
        std::fs::write(files.path().join("key.pem"), &credential.key_pem)?;
        std::fs::write(files.path().join("certificate.pem"), &credential.certificate_pem)?;
        Ok(Self { microsoft, files })
    }

    /// Runs a script that knows nothing but where to go and whom to trust.
    async fn try_out(&self, program: &Path, arguments: &[&str], folder: &Path) -> Result<String> {
        let file = |name: &str| self.files.path().join(name);
        let mut script = Command::new(program);
        script
            .args(arguments)
            .current_dir(folder)
            .kill_on_drop(true)
            .env("STAND_IN", format!("https://localhost:{}", self.microsoft.addr().port()))
            .env("STAND_IN_CA", file("ca.pem"))
            .env("NODE_EXTRA_CA_CERTS", file("ca.pem"))
            .env("TENANT", contoso::TENANT_ID)
            .env("CLIENT_ID", contoso::CLIENT_ID)
            .env("CLIENT_SECRET", contoso::CLIENT_SECRET)
            .env("CLIENT_KEY", file("key.pem"))
            .env("CLIENT_CERTIFICATE", file("certificate.pem"))
            .env("PUBLIC_CLIENT_ID", PUBLIC_CLIENT)
            .env("REDIRECT_URI", contoso::REDIRECT_URI)
            .env("USERNAME_AT_MICROSOFT", contoso::SERVICE_ACCOUNT)
            .env("USER_ID", contoso::SERVICE_ACCOUNT_ID)
            .env("PASSWORD", contoso::PASSWORD)
            // Nothing of this machine's may lead these requests elsewhere or say whom to trust, and no
            // folder of scripts is written to.
            .env_remove("REQUESTS_CA_BUNDLE")
            .env_remove("CURL_CA_BUNDLE")
            .env("NO_PROXY", "localhost")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let output = script.output().await.with_context(|| program.display().to_string())?;
        let (said, complained) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "{arguments:?} failed.\n{said}\n{complained}");
        Ok(said.into_owned())
    }

    /// The token requests that were answered with tokens, as forms.
    fn granted(&self) -> Vec<BTreeMap<String, String>> {
        let requests = self.microsoft.journal().of(Operation::Token);
        let fine = requests.iter().filter(|it| it.answer.as_ref().is_some_and(|it| it.status == Some(200)));
        fine.map(|request| form(&request.body)).collect()
    }
}

/// Tries a library out by one of the scripts, which says `ok` so many times; none if it is not there.
async fn tried(
    what: &str,
    found: Result<PathBuf, Missing>,
    run: impl FnOnce(PathBuf) -> Script,
    successes: usize,
) -> Result<Option<Stage>> {
    let found = match found {
        Ok(found) => found,
        Err(missing) => {
            not_tried(what, &missing)?;
            return Ok(None);
        }
    };
    let Script { program, arguments, folder } = run(found);
    let stage = Stage::start().await?;
    let said = stage.try_out(&program, &arguments, &folder).await?;
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), successes, "{said}");
    Ok(Some(stage))
}

struct Script {
    program: PathBuf,
    arguments: Vec<&'static str>,
    folder: PathBuf,
}

/// A script of the Python ones, for the interpreter that has the packages.
fn in_python(test: &'static str) -> impl FnOnce(PathBuf) -> Script {
    move |interpreter| Script {
        program: interpreter,
        arguments: vec!["run.py", test],
        folder: scripts("python"),
    }
}

/// A script of the Node ones, in the folder that has the packages.
fn in_node(script: &'static str) -> impl FnOnce(PathBuf) -> Script {
    move |folder| Script { program: PathBuf::from("node"), arguments: vec![script], folder }
}

/// Who was sent back with a code redeemed it with the verifier of their own request.
fn assert_pkce(forms: &[BTreeMap<String, String>]) {
    assert!(forms.iter().filter(|form| form.contains_key("code")).all(|it| it.contains_key("code_verifier")));
}

/// How many of the forms have a field of this value.
fn with(forms: &[BTreeMap<String, String>], field: &str, value: &str) -> usize {
    forms.iter().filter(|form| form.get(field).is_some_and(|it| it == value)).count()
}

/// The algorithms that the client assertions among the forms were signed with, sorted.
fn algorithms(forms: &[BTreeMap<String, String>]) -> Result<Vec<String>> {
    use base64::Engine as _;
    let mut found = Vec::new();
    for assertion in forms.iter().filter_map(|form| form.get("client_assertion")) {
        let header = assertion.split('.').next().context("a header")?;
        let header = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(header)?;
        let header: serde_json::Value = serde_json::from_slice(&header)?;
        found.push(header["alg"].as_str().context("an algorithm")?.to_owned());
    }
    found.sort();
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn msal_for_python_signs_in_refreshes_and_acts_alone() -> Result<()> {
    let tried = tried("msal for Python", python().await?, in_python("test_msal"), 5).await?;
    let Some(stage) = tried else { return Ok(()) };
    let granted = stage.granted();
    assert_eq!(with(&granted, "grant_type", "authorization_code"), 2);
    assert_pkce(&granted);
    assert_eq!(with(&granted, "grant_type", "refresh_token"), 1);
    assert_eq!(with(&granted, "grant_type", "client_credentials"), 3);
    assert_eq!(algorithms(&granted)?, ["PS256", "RS256"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_identity_for_python_signs_in_refreshes_and_acts_alone() -> Result<()> {
    let run = in_python("test_azure_identity");
    let Some(stage) = tried("azure-identity for Python", python().await?, run, 3).await? else {
        return Ok(());
    };
    let granted = stage.granted();
    let by_browser: Vec<_> = granted.iter().filter(|form| form["client_id"] == PUBLIC_CLIENT).collect();
    let grants: Vec<_> = by_browser.iter().map(|form| form["grant_type"].as_str()).collect();
    assert_eq!(grants, ["authorization_code", "refresh_token"]);
    assert!(by_browser[0].contains_key("code_verifier"), "PKCE");
    assert_eq!(stage.microsoft.journal().count(Operation::Authorize), 1);
    assert_eq!(with(&granted, "grant_type", "client_credentials"), 2);
    assert_eq!(algorithms(&granted)?.len(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn msal_for_node_and_the_graph_client_sign_in_refresh_and_act_alone() -> Result<()> {
    let tried = tried("msal-node", node().await?, in_node("msal_node.mjs"), 5).await?;
    let Some(stage) = tried else { return Ok(()) };
    let granted = stage.granted();
    assert_eq!(with(&granted, "grant_type", "authorization_code"), 2);
    assert_pkce(&granted);
    assert_eq!(with(&granted, "grant_type", "refresh_token"), 1);
    assert_eq!(with(&granted, "grant_type", "client_credentials"), 2);
    assert_eq!(algorithms(&granted)?, ["PS256"]);
    assert_eq!(stage.microsoft.journal().count(Operation::Me), 2);
    Ok(())
}
