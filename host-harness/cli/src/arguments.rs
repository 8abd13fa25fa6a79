//! What can be asked of the program.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use video_platform::IntegrationId;

use crate::check;
use crate::configured::{ConfiguredOptions, DATABASE_HELP};
use crate::reconcile;

/// Video meetings through sandboxed provider plugins, on one machine and without an account anywhere.
#[derive(Debug, Parser)]
#[command(name = "host-harness", version, arg_required_else_help = true, verbatim_doc_comment)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(verbatim_doc_comment)]
    /// Play the whole story: connect, match staff, book, move, reauthorize, disconnect
    ///
    /// The Microsoft Teams plugin, as it ships, runs in the host and talks to a stand-in for Microsoft
    /// in this process. Everything shown is read back from the platform and from the stand-in. If a
    /// promise does not hold, the program says which, and ends with an exit code that is not zero.
    Demo(DemoOptions),
    #[command(verbatim_doc_comment)]
    /// Run the stand-in for Microsoft's login and Graph alone, for other clients
    ///
    /// An HTTPS server with its own certificate authority, which behaves as Microsoft documents its
    /// services. Runs until Ctrl-C and prints how to point clients at it.
    MockGraph(StandInOptions),
    #[command(verbatim_doc_comment)]
    /// Serve the platform's web pages, with sample data and a stand-in for Microsoft
    ///
    /// Prints links that sign somebody in, once each, and runs until Ctrl-C. With --config it runs against the
    /// real services; `sign-in` makes links then, and on a terminal there is one at the start, for the
    /// administrator that the file names.
    Serve(ServeOptions),
    #[command(verbatim_doc_comment)]
    /// Make a link that signs a staff member in, once, at the pages of `serve --config`
    ///
    /// While the host runs or before, on any machine that reaches its store and has its encryption keys. Who
    /// has the link is signed in as that person: give it to nobody else.
    SignIn(SignInOptions),
    #[command(verbatim_doc_comment)]
    /// Match the staff of a file, and say why not
    ///
    /// Against Contoso, a sample organisation in the stand-in for Microsoft. Rows that cannot be used are
    /// named with their line, and the others are matched all the same.
    Match(MatchOptions),
    #[command(verbatim_doc_comment)]
    /// Compare the appointments' meetings with those that Microsoft has, and mend what differs
    ///
    /// Without --mend it only reads and tells. It is safe while others book, and can be run again at any
    /// time. The exit code is 0 if both sides agree at the end, 2 if something differs or could not be
    /// compared, and 1 if the program could not do its work.
    Reconcile(ReconcileArguments),
    #[command(verbatim_doc_comment)]
    /// Show a plugin's identity, imports, exports, size and digest
    ///
    /// Nothing of the plugin runs except its own description, without any network. The exit code is
    /// not zero if this host could not load it.
    Inspect(InspectOptions),
    #[command(verbatim_doc_comment)]
    /// Hold a plugin against every rule of the contract, and report what its author has to mend
    ///
    /// The plugin runs in the host as it would in production, in front of a stand-in for its service if this
    /// program has one (Microsoft), and otherwise without any network. The exit code is 0 if every rule
    /// that applies is kept, 2 if one is broken or could not be judged, and 1 if the program could not do
    /// its work.
    Check(CheckOptions),
    #[command(verbatim_doc_comment)]
    /// Copy a host's database while it runs, and check the copy
    ///
    /// Its encryption keys are not in the copy: keep the file of the keys elsewhere, or one of the two opens
    /// what the other protects. The database is found as the host finds it; a PostgreSQL database is refused,
    /// as is a file that `store copy` has moved to one.
    Backup(BackupOptions),
    #[command(verbatim_doc_comment)]
    /// Check a copy, and put it in the place of a database that is not there any more
    ///
    /// Before any host uses the data folder. The file of the encryption keys is put there by hand.
    Restore(RestoreOptions),
    #[command(verbatim_doc_comment)]
    /// Replace the keys under which everything is encrypted at rest, while hosts run
    ///
    /// In this order: `add` a key, have the hosts read their keys again (or restart them), `reseal` what
    /// older keys have sealed, and `remove` those. Every step can be repeated, and interrupted at any time.
    Keys(KeysOptions),
    #[command(verbatim_doc_comment)]
    /// Move a store from a SQLite file to a PostgreSQL database, for several hosts
    Store(StoreOptions),
}

/// Choices for `store`.
#[derive(Debug, Args)]
pub struct StoreOptions {
    /// What to do with the store.
    #[command(subcommand)]
    pub action: StoreAction,
}

