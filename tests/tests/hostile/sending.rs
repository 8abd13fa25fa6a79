//! Requests that go nowhere, and what is told of one that went somewhere.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use end_to_end::{World, WorldOptions, appointment};
use mock_graph::{Application, Config, MockGraph, Operation, RedirectUri, contoso};
use tokio::net::TcpListener;
use video_host::calls::CallPolicy;
use video_host::clock::ShiftedClock;
use video_host::egress::{Resolved, Resolver};
use video_host::transport::BoxFuture;
use video_host::{CallError, Failure, Host};

use crate::stage::{evil, limits, told};

const ME: &str = "https://graph.microsoft.com/v1.0/me";

/// A name system that its owner changes between one question and the next.
struct Changing {
    answers: Mutex<VecDeque<Resolved>>,
    asked: Mutex<usize>,
}

impl Resolver for Changing {
    fn resolve<'a>(&'a self, _host: &'a str) -> BoxFuture<'a, io::Result<Resolved>> {
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        Box::pin(std::future::ready(answer.ok_or_else(|| io::Error::other("asked once too often"))))
    }
}

/// A host whose names lead where they lead, in front of a stand-in.
async fn led_by(
    microsoft: &MockGraph,
    answers: Vec<Resolved>,
) -> Result<(Host, Arc<Changing>, tempfile::TempDir)> {
    let folder = tempfile::TempDir::new()?;
    let resolver = Arc::new(Changing { answers: Mutex::new(answers.into()), asked: Mutex::default() });
    let mut config = World::config(folder.path(), microsoft, Arc::new(ShiftedClock::default()))?;
    config.resolver = resolver.clone();
    Ok((Host::start(config).await?, resolver, folder))
}

fn addresses(texts: &[&str]) -> Result<Resolved> {
    Ok(Resolved::Addresses(texts.iter().map(|text| Ok(text.parse::<IpAddr>()?)).collect::<Result<_>>()?))
}

#[tokio::test]
async fn what_is_not_granted_or_belongs_to_the_host_is_denied_and_nothing_is_sent() -> Result<()> {
    let world = World::start().await?;
    let evil = evil(&world.host, &[], limits()).await?;
    for id in [
        "https://evil.example/",
        "http://graph.microsoft.com/",
        "https://graph.microsoft.com:8443/",
        "https://graph.microsoft.com:22/",
        "https://graph.microsoft.com.evil.example/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:169.254.169.254]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://localhost/",
        "https://user@graph.microsoft.com/",
        "https://graph.microsoft.com@evil.example/",
        "forge authorization",
        "forge host",
        "forge proxy",
        "forge cookie",
        "forge length",
        "smuggle",
        "smuggle a name",
        "smuggle a line",
    ] {
        let came_to = told(&evil, "evil", id).await?;
        assert!(came_to.starts_with("denied: "), "{id}: {came_to}");
    }
    assert_eq!(world.microsoft.journal().requests().len(), 0, "nothing was sent");
    assert_eq!(told(&evil, "evil", ME).await?, "answered 401");
    assert_eq!(told(&evil, "evil", "use up requests").await?, "3 of 100 answered");
    Ok(())
}

