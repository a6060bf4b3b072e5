//! Forms in parts, as PHP sends an array. Only plain fields: nobody uploads anything here.

use super::fields::Unreadable;

/// The longest separator that the standard allows.
const BOUNDARY_MAX_CHARS: usize = 70;

/// The fields of a body, in their order.
pub fn parts(content_type: &str, body: &[u8]) -> Result<Vec<(String, String)>, Unreadable> {
    let boundary = parameter(content_type, "boundary").filter(|it| it.len() <= BOUNDARY_MAX_CHARS);
    let boundary = boundary.ok_or_else(|| "the multipart body names no boundary".to_owned())?;
    let body = std::str::from_utf8(body).map_err(|_| broken())?;
    let separator = format!("\r\n--{boundary}");
    // Every separator but the first begins a line.
    let whole = format!("\r\n{body}");
    let mut pieces = whole.split(separator.as_str());
    pieces.next();
    let mut fields = Vec::new();
    for piece in pieces {
        if piece.starts_with("--") {
            return Ok(fields);
        }
        let piece = piece.trim_start_matches([' ', '\t']);
        let (head, value) = piece
            .strip_prefix("\r\n")
            .and_then(|piece| piece.split_once("\r\n\r\n"))
            .ok_or_else(broken)?;
        fields.push((name(head).ok_or_else(broken)?, value.to_owned()));
    }
    // Without the last separator something is missing.
    Err(broken())
}

fn broken() -> Unreadable {
    "the multipart body cannot be read".to_owned()
}

/// The name of a part.
fn name(head: &str) -> Option<String> {
    let disposition = head.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field
            .trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    parameter(disposition, "name")
}

/// A parameter behind the first semicolon, with or without quotes.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (name.trim().eq_ignore_ascii_case(wanted) && !value.is_empty()).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"x-y\"";

    fn part(name: &str, value: &str) -> String {
        format!("--x-y\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    }

    #[test]
    fn fields_are_read_with_their_line_breaks() {
        let body = format!(
            "{}{}--x-y--\r\n",
            part("key", "k"),
            part("comments", "one\r\ntwo")
        );
        let read = parts(TYPE, body.as_bytes()).unwrap();
        let expected = [("key", "k"), ("comments", "one\r\ntwo")];
        assert_eq!(
            read,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert_eq!(parts(TYPE, b"--x-y--"), Ok(Vec::new()));
    }

    #[test]
    fn a_body_that_was_cut_is_refused() {
        let whole = format!("{}--x-y--", part("key", "k"));
        for end in 1..whole.len() - 2 {
            assert!(parts(TYPE, &whole.as_bytes()[..end]).is_err(), "{end}");
        }
        assert!(parts("multipart/form-data", whole.as_bytes()).is_err());
        assert!(parts(TYPE, b"--x-y\r\n\r\nvalue\r\n--x-y--").is_err());
        assert!(
            parts(
                TYPE,
                b"--x-y\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x-y--"
            )
            .is_err()
        );
        assert!(parts(TYPE, b"\xff").is_err());
    }
}
