//! What people do with their accounts, and staff with people's.

use std::sync::Arc;

use super::{
    Addresses, AskForMail, CreateUser, CurrentSession, DeleteAccounts, ImportUsers, ManageRights, OwnAccount,
    Reauthenticate, ResetPassword, SignIn, SignOut, SignUp, SocialSignIn, TokenAccess, TwoFactor, UserAdmin,
};

/// What people do with their accounts, and staff with people's. Cloning is cheap.
#[derive(Clone)]
pub struct UseCases {
    /// Visitors become customers.
    pub sign_up: Arc<SignUp>,
    /// Users prove who they are.
    pub sign_in: Arc<SignIn>,
    /// Users prove who they are by an account elsewhere.
    pub social_sign_in: Arc<SocialSignIn>,
    /// Sessions end.
    pub sign_out: Arc<SignOut>,
    /// Who is behind a session token.
    pub current_session: Arc<CurrentSession>,
    /// Programs sign in, and stay signed in.
    pub token_access: Arc<TokenAccess>,
    /// Users prove once more who they are.
    pub reauthenticate: Arc<Reauthenticate>,
    /// Users show a second factor.
    pub two_factor: Arc<TwoFactor>,
    /// Users look after their own account.
    pub own_account: Arc<OwnAccount>,
    /// Anybody asks for a link by mail.
    pub ask_for_mail: Arc<AskForMail>,
    /// Links of mails set passwords.
    pub reset_password: Arc<ResetPassword>,
    /// Links of mails prove addresses and change them.
    pub addresses: Arc<Addresses>,
    /// Users delete their account.
    pub delete_accounts: Arc<DeleteAccounts>,
    /// Staff and operators create users.
    pub create_user: Arc<CreateUser>,
    /// Operators take users of another application over.
    pub import_users: Arc<ImportUsers>,
    /// Staff administer users.
    pub user_admin: Arc<UserAdmin>,
    /// What staff may do.
    pub rights: Arc<ManageRights>,
}
