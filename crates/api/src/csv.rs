//! Tables for other programs: fields, and lines of the audit log.

use domain::audit::Line;

use crate::wire::WireTime;

/// The names of the columns.
pub const COLUMNS: &str = "id,at,actor,actor_user,action,target,details,address,request_id";

/// A line as a record, without an end of line.
#[must_use]
pub fn record(line: &Line) -> String {
    let fields = [
        &line.id.to_string(),
        &WireTime(line.at).to_string(),
        &line.actor,
        line.actor_user.as_deref().unwrap_or_default(),
        &line.action,
        &line.target,
        &line.details,
        line.address.as_deref().unwrap_or_default(),
        line.request.as_deref().unwrap_or_default(),
    ];
    fields.map(field).join(",")
}

/// A text as a field. A spreadsheet takes one that begins like a formula for one, and runs it.
#[must_use]
pub fn field(text: &str) -> String {
    let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let harmless = if runs { format!("'{text}") } else { text.to_owned() };
    if harmless.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", harmless.replace('"', "\"\""))
    } else {
        harmless
    }
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;

    use super::*;

    #[test]
    fn a_record_has_every_column_and_runs_nothing() {
        let line = Line {
            id: 7,
            actor: "staff".to_owned(),
            actor_user: Some("=cmd|' /C calc'!A0".to_owned()),
            action: "wallet.credit".to_owned(),
            target: "@SUM(A1)".to_owned(),
            details: r#"[["reason","a, \"b\""]]"#.to_owned(),
            at: Timestamp::EPOCH,
            address: None,
            request: Some("-1\n+2".to_owned()),
        };
        assert_eq!(
            record(&line),
            "7,1970-01-01T00:00:00.000Z,staff,'=cmd|' /C calc'!A0,wallet.credit,'@SUM(A1),\
             \"[[\"\"reason\"\",\"\"a, \\\"\"b\\\"\"\"\"]]\",,\"'-1\n+2\""
        );
        assert_eq!(COLUMNS.split(',').count(), 9);
    }

    #[test]
    fn whatever_a_spreadsheet_takes_for_a_formula_is_text() {
        for first in ["=", "+", "-", "@", "\t", "\r"] {
            let escaped = field(&format!("{first}1"));
            assert!(escaped.trim_start_matches('"').starts_with('\''), "{escaped:?}");
        }
        assert_eq!(field("a=1"), "a=1");
    }
}
