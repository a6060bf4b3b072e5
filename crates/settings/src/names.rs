//! The names of all settings.

/// How much of a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// All of it.
    Whole,
    /// Scheme, host and path: the rest may hold a password.
    Address,
    /// Only whether there is one.
    Nothing,
}

/// One setting.
#[derive(Debug)]
pub(crate) struct Name {
    /// In files.
    pub(crate) key: &'static str,
    /// In the environment.
    pub(crate) variable: &'static str,
    /// On screens.
    pub(crate) shown: Shown,
}

const fn whole(key: &'static str, variable: &'static str) -> Name {
    Name {
        key,
        variable,
        shown: Shown::Whole,
    }
}

const fn address(key: &'static str, variable: &'static str) -> Name {
    Name {
        key,
        variable,
        shown: Shown::Address,
    }
}

const fn secret(key: &'static str, variable: &'static str) -> Name {
    Name {
        key,
        variable,
        shown: Shown::Nothing,
    }
}

/// The environment variable that names a settings file.
pub(crate) const CONFIG_FILE_VARIABLE: &str = "SMM_GURU_CONFIG";

/// Every setting. A test compares this with `config/default.toml`.
pub(crate) const NAMES: &[Name] = &[
    whole("project_name", "PROJECT_NAME"),
    whole("data_dir", "DATA_DIR"),
    whole("allow_plaintext_servers", "ALLOW_PLAINTEXT_SERVERS"),
    whole("http.port", "PORT"),
    whole("http.bind_address", "BIND_ADDRESS"),
    whole("http.public_url", "BETTER_AUTH_URL"),
    whole("http.trusted_origins", "CLIENT_DOMAIN"),
    whole("http.secure_cookies", "SECURE_COOKIES"),
    whole("http.trusted_proxies", "TRUSTED_PROXIES"),
    whole("http.reauthentication", "REAUTHENTICATION"),
    whole("http.staff_two_factor", "STAFF_TWO_FACTOR"),
    whole("limits.passwords_per_network", "LIMIT_PASSWORDS_PER_NETWORK"),
    whole("limits.sign_ups_per_network", "LIMIT_SIGN_UPS_PER_NETWORK"),
    whole("limits.accounts_per_network", "LIMIT_ACCOUNTS_PER_NETWORK"),
    whole("limits.accounts_per_user", "LIMIT_ACCOUNTS_PER_USER"),
    whole("limits.orders_per_network", "LIMIT_ORDERS_PER_NETWORK"),
    whole("limits.orders_per_user", "LIMIT_ORDERS_PER_USER"),
    whole("limits.exports_per_network", "LIMIT_EXPORTS_PER_NETWORK"),
    whole("limits.exports_per_user", "LIMIT_EXPORTS_PER_USER"),
    whole("limits.bulk_per_network", "LIMIT_BULK_PER_NETWORK"),
    whole("limits.bulk_per_user", "LIMIT_BULK_PER_USER"),
    whole("limits.others_per_network", "LIMIT_OTHERS_PER_NETWORK"),
    whole("limits.others_per_user", "LIMIT_OTHERS_PER_USER"),
    address("database.url", "DATABASE_URL"),
    whole("database.connections_max", "DATABASE_CONNECTIONS_MAX"),
    whole("database.wait_seconds", "DATABASE_WAIT_SECONDS"),
    address("redis.url", "REDIS_URL"),
    secret("secrets.session", "BETTER_AUTH_SECRET"),
    secret("secrets.sealing", "AES_SECRET_KEY"),
    whole("secrets.sealing_version", "AES_SECRET_KEY_VERSION"),
    secret("secrets.sealing_old", "AES_SECRET_KEYS_OLD"),
    whole("github.client_id", "GITHUB_CLIENT_ID"),
    secret("github.client_secret", "GITHUB_CLIENT_SECRET"),
    address("github.authorize_url", "GITHUB_AUTHORIZE_URL"),
    address("github.token_url", "GITHUB_TOKEN_URL"),
    address("github.api_url", "GITHUB_API_URL"),
    whole("github.timeout_seconds", "GITHUB_TIMEOUT_SECONDS"),
    whole("outgoing.allow_private_targets", "ALLOW_PRIVATE_TARGETS"),
    whole("mail.method", "MAIL_METHOD"),
    whole("mail.from", "AUTH_DELIVERY_EMAIL"),
    whole("mail.smtp_host", "SMTP_HOST"),
    whole("mail.smtp_port", "SMTP_PORT"),
    whole("mail.smtp_security", "SMTP_SECURITY"),
    whole("mail.smtp_user", "SMTP_USER"),
    secret("mail.smtp_password", "SMTP_PASSWORD"),
    whole("mail.smtp_ca_file", "SMTP_CA_FILE"),
    secret("mail.resend_api_key", "RESEND_API_KEY"),
    address("mail.resend_url", "RESEND_URL"),
    whole("mail.timeout_seconds", "MAIL_TIMEOUT_SECONDS"),
    whole("mail.verify_on_sign_up", "MAIL_VERIFY_ON_SIGN_UP"),
    whole("mail.welcome", "MAIL_WELCOME"),
    whole("mail.verification_minutes", "MAIL_VERIFICATION_MINUTES"),
    whole(
        "mail.sign_in_after_verification",
        "MAIL_SIGN_IN_AFTER_VERIFICATION",
    ),
    secret("currency.api_key", "CURRENCY_API_KEY"),
    address("currency.api_url", "CURRENCY_API_URL"),
    address("currency.free_url", "CURRENCY_FREE_URL"),
    whole("currency.timeout_seconds", "CURRENCY_TIMEOUT_SECONDS"),
    whole("currency.refresh_seconds", "CURRENCY_REFRESH_SECONDS"),
    whole("currency.max_age_seconds", "CURRENCY_MAX_AGE_SECONDS"),
    whole("currency.jump_percent", "CURRENCY_JUMP_PERCENT"),
    whole("payments.paytm_mid", "PAYTM_MID"),
    secret("payments.paytm_key", "PAYTM_MERCHANT_KEY"),
    address("payments.paytm_url", "PAYTM_URL"),
    whole("payments.paytm_timeout_seconds", "PAYTM_TIMEOUT_SECONDS"),
    whole("payments.claim_window_seconds", "CLAIM_WINDOW_SECONDS"),
    whole("payments.transaction_fee_percent", "TRANSACTION_FEE_PERCENT"),
    whole("payments.transaction_fee_fixed", "TRANSACTION_FEE_FIXED"),
    whole("payments.deposit_min", "DEPOSIT_MIN"),
    whole("payments.deposit_max", "DEPOSIT_MAX"),
    whole("payments.manual_methods", "MANUAL_DEPOSITS"),
    whole("payments.withdrawal_min", "WITHDRAWAL_MIN"),
    whole("payments.second_approver_from", "PAYMENTS_SECOND_APPROVER_FROM"),
    whole("worker.concurrency", "WORKERS"),
    whole("worker.jobs_from", "JOBS_FROM"),
    whole("telemetry.log", "LOG"),
    whole("telemetry.log_format", "LOG_FORMAT"),
    whole("telemetry.metrics_address", "METRICS_ADDRESS"),
    whole("orders.lease_seconds", "ORDERS_LEASE_SECONDS"),
    whole("orders.send_within_seconds", "ORDERS_SEND_WITHIN_SECONDS"),
    whole("orders.send_timeout_seconds", "ORDERS_SEND_TIMEOUT_SECONDS"),
    whole("orders.quarantine_seconds", "ORDERS_QUARANTINE_SECONDS"),
    whole("orders.attempts_max", "ORDERS_ATTEMPTS_MAX"),
    whole("orders.write_off_after_seconds", "ORDERS_WRITE_OFF_AFTER_SECONDS"),
    whole("orders.second_approver_from", "ORDERS_SECOND_APPROVER_FROM"),
    whole("orders.twin_window_seconds", "ORDERS_TWIN_WINDOW_SECONDS"),
    whole("orders.require_verified_email", "ORDERS_REQUIRE_VERIFIED_EMAIL"),
    whole("orders.poll_percent", "ORDERS_POLL_PERCENT"),
    whole("orders.lookup_percent", "ORDERS_LOOKUP_PERCENT"),
];

pub(crate) fn by_key(key: &str) -> Option<&'static Name> {
    NAMES.iter().find(|it| it.key == key)
}