/// What to do with a store.
#[derive(Debug, Subcommand)]
pub enum StoreAction {
    #[command(verbatim_doc_comment)]
    /// Copy everything into an empty database, and compare what was copied
    ///
    /// Stop the hosts first. All tables are copied in one transaction, which ends only when each was read
    /// again and holds the same; interrupted at any moment, nothing was copied, and the command is run again.
    ///
    /// The file stays as it was. Beside it a file is written, with `.moved` behind its name, just before the
    /// transaction ends: as long as that is there, hosts, `backup` and all other commands refuse the old file,
    /// so that nobody goes on with it by mistake. Remove the mark to go back to the file. If this command is
    /// interrupted while the transaction ends, run it again: either it copies, or it says that the database is
    /// not empty, and then everything is there.
    Copy(StoreCopy),
}

const TO_HELP: &str =
    "File that holds the address of the PostgreSQL database [default: the variable VIDEO_DATABASE_URL]";

/// Choices for `store copy`.
#[derive(Debug, Args)]
pub struct StoreCopy {
    /// The SQLite file: video.db in a host's data folder
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// File that holds the address of the PostgreSQL database.
    #[arg(long, value_name = "FILE", help = TO_HELP)]
    pub to_file: Option<PathBuf>,
}

impl Command {
    /// Whether it decides itself, once it has read its configuration, how log lines are written.
    pub fn configures_logs(&self) -> bool {
        matches!(self, Self::Serve(options) if options.config.is_some())
    }
}

/// Choices for `backup`.
#[derive(Debug, Args)]
pub struct BackupOptions {
    /// Whose database.
    #[command(flatten)]
    pub place: StorePlace,
    /// New file for the copy
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
}

/// Choices for `restore`.
#[derive(Debug, Args)]
pub struct RestoreOptions {
    /// The copy
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// Where to: there is no database yet.
    #[command(flatten)]
    pub place: StorePlace,
}

/// Where a host has its store.
#[derive(Debug, Args)]
pub struct StorePlace {
    /// The host's configuration, TOML, as `serve` takes it
    #[arg(long, value_name = "FILE", required_unless_present = "data")]
    pub config: Option<PathBuf>,
    /// The host's data folder, if there is no configuration
    #[arg(long, value_name = "FOLDER", conflicts_with = "config")]
    pub data: Option<PathBuf>,
    /// File that holds the address of the PostgreSQL database, where that is the store.
    #[arg(long, value_name = "FILE", conflicts_with = "config", help = DATABASE_HELP)]
    pub database_url_file: Option<PathBuf>,
}

/// Choices for `sign-in`.
#[derive(Debug, Args)]
pub struct SignInOptions {
    /// The host's configuration, TOML, as `serve` takes it
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Id of the staff member, as it is in the staff list
    #[arg(long, value_name = "ID")]
    pub staff: String,
}

/// Choices for `keys`.
#[derive(Debug, Args)]
pub struct KeysOptions {
    /// What to do with the keys.
    #[command(subcommand)]
    pub action: KeysAction,
}

/// What to do with the keys.
#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// Make a new key, which seals what is written from now on
    Add(KeysPlace),
    /// Show the keys by their ids, and how much each of them seals
    List(KeysPlace),
    /// Seal under the newest key whatever older ones have sealed
    Reseal(KeysPlace),
    /// Take a key away that seals nothing any more
    Remove {
        /// The key's id
        id: String,
        /// Whose keys.
        #[command(flatten)]
        place: KeysPlace,
    },
}

/// Where a host keeps its data and its keys.
#[derive(Debug, Args)]
pub struct KeysPlace {
    /// The host's data folder
    #[arg(long, value_name = "FOLDER")]
    pub data: PathBuf,
    /// File of the keys [default: `keys` in the data folder]
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
    /// File that holds the address of the PostgreSQL database, where that is the store.
    #[arg(long, value_name = "FILE", help = DATABASE_HELP)]
    pub database_url_file: Option<PathBuf>,
}

const STAFF_HELP: &str = "Staff list with the columns id,name,email,user_name [default: 200 staff, built in]";

