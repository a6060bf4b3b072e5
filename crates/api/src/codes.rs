//! Every error code that the wire knows, in one table for each dialect. `docs/ERRORS.md` says the same for people, and a
//! test compares the two.

use actix_web::http::StatusCode;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $status:ident $word:literal $message:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = $message] $variant,)+
        }

        impl $name {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The HTTP status that goes with it.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// What is said unless there is something better to say.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message),+ }
            }
        }
    };
}

codes! {
    /// The codes of `/api/v1` and of everything that has no dialect of its own. The word stands in `name`.
    Code {
        InvalidJson = BAD_REQUEST "INVALID_JSON" "Request body contains malformed JSON";
        Invalid = BAD_REQUEST "VALIDATION_ERROR" "The request is not valid.";
        InvalidCursor = BAD_REQUEST "INVALID_CURSOR" "The cursor is not one that this list gave out.";
        IdempotencyKeyInvalid = BAD_REQUEST "IDEMPOTENCY_KEY_INVALID" "The Idempotency-Key header must be 1 to 255 visible ASCII characters.";
        ProviderIdRequired = BAD_REQUEST "PROVIDER_ID_REQUIRED" "Provider ID is required";
        ProviderAddressRefused = BAD_REQUEST "PROVIDER_ADDRESS_REFUSED" "The provider's address must not be called.";
        QuantityOutOfRange = BAD_REQUEST "QUANTITY_OUT_OF_RANGE" "The quantity is outside of the service's range.";
        UnsupportedServiceType = BAD_REQUEST "UNSUPPORTED_SERVICE_TYPE" "Services of this type cannot be ordered here.";
        TooLarge = BAD_REQUEST "AMOUNT_TOO_LARGE" "The amount is too large.";
        CurrencyUnknown = BAD_REQUEST "CURRENCY_UNKNOWN" "The currency must be a code of ISO 4217, such as USD.";
        PaymentMethodUnavailable = BAD_REQUEST "PAYMENT_METHOD_UNAVAILABLE" "This way to pay is not available here.";
        TransactionFailed = BAD_REQUEST "TRANSACTION_FAILED" "The payment was not made.";
        AmountMismatch = BAD_REQUEST "AMOUNT_MISMATCH" "Another amount was paid.";
        TransactionAlreadyProcessed = BAD_REQUEST "TRANSACTION_ALREADY_PROCESSED" "The transaction has already been processed.";
        MassOrderRefused = BAD_REQUEST "MASS_ORDER_REFUSED" "Nothing was ordered, because some of the orders are not taken.";
        TwoCredentials = BAD_REQUEST "TWO_CREDENTIALS" "Send the session's cookie or an access token, and not both.";
        AccessTokenExpired = UNAUTHORIZED "ACCESS_TOKEN_EXPIRED" "The access token has expired. Refresh it.";
        AccessTokenInvalid = UNAUTHORIZED "ACCESS_TOKEN_INVALID" "The access token is not one that was issued, or its session has ended. Sign in again.";
        Unauthenticated = UNAUTHORIZED "Validation Error" "Authentication required. Please log in to access this resource.";
        InsufficientBalance = PAYMENT_REQUIRED "INSUFFICIENT_BALANCE" "The wallet does not hold enough money.";
        ForeignOrigin = FORBIDDEN "INVALID_ORIGIN" "Invalid origin";
        SpendCapReached = FORBIDDEN "SPEND_CAP_REACHED" "The API key may not spend so much any more.";
        Forbidden = FORBIDDEN "FORBIDDEN" "Insufficient permissions.";
        ReauthenticationRequired = FORBIDDEN "REAUTHENTICATION_REQUIRED" "Please confirm your password first.";
        TwoFactorRequired = FORBIDDEN "TWO_FACTOR_REQUIRED" "Staff need two-factor authentication here. Please turn it on with an authenticator app first.";
        OwnFunds = FORBIDDEN "OWN_FUNDS" "Nobody decides about their own money.";
        Banned = FORBIDDEN "ACCOUNT_BANNED" "The account is banned.";
        EmailNotVerified = FORBIDDEN "EMAIL_NOT_VERIFIED" "Please verify your email address before you order.";
        WalletFrozen = FORBIDDEN "WALLET_FROZEN" "The wallet is frozen. Please contact support.";
        TransactionNotFound = NOT_FOUND "TRANSACTION_NOT_FOUND" "Paytm does not know this transaction yet. If you have paid, it is added to your wallet as soon as Paytm knows.";
        DepositNotFound = NOT_FOUND "DEPOSIT_NOT_FOUND" "Deposit not found";
        WithdrawalNotFound = NOT_FOUND "WITHDRAWAL_NOT_FOUND" "Withdrawal not found";
        RateNotFound = NOT_FOUND "RATE_NOT_FOUND" "No rate was set by hand for this currency.";
        RouteNotFound = NOT_FOUND "ROUTE_NOT_FOUND" "There is no such route.";
        CategoryNotFound = NOT_FOUND "CATEGORY_NOT_FOUND" "Category not found";
        ServiceNotFound = NOT_FOUND "SERVICE_NOT_FOUND" "Service not found";
        ProviderNotFound = NOT_FOUND "PROVIDER_NOT_FOUND" "Provider not found";
        SyncNotFound = NOT_FOUND "SYNC_NOT_FOUND" "The provider's list is not followed. Set rules first.";
        OrderNotFound = NOT_FOUND "ORDER_NOT_FOUND" "Order not found";
        ApiKeyNotFound = NOT_FOUND "API_KEY_NOT_FOUND" "API Key not found";
        RefillNotFound = NOT_FOUND "REFILL_NOT_FOUND" "Refill not found";
        UserNotFound = NOT_FOUND "USER_NOT_FOUND" "User not found";
        WalletNotFound = NOT_FOUND "WALLET_NOT_FOUND" "User wallet not found.";
        MethodNotAllowed = METHOD_NOT_ALLOWED "METHOD_NOT_ALLOWED" "The route does not know this method.";
        TwoFactorNotEnabled = CONFLICT "TWO_FACTOR_NOT_ENABLED" "The user has not turned two-factor authentication on.";
        NotAModerator = CONFLICT "NOT_A_MODERATOR" "Only moderators are given rights.";
        CategoryExists = CONFLICT "CATEGORY_EXISTS" "Category with this name already exists";
        CategoryReserved = CONFLICT "CATEGORY_RESERVED" "The category Uncategorized cannot be changed.";
        ServiceExists = CONFLICT "SERVICE_ALREADY_EXIST" "Service already exist";
        ImportPlanChanged = CONFLICT "IMPORT_PLAN_CHANGED" "The provider's list or the catalogue changed since the plan was made. Please look at a new plan.";
        ServiceNotOffered = CONFLICT "SERVICE_NOT_OFFERED" "The service is not available at the moment.";
        ProviderCurrency = CONFLICT "PROVIDER_CURRENCY_DIFFERS" "The provider bills in another currency than is set.";
        ProviderHasOrders = CONFLICT "PROVIDER_HAS_ORDERS" "Orders that have not ended are at the provider's address of before. Wait until they have, say that it is the same account (sameAccount), or add the new one as a provider of its own.";
        ProviderHasServices = CONFLICT "PROVIDER_HAS_SERVICES" "The provider has services, whose costs are in the currency of before. Archive them first, or add the provider once more.";
        ProviderExists = CONFLICT "PROVIDER_EXISTS" "Provider with this name already exists";
        TransactionClaimed = CONFLICT "TRANSACTION_CLAIMED" "Somebody else has claimed this transaction. Please contact support if it is yours.";
        TransactionInReview = CONFLICT "TRANSACTION_IN_REVIEW" "Our staff are looking at this transaction.";
        FundsDecisionRefused = CONFLICT "FUNDS_DECISION_REFUSED" "This cannot be decided now.";
        ApiKeyLimit = CONFLICT "API_KEY_LIMIT" "There are too many API keys already.";
        ApiKeyRotating = CONFLICT "API_KEY_ROTATING" "The key of before still opens. Wait until it ends, or rotate without an overlap.";
        RateAboveMax = CONFLICT "RATE_ABOVE_MAX" "The price is higher than max_rate.";
        RefillDisabled = CONFLICT "REFILL_DISABLED" "Refill is disabled for this service";
        DuplicateOrder = CONFLICT "DUPLICATE_ORDER" "The same order was placed a moment ago.";
        CancelRefused = CONFLICT "CANCEL_REFUSED" "The order cannot be canceled.";
        DecisionRefused = CONFLICT "DECISION_REFUSED" "This cannot be decided about the order now.";
        ProviderOrderIdTaken = CONFLICT "PROVIDER_ORDER_ID_TAKEN" "Another order has this provider order id.";
        ReleaseRefused = CONFLICT "RELEASE_REFUSED" "Submission cannot be released now.";
        PayloadTooLarge = PAYLOAD_TOO_LARGE "PAYLOAD_TOO_LARGE" "Request payload exceeds maximum allowed size";
        UriTooLong = URI_TOO_LONG "URI_TOO_LONG" "The address is too long.";
        UnsupportedMediaType = UNSUPPORTED_MEDIA_TYPE "UNSUPPORTED_MEDIA_TYPE" "The body must be sent as application/json.";
        IdempotencyKeyReused = UNPROCESSABLE_ENTITY "IDEMPOTENCY_KEY_REUSED" "The idempotency key was used with another request.";
        HeadersTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE "HEADERS_TOO_LARGE" "The request headers are too large.";
        TooManyRequests = TOO_MANY_REQUESTS "TOO_MANY_REQUESTS" "Too many requests. Please try again later.";
        TooManyStreams = TOO_MANY_REQUESTS "TOO_MANY_STREAMS" "Too many live streams are open. Close one first.";
        Internal = INTERNAL_SERVER_ERROR "INTERNAL_SERVER_ERROR" "Something went wrong on our end. Please try again later.";
        ProviderFailed = BAD_GATEWAY "PROVIDER_ERROR" "The provider gave no usable answer.";
        Unavailable = SERVICE_UNAVAILABLE "SERVICE_UNAVAILABLE" "The service is busy. Please try again in a moment.";
        CurrencyUnavailable = SERVICE_UNAVAILABLE "CURRENCY_UNAVAILABLE" "There is no trustworthy exchange rate for this currency at the moment. Amounts in USD are available.";
        ProviderBusy = SERVICE_UNAVAILABLE "PROVIDER_BUSY" "The provider must not be called at the moment.";
        TimedOut = SERVICE_UNAVAILABLE "REQUEST_TIMEOUT" "The request took too long. It may have been carried out all the same.";
    }
}

