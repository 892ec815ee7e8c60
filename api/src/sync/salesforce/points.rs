//! Ways to reach a company or a person, as the columns of one row name them.

use entities::{account::contact_point, codes::ContactPointKind};
use sea_orm::Set;
use uuid::Uuid;

use super::super::read::Record;
use crate::{
    graph::{Cx, Result},
    journey::Work,
    policy::mask,
};

/// A way to reach somebody.
pub(super) struct Point {
    kind: ContactPointKind,
    label: &'static str,
    value: String,
}

/// One column is one way.
pub(super) fn single(record: &Record, column: &str, kind: ContactPointKind, label: &'static str) -> Option<Point> {
    record.get(column).map(|value| Point { kind, label, value: value.to_owned() })
}

/// Street, city, state, code and country are one address of several lines.
pub(super) fn address(record: &Record, prefix: &str, label: &'static str) -> Option<Point> {
    let parts = ["street", "postalcode", "city", "state", "country"];
    let lines: Vec<&str> = parts.iter().filter_map(|part| record.get(&format!("{prefix}{part}"))).collect();
    (!lines.is_empty()).then(|| Point { kind: ContactPointKind::Address, label, value: lines.join("\n") })
}

/// Whose point it is.
#[derive(Clone, Copy)]
pub(super) enum Owner {
    Account(Uuid),
    Contact(Uuid, Option<Uuid>),
}

/// The rows of new points.
pub(super) fn rows(cx: &Cx, owner: Owner, points: Vec<Point>) -> Vec<contact_point::ActiveModel> {
    let (contact_id, account_id) = match owner {
        Owner::Account(account) => (None, Some(account)),
        Owner::Contact(contact, account) => (Some(contact), account),
    };
    let mut kinds = Vec::new();
    let rows = points.into_iter().map(|Point { kind, label, value }| {
        let first = !kinds.contains(&kind);
        kinds.push(kind);
        contact_point::ActiveModel {
            contact_id: Set(contact_id),
            account_id: Set(account_id),
            kind: Set(kind),
            label: Set(Some(label.to_owned())),
            value_hash: Set(Some(mask::value_hash(&cx.caller.tenant_key.0, kind.as_str(), &value))),
            value: Set(Some(value)),
            is_primary: Set(first),
            ..Default::default()
        }
    });
    rows.collect()
}

/// Brings the points of a known owner up to date: those of a label that the source still names.
pub(super) async fn update(cx: &Cx, work: &mut Work<'_>, owner: Owner, points: Vec<Point>) -> Result<()> {
    let held = match owner {
        Owner::Account(account) => {
            let of =
                work.following_unscoped::<contact_point::Entity>(contact_point::Column::AccountId, account).await?;
            of.into_iter().filter(|point| point.contact_id.is_none()).collect::<Vec<_>>()
        }
        Owner::Contact(contact, _) => {
            work.following_unscoped::<contact_point::Entity>(contact_point::Column::ContactId, contact).await?
        }
    };
    let mut new = Vec::new();
    for point in points {
        match held.iter().find(|row| row.kind == point.kind && row.label.as_deref() == Some(point.label)) {
            Some(row) if row.value.as_deref() == Some(&point.value) => {}
            Some(row) => {
                let changed = contact_point::ActiveModel {
                    value_hash: Set(Some(mask::value_hash(&cx.caller.tenant_key.0, point.kind.as_str(), &point.value))),
                    value: Set(Some(point.value)),
                    ..Default::default()
                };
                work.update_row::<contact_point::Entity>(row, changed).await?;
            }
            None => new.push(point),
        }
    }
    work.insert_many::<contact_point::Entity>(rows(cx, owner, new)).await?;
    Ok(())
}
