//! Users and their sessions: signing up, signing in and out, and who is behind a session token.

mod account;
mod address;
mod admin;
mod ask_for_mail;
mod create_user;
mod current_session;
mod delete_account;
mod entrance;
mod identity_ports;
mod import_users;
mod mail_limits;
mod office;
mod own;
mod password;
mod proof;
mod reauthenticate;
mod refusals;
mod removal;
mod reset_password;
mod rights;
mod session;
mod sign_in;
mod sign_out;
mod sign_up;
mod social;
mod throttle;
mod token_access;
mod two_factor;
mod use_cases;

pub use address::{Addresses, ChangeAddressError, Verified, VerifyAddressError};
pub use admin::{
    ActingAs, BanError, BanUser, ImpersonateError, ListedUsers, RemoveUserError, RevokeSessionsError,
    SetPasswordError, SetRoleError, StopImpersonatingError, UserAdmin,
};
pub use ask_for_mail::{AskError, AskForMail, Wanted};
pub use create_user::{CreateUser, CreateUserError, NewUser};
pub use current_session::{ActiveSession, CurrentSession, Shown};
pub use delete_account::{DeleteAccount, DeleteAccountError, DeleteAccounts, Deletion};
pub use entrance::{Admitted, Entrance, HalfSignedIn};
pub use identity_ports::IdentityPorts;
pub use import_users::{ImportError, ImportOptions, ImportReport, ImportUsers, Remark};
pub use mail_limits::TooManyMails;
pub(crate) use office::still_holds;
pub use own::{ChangePassword, ChangePasswordError, OwnAccount, ProfileEdit, SettingsEdit};
pub use password::{Password, PasswordRefusal};
pub use proof::ProofError;
pub use reauthenticate::{Reauthenticate, ReauthenticateError};
pub use refusals::{Refusal, RefusedSignIns};
pub use reset_password::{ResetPassword, ResetPasswordError};
pub use rights::{ManageRights, SetRightsError};
pub use session::{Browser, Remember, SignedIn, network};
pub use sign_in::{SignIn, SignInCommand, SignInError};
pub use sign_out::SignOut;
pub use sign_up::{SignUp, SignUpCommand, SignUpError};
pub use social::{
    BeginSocialError, Begun, Pages, SocialCallback, SocialFailure, SocialRefusal, SocialSignIn,
    SocialSignedIn,
};
pub use throttle::SignInLimits;
pub use token_access::{Issued, RefreshError, TokenAccess, TokenPair, WhoseTokenError};
pub use two_factor::{
    Code, Enrolment, ManageTwoFactorError, RemoveTwoFactorError, SecondStep, SendCodeError, TwoFactor,
    TwoFactorPorts, VerifiedFactor, VerifyCodeError, Waiting,
};
pub use use_cases::UseCases;
