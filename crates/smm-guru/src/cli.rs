//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// The back office of a digital-services reseller.
#[derive(Debug, Parser)]
#[command(name = "smm-guru", version, after_help = "Example: smm-guru demo")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Shows the whole system at work on a throw-away database with a simulated provider.
    #[command(after_help = "Example: smm-guru demo --exit")]
    Demo(DemoArgs),
    /// Runs the API; without DATABASE_URL also the workers, on an embedded database.
    #[command(after_help = "Example: smm-guru serve --data ./data --port 8080")]
    Serve(ServeArgs),
    /// Runs workers against DATABASE_URL and REDIS_URL.
    #[command(after_help = "Example: DATABASE_URL=postgres://… REDIS_URL=redis://… smm-guru work")]
    Work,
    /// Brings the database schema up to date.
    #[command(after_help = "Example: DATABASE_URL=postgres://… smm-guru migrate")]
    Migrate(DataArgs),
    /// Checks configuration, database, migrations, queue, providers and clock, and says what to do.
    #[command(after_help = "Example: smm-guru doctor --data ./data")]
    Doctor(DataArgs),
    /// Proves that no money was lost, doubled or invented.
    #[command(subcommand, after_help = "Example: smm-guru ledger verify --json")]
    Ledger(LedgerCommand),
    /// Compares the figures of the shop with what happened, and makes them anew.
    #[command(subcommand, after_help = "Example: smm-guru figures verify --data ./data")]
    Figures(FiguresCommand),
    /// Shows and switches whether orders are sent to providers.
    #[command(subcommand, after_help = "Example: smm-guru submission status --data ./data")]
    Submission(SubmissionCommand),
    /// Shows and tries mails.
    #[command(subcommand, after_help = "Example: smm-guru mail preview reset_password")]
    Mail(MailCommand),
    /// Finds what was changed in the audit log, prints the head of its chain, and exports it.
    #[command(subcommand, after_help = "Example: smm-guru audit verify --data ./data")]
    Audit(AuditCommand),
    /// Prints the OpenAPI document.
    #[command(after_help = "Example: smm-guru openapi > openapi.json")]
    Openapi,
    /// Administers users.
    #[command(
        subcommand,
        after_help = "Example: smm-guru user create --email ann@example.com --name Ann --admin"
    )]
    User(UserCommand),
    /// Takes users of a better-auth application over, with their passwords, GitHub links, roles and bans.
    #[command(
        after_help = "Example: smm-guru import-users --from postgres://user:password@host/old --balances --dry-run\n\n\
                      Fails if somebody was not taken over. It may be run again; docs/OPERATIONS.md says more."
    )]
    ImportUsers(ImportUsersArgs),
    /// Runs a simulated provider panel that can lie, stall and die.
    #[command(
        after_help = "Example: smm-guru sandbox-provider --port 9090 --key secret --fault add:http500=0.1\n\n\
                      `--help` lists the faults.",
        after_long_help = crate::commands::sandbox_provider::long_help()
    )]
    SandboxProvider(SandboxArgs),
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where the API listens.
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// End when the show is over, with status 0 if all went as it must, else 1.
    #[arg(long)]
    pub exit: bool,
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where the embedded database and its secrets live.
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Where the API listens.
    #[arg(long)]
    pub port: Option<u16>,
}

/// Where the embedded database is, for commands that work on it.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// Where the embedded database and its secrets live.
    #[arg(long)]
    pub data: Option<PathBuf>,
}

/// What to do with the ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Runs the invariants V1 to V17 on the live database; fails if one is violated.
    #[command(after_help = "Example: smm-guru ledger verify --data ./data --json")]
    Verify {
        /// Which database.
        #[command(flatten)]
        data: DataArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What to do with the figures.
#[derive(Debug, Subcommand)]
pub enum FiguresCommand {
    /// Adds everything up once more beside the figures that are shown, and compares; fails if they differ. The shop goes on.
    #[command(after_help = "Example: smm-guru figures verify --data ./data")]
    Verify {
        /// Which database.
        #[command(flatten)]
        data: DataArgs,
    },
    /// Adds everything up once more, and then shows that. The shop goes on.
    #[command(after_help = "Example: smm-guru figures rebuild --data ./data")]
    Rebuild {
        /// Which database.
        #[command(flatten)]
        data: DataArgs,
    },
}

/// What to do about sending orders.
#[derive(Debug, Subcommand)]
pub enum SubmissionCommand {
    /// Says whether orders are sent, and if not, since when and why.
    #[command(after_help = "Example: smm-guru submission status --data ./data")]
    Status {
        /// Which database.
        #[command(flatten)]
        data: DataArgs,
    },
    /// Stops sending, on every node within seconds. Customers may go on placing orders; they wait.
    #[command(
        after_help = "Example: smm-guru submission pause --reason 'moving the database'\n         smm-guru submission pause --restored --reason 'yesterday'\''s dump was restored'"
    )]
    Pause {
        /// Why; for the audit log.
        #[arg(long)]
        reason: String,
        /// The database was restored: every order that is not with its provider becomes unknown and is looked up.
        #[arg(long)]
        restored: bool,
        /// Which database.
        #[command(flatten)]
        data: DataArgs,
    },
    /// Sends again. docs/OPERATIONS.md says what to look at before, if the database was restored.
    #[command(after_help = "Example: smm-guru submission release --reason 'compared with the panels'")]
    Release {
        /// Why; for the audit log.
        #[arg(long)]
        reason: String,
        /// Which database.
        #[command(flatten)]
        data: DataArgs,
    },
}

