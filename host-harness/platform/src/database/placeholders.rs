//! Statements that are put together as they are needed. sqlx's builder writes `?` for each value of a database
//! that it does not know yet; `PostgreSQL` counts them.

use std::fmt::Write as _;

use sqlx::query::{Query, QueryAs, QueryScalar};
use sqlx::{Any, AssertSqlSafe, Execute as _, FromRow, QueryBuilder, any::AnyArguments};

use super::{Connection, Row};

/// Ends a statement for the database of a connection.
///
/// What is pushed as text holds no question mark: values are bound.
pub(crate) trait BuildFor {
    /// As [`QueryBuilder::build`].
    fn build_for(&mut self, connection: &Connection) -> Query<'_, Any, AnyArguments>;
    /// As [`QueryBuilder::build_query_as`].
    fn build_as_for<T>(&mut self, connection: &Connection) -> QueryAs<'_, Any, T, AnyArguments>
    where
        T: for<'r> FromRow<'r, Row>;
    /// As [`QueryBuilder::build_query_scalar`].
    fn build_scalar_for<T>(&mut self, connection: &Connection) -> QueryScalar<'_, Any, T, AnyArguments>
    where
        (T,): for<'r> FromRow<'r, Row>;
}

impl BuildFor for QueryBuilder<Any> {
    fn build_for(&mut self, connection: &Connection) -> Query<'_, Any, AnyArguments> {
        let (sql, arguments) = written(self, connection);
        sqlx::query_with(AssertSqlSafe(sql), arguments)
    }

    fn build_as_for<T>(&mut self, connection: &Connection) -> QueryAs<'_, Any, T, AnyArguments>
    where
        T: for<'r> FromRow<'r, Row>,
    {
        let (sql, arguments) = written(self, connection);
        sqlx::query_as_with(AssertSqlSafe(sql), arguments)
    }

    fn build_scalar_for<T>(&mut self, connection: &Connection) -> QueryScalar<'_, Any, T, AnyArguments>
    where
        (T,): for<'r> FromRow<'r, Row>,
    {
        let (sql, arguments) = written(self, connection);
        sqlx::query_scalar_with(AssertSqlSafe(sql), arguments)
    }
}

fn written(builder: &mut QueryBuilder<Any>, connection: &Connection) -> (String, AnyArguments) {
    let mut query = builder.build();
    let arguments = query.take_arguments().ok().flatten().unwrap_or_default();
    let sql = query.sql();
    let sql = sql.as_str();
    // SQLite looks a value with a number up among all others, and thousands of them would take their time.
    if connection.backend_name() == "SQLite" {
        return (sql.to_owned(), arguments);
    }
    (numbered(sql), arguments)
}

fn numbered(sql: &str) -> String {
    let mut numbered = String::with_capacity(sql.len() * 2);
    for (number, part) in sql.split('?').enumerate() {
        if number > 0 {
            let _ = write!(numbered, "${number}");
        }
        numbered.push_str(part);
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_from_one() {
        assert_eq!(numbered("SELECT 1"), "SELECT 1");
        assert_eq!(numbered("? IN (?,?)"), "$1 IN ($2,$3)");
    }
}
