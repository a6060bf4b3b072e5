//! The audit log, and the chain that it is sealed into.

#![expect(missing_docs, reason = "the name of a case is its documentation")]

use domain::audit::{Head, Line, Link, Verification};
use domain::orders::Actor;
use domain::{PageSize, Timestamp, UserId};
use ports::StoreError;
use ports::audit::{AuditEntry, AuditFilter, Origin, Waiting};

use super::{Backend, Case, conflicts};
use crate::fixtures::{NOW, admin, after, user_id};

/// Hands the cases of this suite to `$with`.
#[macro_export]
macro_rules! audit_contract {
    ($with:ident) => {
        $with! { audit:
            a_line_is_written_for_every_kind_of_actor,
            lines_are_found_by_everything_that_can_be_asked_for,
            lines_are_paged_from_the_newest_to_the_oldest,
            a_line_is_sealed_once_and_in_the_order_of_the_ids,
            of_two_who_seal_at_the_same_time_one_does,
            a_line_that_was_committed_late_is_sealed_later,
        }
    };
}

/// A line whose details would break badly quoted text.
#[must_use]
pub fn entry(actor: Actor) -> AuditEntry {
    AuditEntry::new(actor, "provider.update", "provider:7", NOW)
        .from(&Origin {
            address: Some("2001:db8::7".to_owned()),
            request: Some("7e9".to_owned()),
        })
        .with("name", "O'Hara \"& Sons\"\n\u{1f98a}")
        .with("availability", "disabled")
}

pub async fn a_line_is_written_for_every_kind_of_actor(backend: &Backend) -> Case {
    let mut tx = backend.store.begin().await?;
    tx.identity().insert_user(&admin(1)).await?;
    let actors = [
        Actor::System,
        Actor::Provider,
        Actor::Customer(user_id(1)),
        Actor::Staff(user_id(1)),
        Actor::Visitor,
    ];
    for actor in &actors {
        tx.audit().append(&entry(actor.clone())).await?;
    }
    tx.commit().await?;
    let mut lines = all(backend).await?;
    lines.reverse();
    assert_eq!(lines.len(), actors.len());
    for (line, actor) in lines.iter().zip(&actors) {
        let expected = Line {
            id: line.id,
            actor: actor.kind().to_owned(),
            actor_user: actor.user().map(|user| user.as_str().to_owned()),
            action: "provider.update".to_owned(),
            target: "provider:7".to_owned(),
            details: line.details.clone(),
            at: NOW,
            address: Some("2001:db8::7".to_owned()),
            request: Some("7e9".to_owned()),
        };
        assert_eq!(*line, expected);
    }
    Ok(())
}

async fn all(backend: &Backend) -> Result<Vec<Line>, StoreError> {
    let filter = AuditFilter::default();
    backend.audit.lines(&filter, None, PageSize::WHOLE).await
}

