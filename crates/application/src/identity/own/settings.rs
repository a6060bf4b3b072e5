//! Users set their time zone, language, currency and mail.

use domain::UserId;
use domain::identity::{Currency, Language, TimeZone, UserSettings};
use ports::StoreError;

use super::OwnAccount;
use crate::caller::Caller;
use crate::retry::retry_contended;

/// What changes; the rest stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SettingsEdit {
    /// Another time zone.
    pub time_zone: Option<TimeZone>,
    /// Another language.
    pub language: Option<Language>,
    /// Another currency.
    pub currency: Option<Currency>,
    /// Whether mail about orders is wanted.
    pub mail_orders: Option<bool>,
    /// Whether mail about the balance is wanted.
    pub mail_balance: Option<bool>,
    /// Whether mail with news is wanted.
    pub mail_news: Option<bool>,
}

impl OwnAccount {
    /// What the caller has set.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be read.
    pub async fn settings(&self, caller: &Caller) -> Result<UserSettings, StoreError> {
        let found = self.ports.queries.settings(&caller.user().id).await?;
        Ok(found.unwrap_or_default())
    }

    /// Changes what the caller has set.
    ///
    /// # Errors
    /// [`StoreError`] if nothing was recorded, or nobody knows.
    pub async fn edit_settings(
        &self,
        caller: &Caller,
        edit: &SettingsEdit,
    ) -> Result<UserSettings, StoreError> {
        retry_contended(|| self.record_settings(&caller.user().id, edit)).await
    }

    async fn record_settings(&self, user: &UserId, edit: &SettingsEdit) -> Result<UserSettings, StoreError> {
        let mut tx = self.ports.store.begin().await?;
        // Two who change different things at once both get their way.
        tx.identity().lock_user(user).await?;
        let found = tx.identity().settings(user).await?;
        let changed = edit.apply(found.unwrap_or_default());
        tx.identity()
            .save_settings(user, &changed, self.ports.clock.now())
            .await?;
        tx.commit().await?;
        Ok(changed)
    }
}

impl SettingsEdit {
    fn apply(&self, mut settings: UserSettings) -> UserSettings {
        if let Some(time_zone) = &self.time_zone {
            settings.time_zone = time_zone.clone();
        }
        if let Some(language) = &self.language {
            settings.language = language.clone();
        }
        if let Some(currency) = &self.currency {
            settings.currency = currency.clone();
        }
        let mail = &mut settings.notifications;
        mail.orders = self.mail_orders.unwrap_or(mail.orders);
        mail.balance = self.mail_balance.unwrap_or(mail.balance);
        mail.news = self.mail_news.unwrap_or(mail.news);
        settings
    }
}
