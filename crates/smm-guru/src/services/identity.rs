//! Accounts and sessions.

use std::sync::Arc;

use application::identity::{
    Addresses, AskForMail, CreateUser, CurrentSession, DeleteAccounts, IdentityPorts, ImportUsers,
    ManageRights, OwnAccount, Reauthenticate, ResetPassword, SignIn, SignInLimits, SignOut, SignUp,
    SocialSignIn, TokenAccess, TwoFactor, TwoFactorPorts, UseCases, UserAdmin,
};

use crate::Adapters;
use crate::mailing::office;

pub(super) fn use_cases(adapters: &Adapters) -> UseCases {
    let ports = ports(adapters);
    let limits = SignInLimits::default();
    let social = SocialSignIn::new(ports.clone(), adapters.social.clone(), adapters.signer.clone());
    let rights = ManageRights::new(ports.store.clone(), ports.queries.clone(), ports.clock.clone());
    let sign_in = Arc::new(SignIn::new(ports.clone(), limits));
    let token_access = TokenAccess::new(ports.clone(), sign_in.clone(), adapters.access.clone());
    UseCases {
        sign_up: Arc::new(SignUp::new(ports.clone())),
        sign_in,
        token_access: Arc::new(token_access),
        social_sign_in: Arc::new(social),
        sign_out: Arc::new(SignOut::new(ports.clone())),
        current_session: Arc::new(CurrentSession::new(ports.clone())),
        reauthenticate: Arc::new(Reauthenticate::new(ports.clone(), limits)),
        two_factor: Arc::new(TwoFactor::new(two_factor_ports(adapters, &ports), limits)),
        own_account: Arc::new(OwnAccount::new(ports.clone(), limits)),
        ask_for_mail: Arc::new(AskForMail::new(ports.clone())),
        reset_password: Arc::new(ResetPassword::new(ports.clone())),
        addresses: Arc::new(Addresses::new(ports.clone())),
        delete_accounts: Arc::new(DeleteAccounts::new(ports.clone())),
        create_user: Arc::new(CreateUser::new(ports.clone())),
        import_users: Arc::new(ImportUsers::new(&ports)),
        user_admin: Arc::new(UserAdmin::new(ports)),
        rights: Arc::new(rights),
    }
}

fn ports(adapters: &Adapters) -> IdentityPorts {
    IdentityPorts {
        store: adapters.store.clone(),
        queries: adapters.identity.clone(),
        tokens: adapters.tokens.clone(),
        hasher: adapters.hasher.clone(),
        digester: adapters.digester.clone(),
        limiter: adapters.limiter.clone(),
        office: office(adapters),
        ids: adapters.ids.clone(),
        clock: adapters.clock.clone(),
    }
}

fn two_factor_ports(adapters: &Adapters, people: &IdentityPorts) -> TwoFactorPorts {
    TwoFactorPorts {
        people: people.clone(),
        queries: adapters.two_factor.clone(),
        sealer: adapters.sealer.clone(),
        codes: adapters.one_time_codes.clone(),
    }
}
