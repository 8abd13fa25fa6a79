#![doc = include_str!("../README.md")]

mod refusal;
mod server;

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio::sync::OnceCell;

pub use refusal::{accept_updates, refuse_updates};
pub use server::{Server, is_installed};

/// Name of the file in a data folder that says which database is its store.
const ADDRESS: &str = "database-url";

/// The server of this process; none if its tests run on `SQLite`.
///
/// A second process, such as a host that a test kills, needs none: it finds its database in its data folder.
async fn shared() -> Result<Option<&'static Server>> {
    static SHARED: OnceCell<Option<Server>> = OnceCell::const_new();
    let shared = SHARED.get_or_try_init(|| async {
        if !on_postgres() {
            return Ok(None);
        }
        let started = tokio::task::spawn_blocking(Server::find_and_start).await??;
        started.ready().await?;
        anyhow::Ok(Some(started))
    });
    Ok(shared.await?.as_ref())
}

/// Crashes the server of this process in the middle of everything and starts it again; tells how long it was
/// away. Nothing happens where the tests run on `SQLite`.
pub async fn crash_and_start_again() -> Result<Option<Duration>> {
    let Some(server) = shared().await? else { return Ok(None) };
    let began = Instant::now();
    server.crash().await?;
    server.start_again().await?;
    Ok(Some(began.elapsed()))
}

/// Whether the environment asks for `PostgreSQL`.
pub fn on_postgres() -> bool {
    match std::env::var("STORE").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(_) => false,
        Ok(other) => panic!("STORE is {other}, and can be sqlite or postgres"),
    }
}

/// Makes a data folder one whose store is empty, on the database that these tests run on.
pub async fn lay_out(folder: &Path) -> Result<()> {
    if let Some(server) = shared().await? {
        server.lay_out_in(folder).await?;
    }
    Ok(())
}

/// All bytes that whoever steals the disk gets of a data folder and its store.
pub async fn contents(folder: &Path) -> Result<Vec<u8>> {
    let mut files = vec![folder.to_owned()];
    let address = folder.join(ADDRESS);
    if let (Some(server), true) = (shared().await?, address.exists()) {
        files.push(server.files(&std::fs::read_to_string(address)?).await?);
    }
    let mut contents = Vec::new();
    for folder in files {
        for file in std::fs::read_dir(folder)? {
            let path = file?.path();
            if path.is_file() {
                contents.extend(std::fs::read(path)?);
            }
        }
    }
    Ok(contents)
}

/// Makes a data folder, to which another one's files were copied, one whose store is a copy too. Nobody may
/// have the other one's store open.
pub async fn copy(folder: &Path) -> Result<()> {
    let file = folder.join(ADDRESS);
    if let (Some(server), true) = (shared().await?, file.exists()) {
        let copied = server.copy(&std::fs::read_to_string(&file)?).await.context("copying a test's store")?;
        std::fs::write(file, copied)?;
    }
    Ok(())
}
