//! Two hosts on one store, behind whatever sends a browser to the one or the other.
#![cfg(unix)]

use std::fs;

use anyhow::{Context as _, Result};
use mock_graph::{Config, MockGraph, RedirectUri, SignIn, contoso};
use url::{Position, Url};

use crate::serve::{Scene, Visitor, field};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_and_a_sign_in_that_began_at_one_host_go_on_at_another() -> Result<()> {
    let (one, other) = (Scene::with_data().await?, Scene::set()?);
    let mut application = contoso::application();
    application
        .redirect_uris
        .push(RedirectUri::web(&format!("http://localhost:{}/integrations/callback", one.port)));
    let microsoft = MockGraph::start(Config { applications: vec![application], ..Config::default() }).await?;
    for scene in [&one, &other] {
        fs::write(scene.folder.path().join("ca.pem"), microsoft.ca_pem())?;
    }
    let configuration = one.configuration(&microsoft.addr().to_string());
    let data = one.folder.path().join("data");
    let (first, token) = one.start(&configuration)?;
    // The same address of the pages, and the same store.
    let shared = configuration.replace("data = \"data\"", &format!("data = \"{}\"", data.display()));
    let (second, _) = other.start(&shared)?;

    let mut at_first = Visitor { port: one.port, cookie: String::new() };
    at_first.sign_in(&token)?;
    let at_second = Visitor { port: other.port, cookie: at_first.cookie.clone() };
    let (_, page) = at_second.get("/settings/video-calls")?;
    assert!(page.contains("Alex Hartmann"), "who is signed in at the one is at the other: {page}");

    let form = [("match-field", "email"), ("tenant-id", contoso::TENANT_ID)];
    let (head, page) = at_first.post("/settings/video-calls/new/microsoft-teams", &form)?;
    let visit = field(&head, "location").with_context(|| format!("nowhere to sign in: {page}"))?;
    let back = microsoft.sign_in(visit, SignIn::accepting(contoso::SERVICE_ACCOUNT)).await?;
    let (head, page) = at_second.get(&Url::parse(&back)?[Position::BeforePath..])?;
    let home = field(&head, "location").with_context(|| format!("not connected: {page}"))?.to_owned();

    // What the other one did is what the first one shows, and what it leaves the other one goes on with.
    let (_, page) = at_first.get(&home)?;
    assert!(page.contains("Connected account") && page.contains(contoso::SERVICE_ACCOUNT), "{page}");
    first.stop()?;
    let (head, page) = at_second.post(&format!("{home}/check"), &[])?;
    assert!(head.starts_with("HTTP/1.1 303"), "{head}\n{page}");
    let (_, page) = at_second.get(&home)?;
    assert!(page.contains("The connection works"), "{page}");
    second.stop()?;
    microsoft.shutdown().await;
    Ok(())
}
