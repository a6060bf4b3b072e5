//! Heads of the audit log that are kept elsewhere.

use std::fs;

use super::program::{Variables, run};

#[test]
fn a_head_is_known_again_by_its_signature_and_nobody_without_the_key_writes_one() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let audit = |more: &[&str]| run(&[&["audit"], more, &["--data", data]].concat(), &Variables::new());
    run(&["migrate", "--data", data], &Variables::new()).good();
    let head = audit(&["head"]).good().trim().to_owned();
    let (plain, signature) = head.split_once('.').expect("a head and its signature");
    assert_eq!(signature.len(), 44, "{head}");

    let kept = folder.path().join("heads.txt");
    fs::write(&kept, format!("2026-11-21T09:00:00Z {head}\n\n{head}\n{plain}\n")).unwrap();
    let kept = kept.to_str().unwrap();
    for good in [["--head", head.as_str()], ["--head", plain], ["--heads", kept]] {
        let said = audit(&[&["verify"][..], &good].concat()).good();
        assert!(said.contains(&head), "{said}");
    }
    let forged = format!("7{head}");
    let refused = audit(&["verify", "--head", &forged]);
    assert!(!refused.status.success());
    assert!(refused.stderr.contains("not ours"), "{refused:#?}");
    // A head of a longer chain than there is: the end was cut off.
    let longer = format!("7:{}", "0".repeat(64));
    let cut = audit(&["verify", "--head", &longer]);
    assert!(
        !cut.status.success() && cut.stdout.contains("ends at 0"),
        "{cut:#?}"
    );
    fs::write(kept, format!("{head}\n{forged}\n")).unwrap();
    let refused = audit(&["verify", "--heads", kept]);
    assert!(refused.stderr.contains("line 2"), "{refused:#?}");
}
