//! Licences: `licenseDetails`, `getTeamsLicensingDetails`, `subscribedSkus`.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use super::Call;
use super::access::{READ_LICENCES, READ_ME, READ_SKUS, require, signed_in_user};
use super::error::GraphError;
use super::route::Who;
use super::user_json::{SKU, SKU_NAME, TEAMS_PLAN};
use super::users::by_key;
use crate::directory::Account;
use crate::shared::Shared;
use crate::wire::Reply;

/// Units bought for the one product the stand-in sells; more than any directory here needs.
const ENABLED_UNITS: usize = 1_000_000;

pub(super) fn details(shared: &Shared, call: &Call, who: &Who) -> Result<Reply, GraphError> {
    let account = subject(shared, call, who)?;
    let id = &account.user.id;
    let value = if account.user.teams_licence {
        json!([{
            "id": format!("{id}_{SKU}"),
            "skuId": SKU,
            "skuPartNumber": SKU_NAME,
            "servicePlans": [plan()],
        }])
    } else {
        json!([])
    };
    Ok(Reply::odata(
        StatusCode::OK,
        &json!({
            "@odata.context": format!("{}/$metadata#users('{id}')/licenseDetails", call.base),
            "value": value,
        }),
    ))
}

pub(super) fn teams(shared: &Shared, call: &Call, who: &Who) -> Result<Reply, GraphError> {
    let account = subject(shared, call, who)?;
    Ok(Reply::odata(
        StatusCode::OK,
        &json!({
            "@odata.context":
                format!("{}/$metadata#microsoft.graph.teamsLicensingDetails", call.base),
            "hasTeamsLicense": account.user.teams_licence,
        }),
    ))
}

pub(super) fn subscribed(shared: &Shared, call: &Call) -> Result<Reply, GraphError> {
    require(call.token, READ_SKUS)?;
    let tenant = &call.token.tenant;
    let consumed = shared
        .directory
        .people(tenant, |people| {
            let accounts = (0..people.slot_count()).filter_map(|slot| people.at(slot));
            accounts.filter(|account| account.user.teams_licence).count()
        })
        .unwrap_or_default();
    Ok(Reply::odata(
        StatusCode::OK,
        &json!({
            "@odata.context": format!("{}/$metadata#subscribedSkus", call.base),
            "value": [{
                "id": format!("{tenant}_{SKU}"),
                "skuId": SKU,
                "skuPartNumber": SKU_NAME,
                "capabilityStatus": "Enabled",
                "appliesTo": "User",
                "consumedUnits": consumed,
                "prepaidUnits": { "enabled": ENABLED_UNITS, "suspended": 0, "warning": 0 },
                "servicePlans": [plan()],
            }],
        }),
    ))
}

fn plan() -> serde_json::Value {
    json!({
        "servicePlanId": TEAMS_PLAN,
        "servicePlanName": "TEAMS1",
        "provisioningStatus": "Success",
        "appliesTo": "User",
    })
}

fn subject(shared: &Shared, call: &Call, who: &Who) -> Result<Arc<Account>, GraphError> {
    match who {
        Who::Me => {
            let account = signed_in_user(shared, call.token)?;
            require(call.token, READ_ME)?;
            Ok(account)
        }
        Who::User(key) => {
            require(call.token, READ_LICENCES)?;
            by_key(shared, call, key).ok_or_else(|| GraphError::no_such_user(key))
        }
    }
}
