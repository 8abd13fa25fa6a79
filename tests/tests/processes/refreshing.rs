//! One refresh for all of them at each expiry.

use std::time::Duration;

use anyhow::{Context, Result};
use end_to_end::{FileClock, World, WorldOptions};
use mock_graph::Operation;

use crate::HostProcess;

const BUSY: &str = env!("CARGO_BIN_EXE_busy-host");

const CALLS: u64 = 1_000;

/// Several processes, and the clock of everybody.
struct Several {
    world: World,
    clock: FileClock,
    hosts: Vec<HostProcess>,
}

impl Several {
    async fn start(hosts: usize) -> Result<Self> {
        let (world, _) = World::connected(WorldOptions::default()).await?;
        let (folder, microsoft) = (world.data.path(), &world.microsoft);
        std::fs::write(folder.join("ca.pem"), microsoft.ca_pem())?;
        let clock = FileClock::create(&folder.join("clock"))?;
        let hosts = HostProcess::start_all(hosts, BUSY, folder, microsoft).await?;
        Ok(Self { world, clock, hosts })
    }

    /// Microsoft first: a host that is ahead would take a token that Microsoft has just issued for an old one.
    fn advance(&self, by: Duration) -> Result<()> {
        self.world.microsoft.clock().advance(by);
        self.clock.advance(by)
    }

    async fn order(&mut self) -> Result<()> {
        self.world.microsoft.journal().clear();
        for host in &mut self.hosts {
            host.order(&CALLS.to_string()).await?;
        }
        Ok(())
    }

    /// Every call succeeded, with one refresh for all processes.
    async fn all_went_well(&mut self, expiry: &str) -> Result<()> {
        for host in &mut self.hosts {
            assert_eq!(host.answer().await?, format!("{CALLS} "), "{expiry}");
        }
        let journal = self.world.microsoft.journal();
        assert_eq!(journal.count(Operation::Token), 1, "{expiry}");
        let calls = self.hosts.len() as u64 * CALLS;
        assert_eq!(journal.count(Operation::GetUser), calls, "no call was repeated: {expiry}");
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_with_a_thousand_calls_each_refresh_once_at_each_expiry_and_no_call_fails() -> Result<()> {
    let mut two = Several::start(2).await?;
    for expiry in ["the first", "the second"] {
        two.order().await?;
        // In the middle of their calls the token comes near its end, which is when it is renewed.
        two.world.microsoft.journal().wait_for(Operation::GetUser, CALLS / 2).await;
        two.advance(Duration::from_mins(56))?;
        two.all_went_well(expiry).await?;
    }
    // Nobody called for hours: both find at once that it is over.
    two.advance(Duration::from_hours(5))?;
    two.order().await?;
    two.all_went_well("the third").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_killed_while_it_refreshes_leaves_that_to_the_others_and_no_call_of_theirs_fails()
-> Result<()> {
    let mut three = Several::start(3).await?;
    three.advance(Duration::from_hours(5))?;
    three.world.microsoft.journal().clear();
    let held = three.world.microsoft.faults().hold(Operation::Token, true);
    let mut killed = three.hosts.pop().context("three hosts")?;
    killed.order("1").await?;
    held.reached().await;
    // Whose token is over waits for whoever refreshes it, who is killed meanwhile.
    for host in &mut three.hosts {
        host.order(&CALLS.to_string()).await?;
    }
    killed.process.kill().await?;
    held.release();
    for host in &mut three.hosts {
        assert_eq!(host.answer().await?, format!("{CALLS} "));
    }
    assert_eq!(three.world.microsoft.journal().count(Operation::Token), 2, "the killed one's, and one more");
    Ok(())
}
