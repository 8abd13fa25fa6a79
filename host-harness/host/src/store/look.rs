//! Whether a store could be opened, found out without changing anything.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use sqlx::{AnyConnection, Connection as _, Executor as _};

use super::location::Kind;
use super::{KeyRing, Location, StoreError, moved, rotation};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Has the server refuse whatever would change something.
const READ_ONLY: &str = "SET default_transaction_read_only = on; SET lock_timeout = '5s'";

/// Finds out what would keep [`Store::open`](super::Store::open) from opening a store, as far as that can be told
/// without changing it: a server has to answer, and the keys have to open what is stored. Of a file it is only
/// seen whether it was copied to a server, as reading one that is in use makes files beside it.
pub async fn look(location: &Location, keys: &KeyRing) -> Result<(), StoreError> {
    let address = match &location.0 {
        Kind::File(path) => return moved::refuse(path),
        Kind::Server(address) => address.expose_secret(),
    };
    sqlx::any::install_default_drivers();
    let looked = async {
        let mut connection = AnyConnection::connect(address).await?;
        connection.execute(READ_ONLY).await?;
        let tables = sqlx::query_scalar(
            "SELECT COUNT(*) FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name = 'sealing_key'",
        );
        let tables: i64 = tables.fetch_one(&mut connection).await?;
        // An empty database is set up at the first start.
        if tables > 0 {
            rotation::opens(&mut connection, keys).await?;
        }
        connection.close().await?;
        Ok(())
    };
    match tokio::time::timeout(PATIENCE, looked).await {
        Ok(looked) => looked,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into()),
    }
}
