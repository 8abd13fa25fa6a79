//! The stand-in alone, as another program finds it.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mock_graph::contoso;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;
use video_host::egress::{Client, ClientOptions, StaticRoutes, Trust};
use video_host::transport::Transport as _;

use crate::program;

const LOGIN: &str = "login.microsoftonline.com";

#[tokio::test]
async fn the_stand_in_serves_who_trusts_its_authority_and_stops_on_ctrl_c() {
    let folder = TempDir::new().expect("a folder");
    let ca = folder.path().join("ca.pem");
    let mut running = program(["mock-graph", "--listen", "127.0.0.1:0", "--users", "3", "--ca"])
        .arg(&ca)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut output = BufReader::new(running.stdout.take().expect("its output"));
    let mut guide = String::new();
    while !guide.contains("Ready.") {
        assert!(output.read_line(&mut guide).expect("a line") > 0, "it ended before it was ready:\n{guide}");
    }
    assert!(
        guide.lines().all(|line| console::measure_text_width(line) <= 100 + ca.as_os_str().len()),
        "{guide}"
    );

    let address = guide.split_whitespace().find(|word| word.starts_with("127.0.0.1:")).expect("its address");
    let routes = StaticRoutes::new([(LOGIN, address.parse().expect("an address"))]);
    let authority = CertificateDer::from_pem_file(&ca).expect("a certificate");
    let options = ClientOptions { trust: Trust::Only(vec![authority]), ..ClientOptions::default() };
    let client = Client::new(Arc::new(routes), options).expect("a client");
    let url = format!("https://{LOGIN}/{}/v2.0/.well-known/openid-configuration", contoso::TENANT_ID);
    let request = http::Request::get(url).body(Bytes::new()).expect("a request");
    let answer = client.send(request, Instant::now() + Duration::from_secs(30)).await.expect("an answer");
    let document: Value = serde_json::from_slice(answer.body()).expect("JSON");
    assert_eq!(document["issuer"], format!("https://{LOGIN}/{}/v2.0", contoso::TENANT_ID));

    let interrupted = Command::new("kill").args(["-INT", &running.id().to_string()]).status();
    assert!(interrupted.is_ok_and(|status| status.success()));
    let mut rest = String::new();
    output.read_to_string(&mut rest).expect("the rest");
    assert!(running.wait().expect("it ends").success());
    assert_eq!(rest.trim(), "Stopped after 1 request.");
}
