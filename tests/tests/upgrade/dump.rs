//! A database as SQL, and back.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

async fn connect(path: &Path) -> Result<SqliteConnection> {
    // Rows come in the order of tables' names, and not in that of what they refer to.
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true).foreign_keys(false);
    Ok(options.connect().await?)
}

/// Statements that make the database at `path` again, in an order that stays.
pub(crate) async fn dump(path: &Path) -> Result<String> {
    let mut connection = connect(path).await?;
    let made: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' \
         ORDER BY type DESC, name",
    )
    .fetch_all(&mut connection)
    .await?;
    let mut sql = String::new();
    for (_, _, statement) in made.iter().filter(|(kind, _, _)| kind == "table") {
        writeln!(sql, "{statement};")?;
    }
    for (_, table, _) in made.iter().filter(|(kind, _, _)| kind == "table") {
        let columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info($1) ORDER BY cid")
            .bind(table)
            .fetch_all(&mut connection)
            .await?;
        let quoted: Vec<_> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
        let rows = format!("SELECT {} FROM \"{table}\" ORDER BY 1", quoted.join(" || ', ' || "));
        for row in sqlx::query_scalar::<_, String>(AssertSqlSafe(rows)).fetch_all(&mut connection).await? {
            writeln!(sql, "INSERT INTO \"{table}\" VALUES ({row});")?;
        }
    }
    for (_, _, statement) in made.iter().filter(|(kind, _, _)| kind != "table") {
        writeln!(sql, "{statement};")?;
    }
    connection.close().await?;
    Ok(sql)
}

/// Makes the database that the statements are of.
pub(crate) async fn load(path: &Path, sql: &str) -> Result<()> {
    let mut connection = connect(path).await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
