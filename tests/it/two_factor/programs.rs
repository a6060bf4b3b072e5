//! Programs sign in with a code, too.

use domain::identity::{Role, User};
use serde_json::{Value, json};

use super::device::Person;
use super::staff::Strict;
use crate::support::{Answer, Browser, PASSWORD, Way, scenarios};

scenarios!(on both ways:
    a_program_sends_the_code_with_the_password,
    staff_do_not_get_around_it_by_a_token,
);

async fn tokens(program: &Browser, user: &User, code: Option<&str>) -> Answer {
    let mut form = json!({ "email": user.email.as_str(), "password": PASSWORD });
    if let Some(code) = code {
        form["code"] = json!(code);
    }
    program.post("/api/v1/auth/token", form).await
}

fn bearer(program: &mut Browser, answer: &Answer) {
    assert_eq!(answer.status, 200, "{}", answer.text);
    program.bearer = answer.json()["accessToken"].as_str().map(str::to_owned);
}

async fn a_program_sends_the_code_with_the_password(way: Way) {
    let Some(world) = way.world().await else { return };
    let mut ann = Person::join(&world, "ann", Role::User).await;
    let mut program = Browser::anonymous(&world.addresses());
    let needed = tokens(&program, &ann.user, None).await;
    needed.auth_failure(401, "TWO_FACTOR_CODE_NEEDED");
    assert!(needed.cookies().is_empty());
    let wrong = ann.app.wrong(world.system());
    let refused = tokens(&program, &ann.user, Some(&wrong)).await;
    refused.auth_failure(401, "INVALID_CODE");
    let refused = tokens(&program, &ann.user, Some("AAAAA-AAAAA")).await;
    refused.auth_failure(401, "INVALID_BACKUP_CODE");
    let code = ann.app.code(world.system()).await;
    let given = tokens(&program, &ann.user, Some(&code)).await;
    bearer(&mut program, &given);
    let wallet = program.get("/api/v1/dashboard/wallet").await;
    wallet.success(200, "USER_BALANCE");
    let again = tokens(&program.stranger(), &ann.user, Some(&code)).await;
    again.auth_failure(401, "INVALID_CODE");

    // A recovery code ends its session, and turning it off ends all of them.
    let recovered = tokens(&program.stranger(), &ann.user, Some(&ann.recovery_codes[0])).await;
    let wallet = program.get("/api/v1/dashboard/wallet").await;
    wallet.failure(401, "ACCESS_TOKEN_INVALID");
    bearer(&mut program, &recovered);
    assert_eq!(ann.device.me().await, Value::Null);
    let off = world
        .admin
        .delete(&format!("/api/v1/admin/users/{}/two-factor", ann.user.id))
        .await;
    off.success(200, "TWO_FACTOR_REMOVED");
    let wallet = program.get("/api/v1/dashboard/wallet").await;
    wallet.failure(401, "ACCESS_TOKEN_INVALID");
    let without = tokens(&program.stranger(), &ann.user, None).await;
    bearer(&mut program, &without);
    world.close().await;
}

async fn staff_do_not_get_around_it_by_a_token(way: Way) {
    let Some(site) = Strict::open(way).await else {
        return;
    };
    let (boss, mut device) = site.join("boss", Role::Admin).await;
    let mut program = Browser::anonymous(&[site.address()]);
    let given = tokens(&program, &boss, None).await;
    bearer(&mut program, &given);
    let orders = async |program: &Browser| program.get("/api/v1/admin/orders").await;
    orders(&program).await.failure(403, "TWO_FACTOR_REQUIRED");
    let mut app = site.turn_on(&mut device).await;
    orders(&program).await.failure(401, "ACCESS_TOKEN_INVALID");
    let code = app.code(&site.system).await;
    let given = tokens(&program.stranger(), &boss, Some(&code)).await;
    bearer(&mut program, &given);
    orders(&program).await.success(200, "ORDERS_FETCHED");
    site.close().await;
}
