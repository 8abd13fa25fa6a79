//! A store that will not take a change: for tests of what happens then.

use anyhow::Result;
use sqlx::{AnyPool, AssertSqlSafe, Executor as _};

fn is_server(pool: &AnyPool) -> bool {
    pool.connect_options().database_url.scheme() != "sqlite"
}

/// Has every change of a table's column fail from here on, as on a full disk.
pub async fn refuse_updates(pool: &AnyPool, table: &str, column: &str) -> Result<()> {
    let trigger = format!("CREATE TRIGGER refused BEFORE UPDATE OF {column} ON {table} ");
    let statements = if is_server(pool) {
        format!(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql \
             AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$; {trigger} FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
    } else {
        format!("{trigger} BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    };
    change(pool, statements).await
}

/// Ends that.
pub async fn accept_updates(pool: &AnyPool, table: &str) -> Result<()> {
    let on = if is_server(pool) { format!(" ON {table}") } else { String::new() };
    change(pool, format!("DROP TRIGGER refused{on}")).await
}

async fn change(pool: &AnyPool, statements: String) -> Result<()> {
    let mut connection = pool.acquire().await?;
    if !is_server(pool) {
        // A connection that has known the trigger for longer than another one, which dropped it, would go by that.
        connection.execute("SELECT COUNT(*) FROM sqlite_master").await?;
    }
    connection.execute(AssertSqlSafe(statements)).await?;
    Ok(())
}