codes! {
    /// The codes of `/api/auth`. The word stands in `code`.
    AuthCode {
        InvalidBody = BAD_REQUEST "VALIDATION_ERROR" "Invalid body parameters";
        InvalidQuery = BAD_REQUEST "VALIDATION_ERROR" "Invalid query parameters";
        EmailIsTheSame = BAD_REQUEST "EMAIL_IS_THE_SAME" "Email is the same";
        SessionNotFresh = BAD_REQUEST "SESSION_EXPIRED" "Session expired. Re-authenticate to perform this action.";
        InvalidToken = BAD_REQUEST "INVALID_TOKEN" "invalid token";
        InvalidEmail = BAD_REQUEST "INVALID_EMAIL" "Invalid email";
        PasswordTooShort = BAD_REQUEST "PASSWORD_TOO_SHORT" "Password too short";
        PasswordTooLong = BAD_REQUEST "PASSWORD_TOO_LONG" "Password too long";
        PasswordGuessable = BAD_REQUEST "PASSWORD_COMPROMISED" "This password is easy to guess. Choose one that is neither common nor a name or an address.";
        InvalidPassword = BAD_REQUEST "INVALID_PASSWORD" "Invalid password";
        NoPassword = BAD_REQUEST "CREDENTIAL_ACCOUNT_NOT_FOUND" "Credential account not found";
        EmailIsFixed = BAD_REQUEST "EMAIL_CAN_NOT_BE_UPDATED" "Email can not be updated";
        SessionNotFound = BAD_REQUEST "SESSION_NOT_FOUND" "Session not found";
        AddressTaken = BAD_REQUEST "USER_ALREADY_EXISTS" "User already exists";
        BansYourself = BAD_REQUEST "YOU_CANNOT_BAN_YOURSELF" "You cannot ban yourself";
        NotImpersonating = BAD_REQUEST "YOU_ARE_NOT_IMPERSONATING_ANYONE" "You are not impersonating anyone";
        NothingPutAside = BAD_REQUEST "FAILED_TO_FIND_ADMIN_SESSION" "Failed to find admin session";
        TwoFactorOff = BAD_REQUEST "TWO_FACTOR_ISNT_ENABLED" "Two factor isn't enabled";
        TotpOff = BAD_REQUEST "TOTP_NOT_ENABLED" "TOTP not enabled";
        OtpOff = BAD_REQUEST "OTP_NOT_ENABLED" "OTP not enabled";
        OtpExpired = BAD_REQUEST "OTP_HAS_EXPIRED" "OTP has expired";
        OtpExhausted = BAD_REQUEST "TOO_MANY_ATTEMPTS_PLEASE_REQUEST_A_NEW_CODE" "Too many attempts. Please request a new code.";
        BackupCodesOff = BAD_REQUEST "BACKUP_CODES_ARENT_ENABLED" "Backup codes aren't enabled";
        CodeNeeded = UNAUTHORIZED "TWO_FACTOR_CODE_NEEDED" "Send the code of the authenticator app, or a recovery code, as well.";
        InvalidCode = UNAUTHORIZED "INVALID_CODE" "Invalid code";
        InvalidBackupCode = UNAUTHORIZED "INVALID_BACKUP_CODE" "Invalid backup code";
        InvalidTwoFactorCookie = UNAUTHORIZED "INVALID_TWO_FACTOR_COOKIE" "Invalid two factor cookie";
        InvalidCredentials = UNAUTHORIZED "INVALID_EMAIL_OR_PASSWORD" "Invalid credentials";
        RefreshTokenUnknown = UNAUTHORIZED "REFRESH_TOKEN_INVALID" "The refresh token is not one that was issued, or its session has ended. Sign in again.";
        RefreshTokenReused = UNAUTHORIZED "REFRESH_TOKEN_REUSED" "The refresh token was used before. Somebody else may have it, so its session was ended. Sign in again.";
        TwoFactorRequired = FORBIDDEN "TWO_FACTOR_REQUIRED" "Staff need two-factor authentication here. Please turn it on with an authenticator app first.";
        ProveAgain = FORBIDDEN "SESSION_NOT_FRESH" "Session is not fresh";
        Banned = FORBIDDEN "BANNED_USER" "You have been banned from this application. Please contact support if you believe this is an error.";
        MayNotSetRoles = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE" "You are not allowed to change users role";
        MayNotCreateUsers = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_CREATE_USERS" "You are not allowed to create users";
        MayNotListUsers = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS" "You are not allowed to list users";
        MayNotListSessions = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_LIST_USERS_SESSIONS" "You are not allowed to list users sessions";
        MayNotBanUsers = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS" "You are not allowed to ban users";
        MayNotImpersonate = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_IMPERSONATE_USERS" "You are not allowed to impersonate users";
        MayNotRevokeSessions = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_REVOKE_USERS_SESSIONS" "You are not allowed to revoke users sessions";
        MayNotRemoveUsers = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_DELETE_USERS" "You are not allowed to delete users";
        MayNotSetPasswords = FORBIDDEN "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PASSWORD" "You are not allowed to set users password";
        ImpersonatesStaff = FORBIDDEN "YOU_CANNOT_IMPERSONATE_ADMINS" "You cannot impersonate admins";
        ForeignCallback = FORBIDDEN "INVALID_CALLBACKURL" "Invalid callbackURL";
        UserNotFound = NOT_FOUND "USER_NOT_FOUND" "User not found";
        ProviderNotFound = NOT_FOUND "PROVIDER_NOT_FOUND" "Provider not found";
        TwoFactorAlreadyOn = CONFLICT "TWO_FACTOR_ALREADY_ENABLED" "Two factor is enabled already";
        LastAdmin = CONFLICT "LAST_ADMIN" "There has to be another administrator first";
        TokenExpired = UNAUTHORIZED "TOKEN_EXPIRED" "token_expired";
        TokenUnknown = UNAUTHORIZED "INVALID_TOKEN" "invalid_token";
        SomebodyElse = UNAUTHORIZED "UNAUTHORIZED" "unauthorized";
        NoSuchToken = NOT_FOUND "INVALID_TOKEN" "invalid token";
        NobodyToDelete = NOT_FOUND "FAILED_TO_GET_USER_INFO" "Failed to get user info";
        WalletNotEmpty = CONFLICT "WALLET_NOT_EMPTY" "There is money in the wallet. Spend it, or ask support to pay it out.";
        OrdersNotEnded = CONFLICT "ORDERS_NOT_ENDED" "Some orders have not ended yet.";
        UserHasMoney = CONFLICT "WALLET_NOT_EMPTY" "There is money in the user's wallet. Settle it first, or send force to remove the user all the same.";
        UserHasOrders = CONFLICT "ORDERS_NOT_ENDED" "Some of the user's orders have not ended. Wait for them, or send force to remove the user all the same.";
        ForeignRedirect = FORBIDDEN "INVALID_REDIRECTURL" "Invalid redirectURL";
        UserExists = UNPROCESSABLE_ENTITY "USER_ALREADY_EXISTS" "User already exists";
        TooManyRequests = TOO_MANY_REQUESTS "TOO_MANY_REQUESTS" "Too many requests. Please try again later.";
        TooManyAttempts = TOO_MANY_REQUESTS "TOO_MANY_REQUESTS" "Too many authentication attempts, please try again later.";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PAGE: &str = include_str!("../../../docs/ERRORS.md");

    type Rows = BTreeSet<(String, u16)>;

    /// The rows of the table below a heading.
    fn documented(heading: &str) -> Rows {
        let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).unwrap();
        let section = section.split("\n## ").next().unwrap();
        section
            .lines()
            .filter_map(|line| line.strip_prefix("| `"))
            .map(|row| {
                let (word, rest) = row.split_once("` | ").unwrap();
                (word.to_owned(), rest.split(" |").next().unwrap().parse().unwrap())
            })
            .collect()
    }

    #[test]
    fn the_page_for_people_lists_exactly_the_codes_that_there_are() {
        let envelope: Rows = Code::ALL
            .iter()
            .map(|code| (code.word().to_owned(), code.status().as_u16()))
            .collect();
        let auth: Rows = AuthCode::ALL
            .iter()
            .map(|code| (code.word().to_owned(), code.status().as_u16()))
            .collect();
        assert_eq!(documented("`/api/v1`"), envelope);
        assert_eq!(documented("`/api/auth`"), auth);
        assert_eq!(envelope.len(), Code::ALL.len(), "a word is used twice");
    }
}
