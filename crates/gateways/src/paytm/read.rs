//! Paytm's answers.

use chrono::{FixedOffset, NaiveDateTime};
use domain::Timestamp;
use domain::funds::{Payment, PaymentAnswer, PaymentStatus};
use rust_decimal::Decimal;
use serde_json::Value;

use super::checksum::MerchantKey;
use crate::json;

/// Its times are those of India.
const EAST_SECONDS: i32 = 19_800;
/// How it says that it knows no such order.
const NOT_FOUND: [&str; 2] = ["334", "331"];

/// What the fields are called in the two forms.
struct Names {
    order: &'static str,
    merchant: &'static str,
    amount: &'static str,
    currency: &'static str,
    refunded: &'static str,
    date: &'static str,
}

const PLAIN: Names = Names {
    order: "ORDERID",
    merchant: "MID",
    amount: "TXNAMOUNT",
    currency: "CURRENCY",
    refunded: "REFUNDAMT",
    date: "TXNDATE",
};
const SIGNED: Names = Names {
    order: "orderId",
    merchant: "mid",
    amount: "txnAmount",
    currency: "currency",
    refunded: "refundAmt",
    date: "txnDate",
};

/// Reads an answer of the old form.
pub(super) fn plain(text: &str, merchant: &str, order: &str) -> Result<PaymentAnswer, &'static str> {
    let answer = json::parse(text)?;
    read(
        &answer,
        word(&answer, "STATUS"),
        word(&answer, "RESPCODE"),
        &PLAIN,
        merchant,
        order,
    )
}

/// Reads a signed answer. The signature is of the body as it was written.
pub(super) fn signed(
    text: &str,
    key: &MerchantKey,
    merchant: &str,
    order: &str,
) -> Result<PaymentAnswer, &'static str> {
    let answer = json::parse(text)?;
    let signature = answer.pointer("/head/signature").and_then(Value::as_str);
    let signature = signature.ok_or("the answer is not signed")?;
    let written = written_body(text).ok_or("the answer has no body")?;
    if !key.is_of(signature, written) {
        return Err("the answer's signature is wrong");
    }
    // What is read is what was signed, whatever else the answer holds.
    let body = json::parse(written)?;
    let info = body.get("resultInfo").ok_or("the answer has no result")?;
    read(
        &body,
        word(info, "resultStatus"),
        word(info, "resultCode"),
        &SIGNED,
        merchant,
        order,
    )
}

fn read(
    answer: &Value,
    status: Option<&str>,
    code: Option<&str>,
    names: &Names,
    merchant: &str,
    order: &str,
) -> Result<PaymentAnswer, &'static str> {
    let status = status.ok_or("the answer has no status")?;
    if status == "NO_RECORD_FOUND" || code.is_some_and(|code| NOT_FOUND.contains(&code)) {
        return Ok(PaymentAnswer::NotFound);
    }
    if word(answer, names.order).is_none_or(|it| !it.eq_ignore_ascii_case(order)) {
        return Err("the answer is about another order");
    }
    if word(answer, names.merchant).is_none_or(|it| it != merchant) {
        return Err("the answer is about another merchant");
    }
    let status = match status {
        "TXN_SUCCESS" => PaymentStatus::Success,
        "PENDING" => PaymentStatus::Pending,
        "TXN_FAILURE" => PaymentStatus::Failed(status.to_owned()),
        _ => return Err("the answer has an unknown status"),
    };
    let refunded = match answer.get(names.refunded) {
        None | Some(Value::Null) => Decimal::ZERO,
        Some(value) => decimal(value).ok_or("the refunded amount cannot be read")?,
    };
    Ok(PaymentAnswer::Known(Payment {
        status,
        amount: answer.get(names.amount).and_then(decimal),
        currency: word(answer, names.currency).map(str::to_owned),
        refunded,
        paid_at: word(answer, names.date).and_then(moment),
    }))
}

fn word<'a>(answer: &'a Value, field: &str) -> Option<&'a str> {
    answer
        .get(field)?
        .as_str()
        .map(str::trim)
        .filter(|it| !it.is_empty())
}

/// An exact amount, as text or as a number.
fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::String(text) if text.trim().is_empty() => "0".to_owned(),
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let amount = Decimal::from_str_exact(&text).ok()?;
    (!text.contains('_') && amount >= Decimal::ZERO).then(|| amount.normalize())
}

/// `2019-02-20 12:35:20.0`, in India.
fn moment(text: &str) -> Option<Timestamp> {
    let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    let at = at
        .and_local_timezone(FixedOffset::east_opt(EAST_SECONDS)?)
        .single()?;
    Some(Timestamp::from_micros(at.timestamp_micros()))
}