/// Writes one line for each of these; each has a time of its own.
async fn write(backend: &Backend, lines: &[(Actor, &'static str, &str)]) -> Case {
    let mut tx = backend.store.begin().await?;
    for ((actor, action, target), second) in lines.iter().zip(0..) {
        let entry = AuditEntry::new(actor.clone(), action, *target, after(second));
        tx.audit().append(&entry).await?;
    }
    tx.commit().await
}

pub async fn lines_are_found_by_everything_that_can_be_asked_for(backend: &Backend) -> Case {
    let (ann, bob) = (UserId::new("ann"), UserId::new("bob"));
    write(
        backend,
        &[
            (Actor::Staff(ann.clone()), "wallet.credit", "user:7"),
            (Actor::Staff(bob.clone()), "wallet.credit", "user:8"),
            (Actor::Staff(ann.clone()), "order.decide", "order:7"),
            (Actor::System, "submission.doubt", "submission"),
        ],
    )
    .await?;
    let found = async |filter: AuditFilter| {
        let lines = backend.audit.lines(&filter, None, PageSize::WHOLE).await?;
        let times = lines.iter().map(|line| line.at.since(NOW).as_secs());
        Ok::<_, StoreError>(times.collect::<Vec<_>>())
    };
    let anything = AuditFilter::default;
    let of_ann = AuditFilter {
        actor: Some(ann),
        ..anything()
    };
    assert_eq!(found(of_ann.clone()).await?, [2, 0]);
    let credits = AuditFilter {
        action: Some("wallet.credit".to_owned()),
        ..anything()
    };
    assert_eq!(found(credits).await?, [1, 0]);
    let target = AuditFilter {
        target: Some("order:7".to_owned()),
        ..anything()
    };
    assert_eq!(found(target).await?, [2]);
    let (from, until): (Option<Timestamp>, Option<Timestamp>) = (Some(after(1)), Some(after(3)));
    assert_eq!(
        found(AuditFilter {
            from,
            until,
            ..anything()
        })
        .await?,
        [2, 1]
    );
    assert_eq!(
        found(AuditFilter {
            from,
            ..of_ann.clone()
        })
        .await?,
        [2]
    );
    let nothing = AuditFilter {
        action: Some("wallet%".to_owned()),
        ..of_ann
    };
    assert_eq!(found(nothing).await?, [0_u64; 0]);
    Ok(())
}

pub async fn lines_are_paged_from_the_newest_to_the_oldest(backend: &Backend) -> Case {
    let lines: Vec<_> = (0..5).map(|_| (Actor::System, "a.b", "c:1")).collect();
    write(backend, &lines).await?;
    let ids: Vec<i64> = all(backend).await?.iter().map(|line| line.id).collect();
    assert!(ids.is_sorted_by(|newer, older| newer > older), "{ids:?}");
    let two = PageSize::new(2).expect("a size");
    let (mut before, mut paged) = (None, Vec::new());
    loop {
        let page = backend.audit.lines(&AuditFilter::default(), before, two).await?;
        paged.extend(page.iter().map(|line| line.id));
        before = page.last().map(|line| line.id);
        if before.is_none() {
            break;
        }
    }
    assert_eq!(paged, ids);
    Ok(())
}

/// Links for the first `limit` lines that wait, not written yet.
async fn links(tx: &mut dyn ports::Tx, limit: u16) -> Result<Vec<Link>, StoreError> {
    let mut head = tx.audit().head().await?;
    let lines = tx.audit().unsealed(limit).await?;
    Ok(lines
        .iter()
        .map(|line| {
            let link = head.seal(line, after(60));
            head = Head::from(&link);
            link
        })
        .collect())
}

async fn seal(backend: &Backend, limit: u16) -> Result<Vec<Link>, StoreError> {
    let mut tx = backend.store.begin().await?;
    let links = links(&mut *tx, limit).await?;
    tx.audit().seal(&links).await?;
    tx.commit().await?;
    Ok(links)
}

/// Walks along the whole chain, in steps of two links.
async fn is_sound(backend: &Backend) -> Case {
    let mut walk = Verification::new(Some(backend.audit.end().await?));
    loop {
        let links = backend.audit.chain(walk.end().sequence, 2).await?;
        if links.is_empty() {
            break;
        }
        for (link, line) in links {
            walk.pass(&link, line.as_ref());
        }
    }
    assert_eq!(*walk.end(), backend.audit.end().await?);
    assert_eq!(walk.finish(), (Vec::new(), 0));
    assert_eq!(backend.audit.inserted().await?, [0; 0]);
    assert_eq!(backend.audit.lost().await?, [0; 0]);
    Ok(())
}

pub async fn a_line_is_sealed_once_and_in_the_order_of_the_ids(backend: &Backend) -> Case {
    assert_eq!(backend.audit.end().await?, Head::nothing());
    let lines: Vec<_> = (0..5).map(|_| (Actor::System, "a.b", "c:1")).collect();
    write(backend, &lines).await?;
    let waiting = Waiting {
        lines: 5,
        since: Some(NOW),
    };
    assert_eq!(backend.audit.waiting().await?, waiting);
    let mut ids: Vec<i64> = all(backend).await?.iter().map(|line| line.id).collect();
    ids.reverse();
    let mut sealed = seal(backend, 3).await?;
    assert_eq!(sealed.len(), 3);
    assert_eq!(backend.audit.waiting().await?.since, Some(after(3)));
    sealed.extend(seal(backend, 3).await?);
    assert_eq!(seal(backend, 3).await?, []);
    assert_eq!(sealed.iter().map(|link| link.line).collect::<Vec<_>>(), ids);
    assert_eq!(
        sealed.iter().map(|link| link.sequence).collect::<Vec<_>>(),
        [1, 2, 3, 4, 5]
    );
    let chain = backend.audit.chain(0, 100).await?;
    assert_eq!(
        chain.into_iter().map(|(link, _)| link).collect::<Vec<_>>(),
        sealed
    );
    assert_eq!(
        backend.audit.waiting().await?,
        Waiting {
            lines: 0,
            since: None
        }
    );
    is_sound(backend).await
}

pub async fn of_two_who_seal_at_the_same_time_one_does(backend: &Backend) -> Case {
    write(
        backend,
        &[(Actor::System, "a.b", "c:1"), (Actor::System, "a.b", "c:2")],
    )
    .await?;
    let mut tx = backend.store.begin().await?;
    let early = links(&mut *tx, 1).await?;
    drop(tx);
    assert_eq!(seal(backend, 1).await?, early);
    let mut tx = backend.store.begin().await?;
    conflicts(tx.audit().seal(&early).await, "audit_seals");
    drop(tx);
    seal(backend, 9).await?;
    is_sound(backend).await
}

pub async fn a_line_that_was_committed_late_is_sealed_later(backend: &Backend) -> Case {
    write(backend, &[(Actor::System, "a.b", "c:1")]).await?;
    let mut late = backend.store.begin().await?;
    let entry = AuditEntry::new(Actor::System, "a.late", "c:2", after(1));
    late.audit().append(&entry).await?;
    // SQLite has one writer: there nobody can be late.
    let other = async {
        write(backend, &[(Actor::System, "a.b", "c:3")]).await?;
        seal(backend, 9).await
    };
    let other = tokio::time::timeout(std::time::Duration::from_millis(300), other).await;
    late.commit().await?;
    if let Ok(sealed) = other {
        assert_eq!(sealed?.len(), 2);
    }
    seal(backend, 9).await?;
    assert_eq!(backend.audit.waiting().await?.lines, 0);
    is_sound(backend).await
}
