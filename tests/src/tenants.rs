//! Other organisations than Contoso.

use mock_graph::{Organisation, User, contoso};

/// The tenant id of Fabrikam.
pub const FABRIKAM: &str = "99999999-86f1-41af-91ab-2d7cd011db47";

/// UPN of Fabrikam's own service account.
pub const FABRIKAM_ACCOUNT: &str = "meetings@fabrikam.example";

/// Fabrikam, an organisation of its own.
pub fn fabrikam() -> Organisation {
    let account = User::member("77777777-d251-43ec-868c-373732c2704f", FABRIKAM_ACCOUNT, "Fabrikam Meetings");
    Organisation {
        tenant_id: FABRIKAM.to_owned(),
        domains: vec!["fabrikam.example".to_owned()],
        display_name: "Fabrikam".to_owned(),
        users: vec![account],
        ..contoso::organisation()
    }
}

/// A tenant that answers where Contoso is asked, with an account of the same name: what no identity
/// platform does, and a plugin has to notice.
pub fn impostor(tenant: &str) -> Organisation {
    let account =
        User::member("88888888-d251-43ec-868c-373732c2704f", contoso::SERVICE_ACCOUNT, "Contoso Meetings");
    Organisation {
        tenant_id: tenant.to_owned(),
        domains: vec![contoso::TENANT_ID.to_owned()],
        display_name: "Impostor".to_owned(),
        users: vec![account],
        ..contoso::organisation()
    }
}

/// Contoso, answering for itself again after an [`impostor`].
pub fn contoso_itself() -> Organisation {
    let mut contoso = contoso::organisation();
    contoso.domains.push(contoso::TENANT_ID.to_owned());
    contoso
}