/// The value of the first `"body"` of the outermost object, as it was written.
fn written_body(text: &str) -> Option<&str> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let (mut key_from, mut last_key, mut from) = (0, "", None);
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            if byte == b'"' && !escaped {
                in_string = false;
                last_key = text.get(key_from..at)?;
            }
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'"' => {
                in_string = true;
                key_from = at + 1;
            }
            b'{' | b'[' => {
                if depth == 1 && last_key == "body" && from.is_none() {
                    from = Some(at);
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 1
                    && let Some(from) = from
                {
                    return text.get(from..=at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use domain::Secret;
    use serde_json::json;

    use super::*;

    const MERCHANT: &str = "INTEGR7769XXXXXX9383";

    fn key() -> MerchantKey {
        MerchantKey::new(&Secret::new("HsKuY%63DZkHISOz")).unwrap()
    }

    fn old() -> Value {
        json!({ "TXNID": "1", "ORDERID": "OREDRID_98765", "TXNAMOUNT": "100.00", "STATUS": "TXN_SUCCESS", "RESPCODE": "01",
            "MID": MERCHANT, "REFUNDAMT": "0.00", "TXNDATE": "2026-11-21 14:49:05.0" })
    }

    fn new() -> Value {
        json!({ "resultInfo": { "resultStatus": "TXN_SUCCESS", "resultCode": "01" }, "orderId": "OREDRID_98765",
            "txnAmount": "100.00", "mid": MERCHANT, "refundAmt": "0.00", "txnDate": "2026-11-21 14:49:05.0" })
    }

    fn sealed(body: &str) -> String {
        let signature = key().sign(body, "abcd");
        format!(r#"{{ "head" : {{"x":"\"body\":{{","signature":"{signature}"}} , "body" : {body} }}"#)
    }

    fn known(answer: Result<PaymentAnswer, &'static str>) -> Payment {
        match answer {
            Ok(PaymentAnswer::Known(payment)) => payment,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_forms_say_the_same() {
        let plain = known(plain(&old().to_string(), MERCHANT, "oredrid_98765"));
        assert_eq!(plain.amount, Some(Decimal::from(100)));
        assert_eq!(plain.paid_at.map(Timestamp::seconds), Some(1_795_252_745));
        let signed = known(signed(
            &sealed(&new().to_string()),
            &key(),
            MERCHANT,
            "OREDRID_98765",
        ));
        assert_eq!(signed, plain);
    }

    #[test]
    fn an_answer_that_is_not_signed_or_was_changed_is_none() {
        let read = |text: &str| signed(text, &key(), MERCHANT, "OREDRID_98765");
        let good = sealed(&new().to_string());
        assert!(read(&good).is_ok());
        assert!(read(&good.replace("100.00", "900.00")).is_err());
        assert!(read(&json!({ "body": new(), "head": {} }).to_string()).is_err());
        // Another body behind the signed one changes nothing about what is read.
        let twice = good.trim_end_matches(['}', ' ']).to_owned() + "}, \"body\": {\"txnAmount\":\"900.00\"}}";
        assert!(read(&twice).is_err() || known(read(&twice)).amount == Some(Decimal::from(100)));
    }

    #[test]
    fn answers_about_others_and_in_other_words_are_none() {
        let read = |value: &Value| plain(&value.to_string(), MERCHANT, "OREDRID_98765");
        for (field, value) in [
            ("ORDERID", json!("other")),
            ("ORDERID", json!(null)),
            ("MID", json!("other")),
            ("STATUS", json!("DONE")),
            ("STATUS", json!(1)),
            ("REFUNDAMT", json!("some")),
            ("REFUNDAMT", json!([])),
        ] {
            let mut odd = old();
            odd[field] = value;
            assert!(read(&odd).is_err(), "{odd}");
        }
        for (field, value) in [("RESPCODE", "334"), ("STATUS", "NO_RECORD_FOUND")] {
            let mut missing = old();
            missing[field] = json!(value);
            assert_eq!(read(&missing), Ok(PaymentAnswer::NotFound));
        }
        for (value, amount) in [
            (json!(100), Some("100")),
            (json!(100.5), Some("100.5")),
            (json!("1e2"), None),
            (json!("-1"), None),
            (json!("1_0"), None),
            (json!(null), None),
        ] {
            let mut odd = old();
            odd["TXNAMOUNT"] = value;
            assert_eq!(
                known(read(&odd)).amount.map(|it| it.to_string()).as_deref(),
                amount,
                "{odd}"
            );
        }
        let mut undated = old();
        undated["TXNDATE"] = json!("yesterday");
        assert_eq!(known(read(&undated)).paid_at, None);
        assert!(plain("<html>", MERCHANT, "x").is_err());
    }
}
