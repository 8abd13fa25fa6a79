//! Contoso, a bank: the staff as the platform lists them and the people of its Microsoft tenant, both
//! from the files in `data/`.

use anyhow::{Context as _, Result};
use mock_graph::{Organisation, SizeClass, User, UserType, contoso};
use serde::Deserialize;

/// The staff list of the platform, CSV.
pub const STAFF: &str = include_str!("../data/staff.csv");
/// Everyone in the Microsoft tenant, CSV.
const DIRECTORY: &str = include_str!("../data/directory.csv");

/// The account that organises the meetings.
pub const SERVICE_ACCOUNT: &str = "video.service@contoso.com";
/// An account of the same tenant that is not the connected one.
pub const OTHER_ACCOUNT: &str = "other.admin@contoso.com";
/// A domain of the private bank, with names longer than Graph's filters take.
const PRIVATE_BANK: &str = "private-wealth-and-family-management.contoso.com";

/// A line of the directory.
#[derive(Deserialize)]
struct Line {
    object_id: String,
    user_principal_name: String,
    display_name: String,
    mail: Option<String>,
    /// Separated by spaces.
    proxy_addresses: String,
    user_type: String,
    account_enabled: bool,
    teams_licence: bool,
}

impl Line {
    fn user(self) -> User {
        User {
            mail: self.mail,
            proxy_addresses: self.proxy_addresses.split_whitespace().map(str::to_owned).collect(),
            user_type: if self.user_type == "Guest" { UserType::Guest } else { UserType::Member },
            account_enabled: self.account_enabled,
            teams_licence: self.teams_licence,
            ..User::member(&self.object_id, &self.user_principal_name, &self.display_name)
        }
    }
}

/// The tenant with everyone in it.
pub fn organisation() -> Result<Organisation> {
    let mut lines = csv::Reader::from_reader(DIRECTORY.as_bytes());
    let users = lines
        .deserialize()
        .map(|line| line.map(Line::user))
        .collect::<Result<Vec<_>, _>>()
        .context("data/directory.csv cannot be read")?;
    Ok(Organisation {
        domains: [contoso::INITIAL_DOMAIN, contoso::DOMAIN, PRIVATE_BANK].map(str::to_owned).to_vec(),
        size: SizeClass::Medium,
        users,
        ..contoso::organisation()
    })
}