#[tokio::test]
async fn a_granted_name_that_leads_inside_reaches_nothing() -> Result<()> {
    let microsoft = MockGraph::start(Config::default()).await?;
    for (leads_to, reason) in [
        (vec!["169.254.169.254"], "cloud metadata"),
        (vec!["168.63.129.16"], "cloud metadata"),
        (vec!["fd00:ec2::254"], "unique local"),
        (vec!["::ffff:169.254.169.254"], "cloud metadata"),
        (vec!["::ffff:127.0.0.1"], "loopback"),
        (vec!["64:ff9b::a9fe:a9fe"], "cloud metadata"),
        (vec!["64:ff9b::7f00:1"], "loopback"),
        (vec!["127.0.0.1"], "loopback"),
        (vec!["10.0.0.1"], "private"),
        (vec!["20.190.160.1", "10.0.0.1"], "private"),
    ] {
        let (host, resolver, _folder) = led_by(&microsoft, vec![addresses(&leads_to)?]).await?;
        let evil = evil(&host, &[], limits()).await?;
        let came_to = told(&evil, "evil", ME).await?;
        assert!(came_to.starts_with("denied: ") && came_to.contains(reason), "{leads_to:?}: {came_to}");
        assert!(!leads_to.iter().any(|address| came_to.contains(address)), "it learns no address: {came_to}");
        assert_eq!(*resolver.asked.lock().unwrap_or_else(PoisonError::into_inner), 1);
        assert_eq!(host.traffic().connections, 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_name_that_moves_between_check_and_connection_moves_nobody() -> Result<()> {
    let microsoft = MockGraph::start(Config::default()).await?;
    // The second answer is what an attacker would have the connection made to.
    let there = Resolved::Route(microsoft.addr());
    let (host, resolver, _folder) = led_by(&microsoft, vec![there, addresses(&["169.254.169.254"])?]).await?;
    let plugin = evil(&host, &[], limits()).await?;
    assert_eq!(told(&plugin, "evil", &format!("twice:{ME}")).await?, "answered 401, answered 401");
    assert_eq!(
        *resolver.asked.lock().unwrap_or_else(PoisonError::into_inner),
        1,
        "checked and used: one answer"
    );

    // The other way round: what was refused is not asked for again until it pleases.
    let there = Resolved::Route(microsoft.addr());
    let (host, resolver, _folder) = led_by(&microsoft, vec![addresses(&["169.254.169.254"])?, there]).await?;
    let plugin = evil(&host, &[], limits()).await?;
    assert!(told(&plugin, "evil", ME).await?.starts_with("denied: "));
    assert_eq!(*resolver.asked.lock().unwrap_or_else(PoisonError::into_inner), 1);
    Ok(())
}

#[tokio::test]
async fn a_crash_while_an_instance_is_made_is_told_as_one_that_may_have_taken_effect() -> Result<()> {
    let calls = CallPolicy { holds_back: CallPolicy::default().holds_back, ..CallPolicy::once() };
    let world = World::with(WorldOptions { calls: Some(calls), ..WorldOptions::default() }).await?;
    let plugin = evil(&world.host, &[("start", "post and trap")], limits()).await?;
    let crashed = plugin.on(&"evil".parse()?).create_meeting(&appointment("good")).await.unwrap_err();
    ensure!(
        matches!(&crashed, CallError::Failed { failure: Failure::Trapped(_), .. }),
        "a module may do there whatever it may do later: {crashed:?}"
    );
    ensure!(crashed.may_have_taken_effect(), "{crashed}");
    assert_eq!(world.microsoft.journal().requests().len(), 1, "it had sent it");
    assert_eq!(world.host.held_back().len(), 1, "and is to blame");
    Ok(())
}

#[tokio::test]
async fn a_redirect_to_loopback_is_an_answer_and_nobody_goes_there() -> Result<()> {
    let inside = TcpListener::bind("127.0.0.1:0").await?;
    let target = format!("https://{}/secrets", inside.local_addr()?);
    let mut application: Application = contoso::application();
    application.redirect_uris.push(RedirectUri::web(&target));
    let microsoft = Config { applications: vec![application], ..Config::default() };
    let world = World::with(WorldOptions { microsoft, ..WorldOptions::default() }).await?;
    let evil = evil(&world.host, &[], limits()).await?;

    let url = format!(
        "https://login.microsoftonline.com/{}/oauth2/v2.0/authorize?client_id={}&response_type=code\
         &scope=openid&prompt=none&state=1&nonce=1&redirect_uri={target}",
        contoso::TENANT_ID,
        contoso::CLIENT_ID,
    );
    assert_eq!(told(&evil, "evil", &url).await?, "answered 302");
    assert_eq!(world.microsoft.journal().requests().len(), 1);
    let knocked = std::future::poll_fn(|context| std::task::Poll::Ready(inside.poll_accept(context))).await;
    assert!(knocked.is_pending(), "nobody came");
    Ok(())
}

#[tokio::test]
async fn a_crash_after_a_request_is_told_as_one_that_may_have_taken_effect() -> Result<()> {
    let world = World::start().await?;
    let evil = evil(&world.host, &[], limits()).await?;
    let ended = evil.on(&"evil".parse()?).create_meeting(&appointment("post and trap")).await;
    let error = ended.err().context("it crashes")?;
    let CallError::Failed { failure: Failure::Trapped(text), .. } = &error else { bail!("{error}") };
    assert!(text.contains("after its request"), "{text}");
    assert!(error.may_have_taken_effect(), "nobody knows what became of it");
    assert_eq!(world.microsoft.journal().count(Operation::CreateMeeting), 1, "it was sent");
    Ok(())
}
