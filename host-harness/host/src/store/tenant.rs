//! Whose integration it is at its provider: what integrations of one tenant share is found by it.

use super::{Integration, Store, StoreError, step};

impl Store {
    /// The provider's id of the integration's tenant, as it was told last.
    pub(crate) async fn tenant(&self, integration: &Integration) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_scalar("SELECT tenant FROM integration_tenant WHERE integration = $1");
        Ok(query.bind(integration.as_str()).fetch_optional(&self.pool).await?)
    }

    pub(crate) async fn put_tenant(&self, integration: &Integration, tenant: &str) -> Result<(), StoreError> {
        step("tenant.before-put");
        sqlx::query(
            "INSERT INTO integration_tenant (integration, tenant) VALUES ($1, $2) \
             ON CONFLICT (integration) DO UPDATE SET tenant = excluded.tenant",
        )
        .bind(integration.as_str())
        .bind(tenant)
        .execute(&self.pool)
        .await?;
        step("tenant.put");
        Ok(())
    }
}
