//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::StoreError;

/// Where a store is: in a `SQLite` file, or in a database of a `PostgreSQL` server, which any number of
/// hosts may share.
#[derive(Clone)]
pub struct Location(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    File(PathBuf),
    /// With its password.
    Server(SecretString),
}

/// A text that is no address of a `PostgreSQL` database. It may hold a password, so no message shows it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the database's address is none: {0}. Write it as postgres://user:password@host:5432/database")]
pub struct LocationError(String);

impl Location {
    /// Name of the `SQLite` file in a data folder.
    pub const FILE: &str = "video.db";
    /// Name of the file in a data folder that holds the address of a `PostgreSQL` database, where that is
    /// the store.
    pub const ADDRESS: &str = "database-url";

    /// A `SQLite` file, which is made on the first use.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Kind::File(path.into()))
    }

    /// A database of a `PostgreSQL` server from version 14 on, which has to exist:
    /// `postgres://user:password@host:5432/database`. `?sslmode=verify-full` and `&sslrootcert=FILE` make
    /// the connection one that nobody listens to; a socket's folder is `?host=/run/postgresql`.
    pub fn postgres(address: &str) -> Result<Self, LocationError> {
        let url = Url::parse(address.trim()).map_err(|error| LocationError(error.to_string()))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(LocationError(format!("{}:// is another kind of address", url.scheme())));
        }
        if url.path().trim_start_matches('/').is_empty()
            && !url.query_pairs().any(|(name, _)| name == "dbname")
        {
            return Err(LocationError("it names no database".to_owned()));
        }
        Ok(Self(Kind::Server(url.to_string().into())))
    }

    /// What a data folder says: the database whose address is in its file [`Self::ADDRESS`], or the `SQLite`
    /// file [`Self::FILE`].
    pub fn of_folder(data: &Path) -> Result<Self, StoreError> {
        let path = data.join(Self::ADDRESS);
        match std::fs::read_to_string(&path) {
            Ok(address) => Ok(Self::postgres(&address)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::file(data.join(Self::FILE)))
            }
            Err(source) => Err(StoreError::File { path: path.display().to_string(), source }),
        }
    }

    /// The `SQLite` file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Kind::File(path) => Some(path),
            Kind::Server(_) => None,
        }
    }

    /// The server's host and the database's name, for people; no user and no password.
    fn shown(address: &SecretString) -> String {
        let Ok(url) = Url::parse(address.expose_secret()) else { return "a PostgreSQL database".to_owned() };
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("postgres://{}{port}{}", url.host_str().unwrap_or_default(), url.path())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::File(path) => write!(f, "{}", path.display()),
            Kind::Server(address) => f.write_str(&Self::shown(address)),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Location").field(&self.to_string()).finish()
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self::file(path)
    }
}

impl From<&PathBuf> for Location {
    fn from(path: &PathBuf) -> Self {
        Self::file(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shows_a_password() {
        let good =
            Location::postgres("postgres://me:hunter2@db.bank.example:5433/video?sslmode=require").unwrap();
        assert_eq!(format!("{good}"), "postgres://db.bank.example:5433/video");
        assert_eq!(format!("{good:?}"), r#"Location("postgres://db.bank.example:5433/video")"#);
        for bad in
            ["mysql://me:hunter2@db/video", "postgres://me:hunter2@db", "postgres://me:hunter2@[db/video"]
        {
            let message = Location::postgres(bad).unwrap_err().to_string();
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
