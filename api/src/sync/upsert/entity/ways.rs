//! Ways to reach a company or a person, brought up to date for many at once: one of a kind and a label is one way.

use std::collections::HashMap;

use async_graphql::InputObject;
use entities::{account::contact_point, codes::ContactPointKind};
use sea_orm::Set;
use serde_json::json;
use uuid::Uuid;

use super::super::{Fields, Scene};
use crate::{
    graph::{Error, Result, line, text},
    journey::Work,
    policy::mask,
};

/// The most ways of one row.
const MAX_WAYS: usize = 100;

/// A way to reach somebody. A way of the same kind and label is changed, another one is added; those that are not named stay.
#[derive(Clone, Debug, InputObject)]
pub struct ContactPointSetInput {
    /// What kind of way.
    pub kind: ContactPointKind,
    /// What it is called, at most 255 characters: office, billing, mobile.
    pub label: Option<String>,
    /// The address or number, at most 2,000 characters; null takes the way away.
    pub value: Option<String>,
}

/// Whose ways.
#[derive(Clone, Copy)]
pub struct Owner {
    /// The person; None: the company itself.
    pub contact: Option<Uuid>,
    /// The company that its team reaches them by.
    pub account: Option<Uuid>,
    /// Whether nobody can have ways yet.
    pub is_new: bool,
}

/// A row's ways, checked.
pub fn checked(ways: &[ContactPointSetInput]) -> Result<Vec<ContactPointSetInput>> {
    if ways.len() > MAX_WAYS {
        return Err(Error::invalid("set.contactPoints", format!("at most {MAX_WAYS} at once")));
    }
    let check = |(index, way): (usize, &ContactPointSetInput)| {
        let at = |field: &str| format!("set.contactPoints.{index}.{field}");
        let value = way.value.clone().filter(|value| !value.trim().is_empty());
        let value = match way.kind {
            // An address has lines.
            ContactPointKind::Address => {
                value.map(|value| crate::graph::prose(&at("value"), value, 2000)).transpose()?
            }
            _ => value.map(|value| text(&at("value"), value, 2000)).transpose()?,
        };
        Ok(ContactPointSetInput { kind: way.kind, label: line(&at("label"), way.label.clone())?, value })
    };
    ways.iter().enumerate().map(check).collect()
}

/// Brings the ways of many owners up to date. Gives what they were before, by place.
pub async fn bring(
    work: &mut Work<'_>,
    scene: &Scene<'_>,
    owners: Vec<(usize, Owner, Vec<ContactPointSetInput>)>,
) -> Result<HashMap<usize, Fields>> {
    let known: Vec<Uuid> =
        owners.iter().filter(|(_, owner, _)| !owner.is_new).filter_map(|(_, o, _)| o.contact).collect();
    let companies: Vec<Uuid> = owners
        .iter()
        .filter(|(_, owner, _)| !owner.is_new && owner.contact.is_none())
        .filter_map(|(_, owner, _)| owner.account)
        .collect();
    let mut held: HashMap<(Option<Uuid>, Option<Uuid>), Vec<contact_point::Model>> = HashMap::new();
    for row in work.following_many_unscoped::<contact_point::Entity>(contact_point::Column::ContactId, &known).await? {
        held.entry((row.contact_id, None)).or_default().push(row);
    }
    let rows =
        work.following_many_unscoped::<contact_point::Entity>(contact_point::Column::AccountId, &companies).await?;
    for row in rows.into_iter().filter(|row| row.contact_id.is_none()) {
        held.entry((None, row.account_id)).or_default().push(row);
    }
    let (mut new, mut patches, mut before) = (Vec::new(), Vec::new(), HashMap::new());
    for (place, owner, ways) in owners {
        let whose = (owner.contact, if owner.contact.is_some() { None } else { owner.account });
        let rows = held.remove(&whose).unwrap_or_default();
        let mut kinds: Vec<ContactPointKind> = rows.iter().map(|row| row.kind).collect();
        let mut was = Vec::new();
        for ContactPointSetInput { kind, label, value } in ways {
            let same = rows.iter().find(|row| row.kind == kind && row.label == label);
            match (same, value) {
                (Some(row), Some(value)) if row.value.as_ref() == Some(&value) => {}
                (None, None) => {}
                (Some(row), value) => {
                    was.push(json!({ "kind": kind.as_str(), "label": label, "value": row.value }));
                    let mut patch = contact_point::ActiveModel::default();
                    match value {
                        Some(value) => {
                            patch.value_hash = Set(Some(hash(scene, kind, &value)));
                            patch.value = Set(Some(value));
                        }
                        None => patch.deleted_at = Set(Some(scene.now)),
                    }
                    patches.push((row.clone(), patch));
                }
                (None, Some(value)) => {
                    was.push(json!({ "kind": kind.as_str(), "label": label, "value": null }));
                    let first = !kinds.contains(&kind);
                    kinds.push(kind);
                    new.push(contact_point::ActiveModel {
                        contact_id: Set(owner.contact),
                        account_id: Set(owner.account),
                        kind: Set(kind),
                        label: Set(label),
                        value_hash: Set(Some(hash(scene, kind, &value))),
                        value: Set(Some(value)),
                        is_primary: Set(first),
                        ..Default::default()
                    });
                }
            }
        }
        if !was.is_empty() && !owner.is_new {
            before.insert(place, Fields::from_iter([("contactPoints".to_owned(), was.into())]));
        }
    }
    work.update_many::<contact_point::Entity>(patches).await?;
    work.insert_many::<contact_point::Entity>(new).await?;
    Ok(before)
}

fn hash(scene: &Scene<'_>, kind: ContactPointKind, value: &str) -> String {
    mask::value_hash(&scene.cx.caller.tenant_key.0, kind.as_str(), value)
}

/// The ways to reach people go along to their new employers.
pub async fn move_along(work: &mut Work<'_>, moved: &[(Uuid, Option<Uuid>)]) -> Result<()> {
    let people: Vec<Uuid> = moved.iter().map(|(person, _)| *person).collect();
    let rows = work.following_many_unscoped::<contact_point::Entity>(contact_point::Column::ContactId, &people).await?;
    let patches = rows.into_iter().filter_map(|row| {
        let (_, account) = moved.iter().find(|(person, _)| Some(*person) == row.contact_id)?;
        Some((row, contact_point::ActiveModel { account_id: Set(*account), ..Default::default() }))
    });
    let patches = patches.collect();
    work.update_many::<contact_point::Entity>(patches).await?;
    Ok(())
}
