//! The web application's own client library asks for mails and uses their links.

use super::server::SmtpServer;
use super::site::Site;
use crate::better_auth::install;

#[tokio::test(flavor = "multi_thread")]
async fn the_client_library_resets_proves_moves_and_deletes_by_mail() {
    let Some(project) = install("mail") else { return };
    let Some(server) = SmtpServer::start("plain", "").await else {
        return;
    };
    let port = server.port.to_string();
    // Whatever address the page has is ours.
    let site = Site::without_address(&[
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &port),
        ("SMTP_SECURITY", "plain"),
    ])
    .await;
    let (address, mails) = (site.address(), server.folder());
    let run = move || {
        let mails = mails.to_str().expect("a path");
        project.run(&[("SERVER_URL", address.as_str()), ("MAILS", mails)])
    };
    let (passed, told) = tokio::task::spawn_blocking(run)
        .await
        .expect("node is waited for");
    assert!(passed, "{told}");
    site.close().await;
}
