//! The rows of services.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::{MeetingMethod, Service};
use crate::database::{Connection, DatabaseError, Row};
use crate::staff::StaffMember;
use crate::word;

pub(super) async fn put(connection: &mut Connection, service: &Service) -> Result<(), DatabaseError> {
    sqlx::query(
        "INSERT INTO service (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    )
    .bind(&service.id)
    .bind(service.name.trim())
    .execute(&mut *connection)
    .await?;
    sqlx::query("DELETE FROM service_method WHERE service = $1")
        .bind(&service.id)
        .execute(&mut *connection)
        .await?;
    for method in &service.methods {
        sqlx::query("INSERT INTO service_method (service, method) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(&service.id)
            .bind(method.word())
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(super) async fn assign(
    connection: &mut Connection,
    service: &str,
    staff: &str,
    assigned: bool,
) -> Result<(), DatabaseError> {
    let statement = if assigned {
        "INSERT INTO service_staff (service, staff) VALUES ($1, $2) ON CONFLICT DO NOTHING"
    } else {
        "DELETE FROM service_staff WHERE service = $1 AND staff = $2"
    };
    sqlx::query(statement).bind(service).bind(staff).execute(connection).await?;
    Ok(())
}

/// Whether a staff member gives a service.
pub(crate) async fn gives(
    connection: &mut Connection,
    service: &str,
    staff: &str,
) -> Result<bool, DatabaseError> {
    let count: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM service_staff WHERE service = $1 AND staff = $2")
            .bind(service)
            .bind(staff)
            .fetch_one(connection)
            .await?;
    Ok(count > 0)
}

pub(crate) async fn load(connection: &mut Connection, id: &str) -> Result<Option<Service>, DatabaseError> {
    const SQL: &str = "SELECT s.id, s.name, m.method FROM service AS s \
         LEFT JOIN service_method AS m ON m.service = s.id WHERE s.id = $1";
    let rows = sqlx::query(SQL).bind(id).fetch_all(connection).await?;
    Ok(gathered(&rows)?.pop())
}

/// All of them, or those that one staff member gives.
pub(super) async fn all(
    connection: &mut Connection,
    of_staff: Option<&str>,
) -> Result<Vec<Service>, DatabaseError> {
    const ALL: &str = "SELECT s.id, s.name, m.method FROM service AS s \
         LEFT JOIN service_method AS m ON m.service = s.id";
    const OF_STAFF: &str = "SELECT s.id, s.name, m.method FROM service_staff AS g \
         JOIN service AS s ON s.id = g.service \
         LEFT JOIN service_method AS m ON m.service = s.id WHERE g.staff = $1";
    let query = match of_staff {
        Some(staff) => sqlx::query(OF_STAFF).bind(staff),
        None => sqlx::query(ALL),
    };
    let rows = query.fetch_all(connection).await?;
    let mut services = gathered(&rows)?;
    services.sort_by_cached_key(|service| (crate::search::fold(&service.name), service.id.clone()));
    Ok(services)
}

/// One service of the rows of its methods.
fn gathered(rows: &[Row]) -> Result<Vec<Service>, sqlx::Error> {
    let mut services = BTreeMap::<String, Service>::new();
    for row in rows {
        let id: String = row.try_get("id")?;
        let name = row.try_get("name")?;
        let service = services.entry(id.clone()).or_insert_with(|| Service { id, name, methods: Vec::new() });
        let method: Option<String> = row.try_get("method")?;
        if let Some(method) = method {
            let known: MeetingMethod =
                word::parse(&method).ok_or_else(|| word::unknown("method", &method))?;
            service.methods.push(known);
            service.methods.sort_unstable();
        }
    }
    Ok(services.into_values().collect())
}

pub(super) async fn staff(
    connection: &mut Connection,
    service: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<StaffMember>, DatabaseError> {
    let query = sqlx::query_as(
        "SELECT s.id, s.name, s.email, s.user_name, s.role FROM service_staff AS g \
         JOIN staff AS s ON s.id = g.staff WHERE g.service = $1 AND g.staff > $2 ORDER BY g.staff LIMIT $3",
    );
    Ok(query.bind(service).bind(after).bind(i64::from(limit)).fetch_all(connection).await?)
}
