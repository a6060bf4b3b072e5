//! Nothing on a private address is ever connected to.

use domain::providers::AddAnswer;
use gateways::{AddressPolicy, GatewayConfig, PanelHttpGateway};
use ports::gateway::{PanelError, PanelGateway};

use crate::support::{Server, order, target};

fn guarded() -> PanelHttpGateway {
    PanelHttpGateway::new(&GatewayConfig {
        addresses: AddressPolicy::AllowHttp,
        ..GatewayConfig::default()
    })
    .unwrap()
}

#[tokio::test]
async fn no_spelling_of_loopback_reaches_a_listener() {
    let server = Server::answering("200 OK", "", r#"{"order":1}"#).await;
    let gateway = guarded();
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "０x7f.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ] {
        let target = target(&format!("http://{host}:{}/api/v2", server.port));
        let why = "the address is not allowed: it is not public";
        assert_eq!(
            gateway.add(&target, &order()).await,
            AddAnswer::NotSent { why: why.to_owned() },
            "{host}"
        );
        let forbidden = PanelError::Forbidden("it is not public".to_owned());
        assert_eq!(gateway.services(&target).await, Err(forbidden.clone()), "{host}");
        assert_eq!(gateway.check_address(&target.api_url), Err(forbidden), "{host}");
    }
    assert_eq!(server.accepted(), 0);
}

#[tokio::test]
async fn a_name_is_checked_when_it_is_resolved_for_the_call() {
    for name in ["localhost", "LOCALHOST"] {
        let target = target(&format!("https://{name}/api/v2"));
        let gateway = guarded();
        assert_eq!(gateway.check_address(&target.api_url), Ok(()));
        let answer = gateway.add(&target, &order()).await;
        let why = "the address is not allowed: it is not public";
        assert_eq!(answer, AddAnswer::NotSent { why: why.to_owned() }, "{name}");
        let forbidden = PanelError::Forbidden("it is not public".to_owned());
        assert_eq!(gateway.balance(&target).await, Err(forbidden), "{name}");
    }
}

#[tokio::test]
async fn private_addresses_are_called_where_that_is_allowed() {
    let server = Server::answering("200 OK", "", r#"{"balance":"1"}"#).await;
    let open = PanelHttpGateway::new(&GatewayConfig {
        addresses: AddressPolicy::AllowPrivate,
        ..GatewayConfig::default()
    })
    .unwrap();
    let target = target(&format!("http://localhost:{}/api/v2", server.port));
    assert_eq!(open.check_address(&target.api_url), Ok(()));
    assert_eq!(open.balance(&target).await.unwrap().amount, "1");
}