/// What to do with mails.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Shows what mails look like, with an invented reader and a link that leads nowhere.
    #[command(
        after_help = "Example: smm-guru mail preview reset_password\n         smm-guru mail preview --to ./previews"
    )]
    Preview {
        /// Which: verify_address, reset_password, welcome, change_address, prove_new_address, delete_account,
        /// password_changed, address_changed, two_factor_enabled, two_factor_disabled, recovery_code_used, sign_in_code. All
        /// of them unless it is given.
        template: Option<String>,
        /// Write an HTML and a text file for each into this folder, instead of printing the texts.
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Sends a mail to see whether the mail server takes it.
    #[command(after_help = "Example: smm-guru mail test ann@example.com")]
    Test {
        /// Where to.
        address: String,
    },
}

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Walks along the chain; fails if a line was changed, removed, inserted or moved.
    #[command(after_help = "Example: smm-guru audit verify --head 4711:9f86d081… --data ./data")]
    Verify {
        /// A head that was kept elsewhere. Finds also that the end was cut off or everything was sealed anew.
        #[arg(long)]
        head: Option<String>,
        /// A file with such heads, one at the end of each line, as `audit head` appends them; `-` for standard input.
        #[arg(long)]
        heads: Option<PathBuf>,
        /// Which database.
        #[command(flatten)]
        data: DataArgs,
    },
    /// Prints the signed head of the chain, to be kept elsewhere.
    #[command(after_help = "Example: smm-guru audit head --data ./data >> heads.txt")]
    Head {
        /// Which database.
        #[command(flatten)]
        data: DataArgs,
    },
    /// Prints lines as CSV, newest first. The log keeps that somebody did.
    #[command(
        after_help = "Example: smm-guru audit export --action wallet.credit --from 2026-11-01T00:00:00Z"
    )]
    Export(ExportArgs),
}

/// Options of `audit export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// What this user did, by id.
    #[arg(long)]
    pub actor: Option<String>,
    /// What was done to this, such as user:8dgN.
    #[arg(long)]
    pub target: Option<String>,
    /// Only this, such as wallet.credit.
    #[arg(long)]
    pub action: Option<String>,
    /// From then on, such as 2026-11-21T09:00:00Z.
    #[arg(long)]
    pub from: Option<String>,
    /// Before then.
    #[arg(long)]
    pub until: Option<String>,
    /// Which database.
    #[command(flatten)]
    pub data: DataArgs,
}

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Creates a user with a wallet, also while the server runs.
    #[command(
        after_help = "Example: echo 'a long password' | smm-guru user create --email ann@example.com --name Ann --admin --password-stdin"
    )]
    Create(CreateUserArgs),
    /// Removes the second factor of somebody who lost the app and the recovery codes, also of the last administrator. Ends
    /// their sessions; from then on the password is enough.
    #[command(after_help = "Example: smm-guru user remove-two-factor --email ann@example.com")]
    RemoveTwoFactor {
        /// Whose.
        #[arg(long)]
        email: String,
        /// Which database.
        #[command(flatten)]
        data: DataArgs,
    },
}

/// Options of `user create`.
#[derive(Debug, Args)]
pub struct CreateUserArgs {
    /// The address to sign in with.
    #[arg(long)]
    pub email: String,
    /// The name to show.
    #[arg(long)]
    pub name: String,
    /// Make the user an administrator, who may do everything.
    #[arg(long)]
    pub admin: bool,
    /// Make the user a moderator, who may do what administrators allow.
    #[arg(long, conflicts_with = "admin")]
    pub moderator: bool,
    /// The password. Other processes of this machine may see it; prefer --password-stdin.
    #[arg(long, conflicts_with = "password_stdin")]
    pub password: Option<String>,
    /// Read the password from standard input.
    #[arg(long)]
    pub password_stdin: bool,
    /// Which database.
    #[command(flatten)]
    pub data: DataArgs,
}

/// Options of `import-users`.
#[derive(Debug, Args)]
pub struct ImportUsersArgs {
    /// The old database: a postgres:// address, a SQLite file, or a JSON file with an array for each table.
    #[arg(long)]
    pub from: String,
    /// Take open sessions over too: browsers stay signed in if BETTER_AUTH_SECRET is the same.
    #[arg(long)]
    pub sessions: bool,
    /// Credit the balances of the old wallets, each once however often this is run.
    #[arg(long)]
    pub balances: bool,
    /// Say what would be done, and record nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Which database they are taken to.
    #[command(flatten)]
    pub data: DataArgs,
}

/// Options of `sandbox-provider`.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// Where the panel listens, on 127.0.0.1; 0 takes any free port.
    #[arg(long, default_value_t = 9090)]
    pub port: u16,
    /// The API key that it accepts.
    #[arg(long, default_value = "sandbox-key")]
    pub key: String,
    /// Makes it repeatable.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many seconds an order takes from pending to its end.
    #[arg(long, default_value_t = 60)]
    pub pace: u64,
    /// What it says that its prices are in.
    #[arg(long, default_value = "USD")]
    pub currency: String,
    /// How a caller can find an order again whose answer was lost.
    #[arg(long, value_enum, default_value_t = FindBy::Link)]
    pub lookup: FindBy,
    /// Misbehaviour as [ACTION:]FAULT[=PROBABILITY]; may be given several times. `--fault list` prints all of them.
    #[arg(long = "fault", value_name = "FAULT")]
    pub faults: Vec<String>,
}

/// How a caller of the simulated panel can find an order again.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum FindBy {
    /// Not at all.
    None,
    /// By the reference that the caller sent with it.
    Reference,
    /// By link and time, in a list of the newest orders.
    Link,
}
