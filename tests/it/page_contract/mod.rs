//! The calls of the web application's pages about what is sold and ordered, row by row: the whole document of a success and
//! of each failure, with the types that the pages read. Nothing here is "about so".

mod categories;
mod orders;
mod providers;
mod services;
mod wrong;

use serde_json::{Value, json};

use crate::support::Answer;

/// A success exactly: status, and every field of the envelope.
#[track_caller]
pub fn succeeds(answer: &Answer, status: u16, name: &str, message: &str) -> Value {
    let result = answer.success(status, name);
    let whole = json!({ "success": true, "name": name, "message": message, "result": result });
    assert_eq!(answer.json(), whole);
    result
}

/// A failure exactly: status, and every field of the envelope. Details may be there.
#[track_caller]
pub fn fails(answer: &Answer, status: u16, name: &str, message: &str) {
    let mut body = answer.failure(status, name);
    body.as_object_mut().expect("an object").remove("details");
    let whole = json!({ "success": false, "name": name, "message": message, "result": null });
    assert_eq!(body, whole);
}

/// A failure whose page shows `name` and `message`, whatever they are.
#[track_caller]
pub fn fails_in_words(answer: &Answer, status: u16, name: &str) {
    let message = answer.failure(status, name)["message"].clone();
    fails(answer, status, name, message.as_str().expect("words"));
}

/// A failure that says which field it is about, in the message and for programs.
#[track_caller]
pub fn names_the_field(answer: &Answer, field: &str, problem: &str) {
    fails(answer, 400, "VALIDATION_ERROR", &format!("{field} {problem}"));
    let issues = json!([{ "path": [field], "message": problem }]);
    assert_eq!(answer.json()["details"]["issues"], issues);
}
