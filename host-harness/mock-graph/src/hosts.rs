//! The names Microsoft's clouds go by.

/// Which service a host name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    Login,
    Graph,
    /// `localhost` and other names: the path tells.
    Either,
}

/// Login hosts: global and GCC, US government (GCC High and `DoD`), China.
const LOGIN: &[&str] =
    &["login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"];

/// Graph hosts: global and GCC, GCC High, `DoD`, China.
const GRAPH: &[&str] = &[
    "graph.microsoft.com",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "microsoftgraph.chinacloudapi.cn",
];

pub(crate) fn surface(host: &str) -> Surface {
    if LOGIN.contains(&host) {
        Surface::Login
    } else if GRAPH.contains(&host) {
        Surface::Graph
    } else {
        Surface::Either
    }
}

/// Every name the certificate must hold.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    let local = ["localhost", "127.0.0.1"];
    LOGIN.iter().chain(GRAPH).copied().chain(local)
}