/// Choices for `demo`.
#[derive(Debug, Default, Args)]
pub struct DemoOptions {
    /// Staff list to import, which names its columns in the first line.
    #[arg(long, value_name = "CSV", help = STAFF_HELP)]
    pub staff: Option<PathBuf>,
    /// Another build of the Microsoft Teams plugin; for other plugins there are `check` and `serve --config`
    /// [default: the one that is built in]
    #[arg(long, value_name = "WASM")]
    pub plugin: Option<PathBuf>,
    /// Manifest of such a build, TOML, as `inspect --manifest` prints it
    #[arg(long, value_name = "FILE", conflicts_with = "plugin")]
    pub manifest: Option<PathBuf>,
    /// New or empty folder for all that is stored, kept at the end [default: a temporary one]
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Record the traffic with Microsoft as an HTTP archive, secrets redacted
    #[arg(long, value_name = "FILE")]
    pub har: Option<PathBuf>,
    /// Print one JSON document instead of the story
    #[arg(long)]
    pub json: bool,
}

/// Choices for `match`.
#[derive(Debug, Args)]
pub struct MatchOptions {
    /// Staff list with the columns `id,name,email,user_name`
    #[arg(long, value_name = "FILE.csv")]
    pub staff: PathBuf,
    /// Manifest of the plugin to use, TOML [default: the Microsoft Teams plugin, built in]
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// File for the result, a row for each staff member; .csv or .json
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Tell the way and its cost, and match nobody
    #[arg(long)]
    pub plan: bool,
}

/// Choices for `mock-graph`.
#[derive(Debug, Args)]
pub struct StandInOptions {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8443")]
    pub listen: SocketAddr,
    /// File to write the certificate authority to, PEM; it is a new one at every start
    #[arg(long, value_name = "FILE")]
    pub ca: PathBuf,
    /// How many generated users to add, adviser000001@contoso.com and so on
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub users: usize,
}

/// Choices for `serve`.
#[derive(Debug, Args)]
pub struct ServeOptions {
    /// Configuration, TOML, for the real services [default: sample data and a stand-in]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Tell whether the configuration can be used, and serve nothing
    #[arg(long, requires = "config")]
    pub check: bool,
    /// Address of the pages; port 0 takes a free one [default: the configuration's, or 127.0.0.1:0]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Address of the operator's port, for metrics and health [default: the configuration's, or none]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub operator: Option<SocketAddr>,
    /// Address of the stand-in, where the browser signs in
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", conflicts_with = "config")]
    pub microsoft: SocketAddr,
    /// File to write the stand-in's certificate authority to, PEM, for a browser that is to trust it
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub ca: Option<PathBuf>,
}

/// Choices for `reconcile`.
#[derive(Debug, Args)]
pub struct ReconcileArguments {
    /// The platform.
    #[command(flatten)]
    pub platform: ConfiguredOptions,
    /// Only this integration, by its id [default: all]
    #[arg(long, value_name = "ID")]
    pub integration: Option<IntegrationId>,
    /// Only appointments that end at this time or later, such as 2027-01-31 or 2027-01-31T09:00:00Z
    /// [default: a day ago]
    #[arg(long, value_name = "TIME", value_parser = reconcile::time)]
    pub since: Option<i64>,
    /// Mend what can be mended without changing a link
    #[arg(long)]
    pub mend: bool,
    /// Also have meetings made again that Microsoft has lost: their links change
    #[arg(long, requires = "mend")]
    pub recreate: bool,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Choices for `check`.
#[derive(Debug, Args)]
pub struct CheckOptions {
    /// The component's file
    pub plugin: PathBuf,
    /// Answer to a field of the plugin's setup, as an administrator gives it; repeatable
    #[arg(long, value_name = "FIELD=VALUE", value_parser = check::pair)]
    pub setup: Vec<(String, String)>,
    /// What the operator configures for the plugin (`settings`); repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = check::pair)]
    pub setting: Vec<(String, String)>,
    /// Memory that the operator grants each call, in MiB [default: 32]
    #[arg(long, value_name = "MIB")]
    pub memory: Option<usize>,
    /// Size of a component that the operator takes, in MiB [default: 16]
    #[arg(long, value_name = "MIB")]
    pub size: Option<usize>,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Choices for `inspect`.
#[derive(Debug, Args)]
pub struct InspectOptions {
    /// The component's file
    pub plugin: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
    /// Print the manifest that the plugin asks for, TOML, to be reviewed and pinned beside its file
    #[arg(long, conflicts_with = "json")]
    pub manifest: bool,
    /// Write the plugin again with the origins that it asks for in a section that hosts read before they
    /// compile anything: for toolchains that write none
    #[arg(long, value_name = "WASM")]
    pub embed: Option<PathBuf>,
    /// Memory that the operator grants each call, in MiB [default: 32]
    #[arg(long, value_name = "MIB")]
    pub memory: Option<usize>,
    /// Size of a component that the operator takes, in MiB [default: 16]
    #[arg(long, value_name = "MIB")]
    pub size: Option<usize>,
}
