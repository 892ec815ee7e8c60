//! Stitching: finding out who a visitor is, in real time and afterwards. The first anonymous click becomes a part of the person's way.
//!
//! 1. A value proves somebody if its kind is strong (EMAIL, USER_ID, CRM_ID) and it leads to exactly one contact: by an identity, or by
//!    an e-mail address of the contact. With more contacts behind it than the kind's rule allows it is shared and proves nothing; with
//!    several allowed it proves nobody in particular.
//! 2. Of several values those of the rule with the lowest priority number that lead to one contact decide; where these lead to two,
//!    nobody is proven.
//! 3. The contact always stays: linking changes nothing of the contact. A visitor whom nothing proves keeps the values, and is linked when
//!    a contact with one of them comes.
//! 4. A visitor who is somebody stays that: where another person is proven on the same browser, that person has a visitor of its own
//!    from then on, which the browser's values lead to. Coming back each is found again. So two people on one browser stay two.
//! 5. A contact with as many values of a kind as its rule allows (of COOKIE and DEVICE those of its browsers) gets no more: it is
//!    suspicious, and nothing is linked.
//! 6. Linking fills what the visitor's touchpoints, leads and orders leave open (contact, and the account of that time), and puts the
//!    visitor's events on the timelines of both. Unlinking takes back exactly these.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entities::{
    account::{contact, contact_point, employment, identity, identity_rule, visitor, visitor_link},
    codes::{ConsentState, ContactPointKind, IdentityKind, IdentityStrength, SubjectType},
    journey::event_subject,
    marketing::{lead, touchpoint},
    sales::sales_order,
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, Set, Value, sea_query::Condition};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Contact, Visitor};
use crate::{
    graph::{Cx, Error, GlobalId, Kind, Result, UserErrorCode, text},
    journey::{Event, EventKind, Journaled, Payload, Work, attempt, column_name, event_id},
    payload,
    policy::{Class, access, mask},
};

/// The most values that one call brings.
const MAX_VALUES: usize = 20;
/// The longest value, in characters.
const MAX_VALUE: usize = 500;
/// How many visitors one new address links at once.
const MAX_MET: usize = 100;

/// A value that recognises somebody.
#[derive(Clone, Debug, InputObject)]
pub struct IdentityInput {
    /// What kind of value.
    pub kind: IdentityKind,
    /// The value, at most 500 characters. It is kept as a hash.
    pub value: String,
}

/// What was learned of a visitor.
#[derive(Clone, Debug, InputObject)]
pub struct IdentifyVisitorInput {
    /// The visitor; absent: the one that a COOKIE or DEVICE among the values leads to, else a new one.
    pub visitor_id: Option<GlobalId>,
    /// The values that were seen, 1 to 20.
    pub identities: Vec<IdentityInput>,
    /// Who it is, where you know: then the values prove nothing and are taken for this contact's.
    pub contact_id: Option<GlobalId>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum IdentificationOutcome {
    /// The visitor was linked with the contact now; its past is the contact's.
    Linked,
    /// The visitor was linked with the contact already, and nothing says that it is somebody else.
    Known,
    /// The browser was another contact's: this contact has a visitor of its own on it from now on.
    Split,
    /// Nothing leads to a contact. The values are kept with the visitor.
    Anonymous,
    /// A value stands for more contacts than its rule allows.
    Shared,
    /// The values lead to different contacts.
    Ambiguous,
    /// The contact has as many values of a kind as the rule allows: nothing was linked.
    Suspicious,
}

/// Who a visitor is.
#[derive(SimpleObject)]
pub struct Identification {
    /// What came of it.
    pub outcome: IdentificationOutcome,
    /// The visitor that stands for this browser or device from now on.
    pub visitor: Visitor,
    /// Who it is; null while nobody knows.
    pub contact: Option<Contact>,
}

/// A visitor and who it is.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct LinkVisitorInput {
    /// Which visitor.
    pub id: GlobalId,
    /// Link it only if it still has this version.
    pub if_version: Option<i32>,
    /// Who it is.
    pub contact_id: GlobalId,
}

/// A visitor who is somebody else, or nobody knows.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct UnlinkVisitorInput {
    /// Which visitor.
    pub id: GlobalId,
    /// Unlink it only if it still has this version.
    pub if_version: Option<i32>,
}

payload! {
    /// What `identifyVisitor` answers.
    IdentifyVisitorPayload {
        /// Who the visitor is; null if it was refused.
        identification: Identification
    }
}

payload! {
    /// What `linkVisitor` answers.
    LinkVisitorPayload {
        /// The linked visitor; null if it was refused.
        visitor: Visitor
    }
}

payload! {
    /// What `unlinkVisitor` answers.
    UnlinkVisitorPayload {
        /// The visitor, of whom nobody knows who it is; null if it was refused.
        visitor: Visitor
    }
}

/// What linking and unlinking writes.
const LINK: [(Class, &str); 1] = [(Class::P, "contact")];

/// How far a kind of value may be trusted.
const fn strength_of(kind: IdentityKind) -> IdentityStrength {
    match kind {
        IdentityKind::Email | IdentityKind::UserId | IdentityKind::CrmId => IdentityStrength::Strong,
        IdentityKind::Phone | IdentityKind::Device => IdentityStrength::Medium,
        IdentityKind::Cookie | IdentityKind::Domain => IdentityStrength::Weak,
    }
}

/// Whether a kind of value is a browser's or device's, not a person's.
const fn is_of_device(kind: IdentityKind) -> bool {
    matches!(kind, IdentityKind::Cookie | IdentityKind::Device)
}

/// A value as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sign {
    kind: IdentityKind,
    hash: String,
}

/// The rules of the tenant.
struct Rules(HashMap<IdentityKind, identity_rule::Model>);

impl Rules {
    async fn of(work: &Work<'_>) -> Result<Rules> {
        let standing = Condition::all().add(identity_rule::Column::DeletedAt.is_null());
        let rows = work.found_unscoped::<identity_rule::Entity>(standing).await?;
        Ok(Rules(rows.into_iter().map(|rule| (rule.kind, rule)).collect()))
    }

    fn most_contacts(&self, kind: IdentityKind) -> usize {
        self.0.get(&kind).map_or(1, |rule| usize::try_from(rule.max_subjects_per_value).unwrap_or(1))
    }

    /// None: no limit.
    fn most_values(&self, kind: IdentityKind) -> Option<usize> {
        self.0.get(&kind).and_then(|rule| usize::try_from(rule.max_per_subject).ok())
    }

    fn priority(&self, kind: IdentityKind) -> i32 {
        self.0.get(&kind).map_or(100, |rule| rule.priority)
    }

    fn id(&self, kind: IdentityKind) -> Option<Uuid> {
        self.0.get(&kind).map(|rule| rule.id)
    }
}

/// Whom the values prove.
enum Proof {
    Contact(Uuid, Option<Uuid>),
    Nobody(IdentificationOutcome),
}

/// The contacts that a value leads to, those that stand.
async fn leads_to(work: &Work<'_>, sign: &Sign) -> Result<Vec<Uuid>> {
    let named = Condition::all()
        .add(identity::Column::Kind.eq(sign.kind))
        .add(identity::Column::ValueHash.eq(sign.hash.as_str()))
        .add(identity::Column::SubjectType.eq(SubjectType::Contact))
        .add(identity::Column::ValidTo.is_null());
    let mut ids: BTreeSet<Uuid> =
        work.found_unscoped::<identity::Entity>(named).await?.into_iter().map(|value| value.subject_id).collect();
    if sign.kind == IdentityKind::Email {
        let named = Condition::all()
            .add(contact_point::Column::Kind.eq(ContactPointKind::Email))
            .add(contact_point::Column::ValueHash.eq(sign.hash.as_str()))
            .add(contact_point::Column::ContactId.is_not_null())
            .add(contact_point::Column::DeletedAt.is_null());
        let points = work.found_unscoped::<contact_point::Entity>(named).await?;
        ids.extend(points.into_iter().filter_map(|point| point.contact_id));
    }
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let standing = Condition::all()
        .add(contact::Column::Id.is_in(ids))
        .add(contact::Column::DeletedAt.is_null())
        .add(contact::Column::ErasedAt.is_null());
    Ok(work.found_unscoped::<contact::Entity>(standing).await?.into_iter().map(|row| row.id).collect())
}

async fn proof(work: &Work<'_>, rules: &Rules, signs: &[Sign]) -> Result<Proof> {
    let mut strong: Vec<&Sign> =
        signs.iter().filter(|sign| strength_of(sign.kind) == IdentityStrength::Strong).collect();
    strong.sort_by_key(|sign| rules.priority(sign.kind));
    let mut outcome = IdentificationOutcome::Anonymous;
    for same in strong.chunk_by(|one, other| rules.priority(one.kind) == rules.priority(other.kind)) {
        let mut proven: Vec<(Uuid, Option<Uuid>)> = Vec::new();
        for sign in same {
            match leads_to(work, sign).await?.as_slice() {
                [] => {}
                [contact] => proven.push((*contact, rules.id(sign.kind))),
                many if many.len() > rules.most_contacts(sign.kind) => outcome = IdentificationOutcome::Shared,
                _ => outcome = IdentificationOutcome::Ambiguous,
            }
        }
        proven.dedup_by_key(|(contact, _)| *contact);
        match proven.as_slice() {
            [] => {}
            [(contact, rule)] => return Ok(Proof::Contact(*contact, *rule)),
            [(first, rule), rest @ ..] => {
                return Ok(match rest.iter().all(|(contact, _)| contact == first) {
                    true => Proof::Contact(*first, *rule),
                    false => Proof::Nobody(IdentificationOutcome::Ambiguous),
                });
            }
        }
    }
    Ok(Proof::Nobody(outcome))
}

/// Takes what was learned of a visitor.
pub async fn identify(cx: &Cx, input: IdentifyVisitorInput) -> Result<Identification> {
    let IdentifyVisitorInput { visitor_id, identities, contact_id } = input;
    if identities.is_empty() || identities.len() > MAX_VALUES {
        return Err(Error::invalid("identities", format!("1 to {MAX_VALUES} values at once")));
    }
    let mut signs: Vec<Sign> = Vec::new();
    for (index, IdentityInput { kind, value }) in identities.into_iter().enumerate() {
        let value = text(&format!("identities.{index}.value"), value, MAX_VALUE)?;
        let sign = Sign { kind, hash: mask::value_hash(&cx.caller.tenant_key.0, kind.as_str(), &value) };
        if !signs.contains(&sign) {
            signs.push(sign);
        }
    }
    let mut work = Work::begin(cx).await?;
    let named = match contact_id {
        Some(id) => Some(work.refer::<contact::Entity>("contactId", id).await?.row().id),
        None => None,
    };
    let visitor = match visitor_id {
        Some(id) => {
            let id = id.named("visitorId", Kind::Visitor)?;
            let seen = work.to_change::<visitor::Entity>(id, None, &LINK).await;
            seen.map_err(|error| error.moved("id", "visitorId"))?.row().clone()
        }
        None => seen_on(&mut work, &signs).await?,
    };
    let rules = Rules::of(&work).await?;
    let proof = match named {
        Some(contact) => Proof::Contact(contact, None),
        None => Box::pin(proof(&work, &rules, &signs)).await?,
    };
    let (outcome, visitor, contact) = match proof {
        // Nothing says that it is somebody else; what else was seen need not be this contact's all the same.
        Proof::Nobody(IdentificationOutcome::Anonymous) if visitor.contact_id.is_some() => {
            (IdentificationOutcome::Known, visitor, None)
        }
        Proof::Nobody(outcome) => (outcome, visitor, None),
        Proof::Contact(contact, _) if visitor.contact_id == Some(contact) => {
            (IdentificationOutcome::Known, visitor, Some(contact))
        }
        Proof::Contact(contact, _) if suspicious(&work, &rules, &signs, &visitor, contact).await? => {
            (IdentificationOutcome::Suspicious, visitor, None)
        }
        Proof::Contact(id, rule) => {
            let contact = work.follow_unscoped::<contact::Entity>(id).await?.ok_or(Error::NotFound)?;
            let (outcome, visitor) = match visitor.contact_id {
                None => {
                    let visitor = Box::pin(link(&mut work, &visitor, &contact, rule, None)).await?;
                    (IdentificationOutcome::Linked, visitor)
                }
                Some(_) => (IdentificationOutcome::Split, Box::pin(split(&mut work, &visitor, &contact, rule)).await?),
            };
            (outcome, visitor, Some(id))
        }
    };
    Box::pin(keep(&mut work, &rules, &signs, &visitor, contact)).await?;
    let visitor = work.reached::<visitor::Entity>(visitor.id, &LINK).await?;
    let known = visitor.row().contact_id;
    let contact = match known {
        Some(id) => cx.caller.rows::<contact::Entity>().by_id(id).one(work.tx()).await?,
        None => None,
    };
    work.commit().await?;
    Ok(Identification { outcome, visitor: Visitor(visitor), contact: contact.map(Contact::from) })
}

/// The visitor that a browser's own values lead to, or a new one.
async fn seen_on(work: &mut Work<'_>, signs: &[Sign]) -> Result<visitor::Model> {
    for sign in signs.iter().filter(|sign| is_of_device(sign.kind)) {
        let mut known = visitors_with(work, sign).await?;
        known.sort_by_key(|value| (value.valid_from, value.id));
        let Some(last) = known.pop() else { continue };
        // Two sights of one browser at once wait for each other.
        work.hold_unscoped::<visitor::Entity>(last.subject_id).await?;
        if let Some(visitor) = work.follow_unscoped::<visitor::Entity>(last.subject_id).await? {
            let now = Ord::max(work.now(), visitor.last_seen_at);
            let seen = visitor::ActiveModel { last_seen_at: Set(now), ..Default::default() };
            return work.update_row::<visitor::Entity>(&visitor, seen).await;
        }
    }
    anonymous(work, ConsentState::Unknown).await
}

async fn anonymous(work: &mut Work<'_>, consent_state: ConsentState) -> Result<visitor::Model> {
    let row = visitor::ActiveModel {
        first_seen_at: Set(work.now()),
        last_seen_at: Set(work.now()),
        consent_state: Set(consent_state),
        ..Default::default()
    };
    work.insert::<visitor::Entity>(row).await
}

/// The open identities of visitors with a value.
async fn visitors_with(work: &Work<'_>, sign: &Sign) -> Result<Vec<identity::Model>> {
    let named = Condition::all()
        .add(identity::Column::Kind.eq(sign.kind))
        .add(identity::Column::ValueHash.eq(sign.hash.as_str()))
        .add(identity::Column::SubjectType.eq(SubjectType::Visitor))
        .add(identity::Column::ValidTo.is_null());
    work.naming_unscoped::<identity::Entity>(named).await
}

/// Whether the contact would have more values of a kind than its rule allows.
async fn suspicious(
    work: &Work<'_>,
    rules: &Rules,
    signs: &[Sign],
    visitor: &visitor::Model,
    contact: Uuid,
) -> Result<bool> {
    let linked = Condition::all().add(visitor::Column::ContactId.eq(contact));
    let mut browsers: Vec<Uuid> =
        work.found_unscoped::<visitor::Entity>(linked).await?.into_iter().map(|visitor| visitor.id).collect();
    // A visitor who becomes the contact brings what it has; one who is somebody else does not.
    browsers.extend(visitor.contact_id.is_none().then_some(visitor.id));
    let open = |subjects: Vec<Uuid>, kind: IdentityKind| {
        Condition::all()
            .add(identity::Column::SubjectId.is_in(subjects))
            .add(identity::Column::Kind.eq(kind))
            .add(identity::Column::ValidTo.is_null())
    };
    let kinds: HashSet<IdentityKind> = signs.iter().map(|sign| sign.kind).collect();
    for kind in kinds {
        let Some(most) = rules.most_values(kind) else { continue };
        let of = if is_of_device(kind) { browsers.clone() } else { vec![contact] };
        let held = work.found_unscoped::<identity::Entity>(open(of, kind)).await?;
        let mut values: HashSet<String> = held.into_iter().map(|value| value.value_hash).collect();
        values.extend(signs.iter().filter(|sign| sign.kind == kind).map(|sign| sign.hash.clone()));
        if values.len() > most {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The visitor that another person is on the browser of this one: the one from before, or a new one.
async fn split(
    work: &mut Work<'_>,
    visitor: &visitor::Model,
    contact: &contact::Model,
    rule: Option<Uuid>,
) -> Result<visitor::Model> {
    let before = Condition::all()
        .add(visitor_link::Column::SplitFromId.eq(visitor.id))
        .add(visitor_link::Column::ContactId.eq(contact.id));
    let own = Condition::all().add(visitor_link::Column::VisitorId.eq(visitor.id));
    let before = work.links_unscoped(before).await?.into_iter().map(|link| link.visitor_id);
    // Or the one that this one was split from: its person is back.
    let first = work.links_unscoped(own).await?.into_iter().filter_map(|link| link.split_from_id);
    for id in before.chain(first).collect::<Vec<Uuid>>() {
        if let Some(known) = work.follow_unscoped::<visitor::Entity>(id).await?
            && known.contact_id == Some(contact.id)
        {
            return Ok(known);
        }
    }
    let own = anonymous(work, visitor.consent_state).await?;
    link(work, &own, contact, rule, Some(visitor.id)).await
}

/// Keeps the values: a browser's with the visitor, a person's with the contact, and with the visitor while nobody is known.
async fn keep(
    work: &mut Work<'_>,
    rules: &Rules,
    signs: &[Sign],
    visitor: &visitor::Model,
    contact: Option<Uuid>,
) -> Result<()> {
    for sign in signs {
        let (ty, subject) = match contact {
            Some(contact) if !is_of_device(sign.kind) => (SubjectType::Contact, contact),
            _ => (SubjectType::Visitor, visitor.id),
        };
        let held = Condition::all()
            .add(identity::Column::Kind.eq(sign.kind))
            .add(identity::Column::ValueHash.eq(sign.hash.as_str()))
            .add(identity::Column::SubjectType.eq(ty))
            .add(identity::Column::SubjectId.eq(subject))
            .add(identity::Column::ValidTo.is_null());
        if is_of_device(sign.kind) && !yields(work, sign, visitor).await? {
            continue;
        }
        if !work.found_unscoped::<identity::Entity>(held).await?.is_empty() {
            continue;
        }
        // What is somebody else's stays theirs.
        if ty == SubjectType::Contact && leads_to(work, sign).await?.iter().any(|other| *other != subject) {
            continue;
        }
        let row = identity::ActiveModel {
            kind: Set(sign.kind),
            value_hash: Set(sign.hash.clone()),
            strength: Set(strength_of(sign.kind)),
            subject_type: Set(ty),
            subject_id: Set(subject),
            valid_from: Set(work.now()),
            identity_rule_id: Set(rules.id(sign.kind)),
            ..Default::default()
        };
        work.insert::<identity::Entity>(row).await?;
    }
    Ok(())
}

/// Lets a browser's value lead to this visitor and to no other. Not where it is a known person's and this visitor is anonymous: who is
/// known never loses to a new one.
async fn yields(work: &mut Work<'_>, sign: &Sign, visitor: &visitor::Model) -> Result<bool> {
    let others: Vec<identity::Model> =
        visitors_with(work, sign).await?.into_iter().filter(|value| value.subject_id != visitor.id).collect();
    if others.is_empty() {
        return Ok(true);
    }
    let of = Condition::all()
        .add(visitor::Column::Id.is_in(others.iter().map(|value| value.subject_id)))
        .add(visitor::Column::ContactId.is_not_null());
    if visitor.contact_id.is_none() && !work.found_unscoped::<visitor::Entity>(of).await?.is_empty() {
        return Ok(false);
    }
    for value in others {
        let over = identity::ActiveModel { valid_to: Set(Some(work.now())), ..Default::default() };
        work.update_row::<identity::Entity>(&value, over).await?;
    }
    Ok(true)
}

/// What a link has filled.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Filled {
    /// The visitor's account before.
    account: Option<Uuid>,
    /// The accounts on whose timelines past events were put.
    accounts: BTreeSet<Uuid>,
    /// Table, column, what was put there, and into which rows.
    cells: Vec<(String, String, Uuid, Vec<Uuid>)>,
}

/// Where a person worked, and when.
struct Jobs {
    now: Option<Uuid>,
    jobs: Vec<employment::Model>,
}

impl Jobs {
    async fn of(work: &Work<'_>, contact: &contact::Model) -> Result<Jobs> {
        let jobs = work.following_unscoped::<employment::Entity>(employment::Column::ContactId, contact.id).await?;
        Ok(Jobs { now: contact.account_id, jobs })
    }

    /// The employer of a moment; before the first that is known, that one; where none is known, the present one.
    fn at(&self, then: DateTime<Utc>) -> Option<Uuid> {
        let covers = |job: &&employment::Model| {
            job.valid_from.is_none_or(|from| from <= then) && job.valid_to.is_none_or(|to| then < to)
        };
        let held = self.jobs.iter().filter(covers).max_by_key(|job| (job.is_primary, job.valid_from));
        let first = || {
            let first = self.jobs.iter().min_by_key(|job| (job.valid_from, !job.is_primary))?;
            first.valid_from.is_some_and(|from| then < from).then_some(first)
        };
        match self.jobs.is_empty() {
            true => self.now,
            false => held.or_else(first).map(|job| job.account_id),
        }
    }
}

/// Links a visitor of whom nobody knew who it is.
async fn link(
    work: &mut Work<'_>,
    before: &visitor::Model,
    contact: &contact::Model,
    rule: Option<Uuid>,
    split_from: Option<Uuid>,
) -> Result<visitor::Model> {
    let id = work.fresh_id();
    let row = visitor::ActiveModel {
        contact_id: Set(Some(contact.id)),
        account_id: Set(contact.account_id.or(before.account_id)),
        ..Default::default()
    };
    let after = work.update_row::<visitor::Entity>(before, row).await?;
    let jobs = Jobs::of(work, contact).await?;
    let mut filled = Filled { account: before.account_id, ..Filled::default() };
    Box::pin(fill::<touchpoint::Entity>(work, &mut filled, TOUCHPOINT, &after, contact, |row| {
        jobs.at(row.occurred_at)
    }))
    .await?;
    Box::pin(fill::<lead::Entity>(work, &mut filled, LEAD, &after, contact, |row| jobs.at(row.created_at))).await?;
    Box::pin(fill::<sales_order::Entity>(work, &mut filled, ORDER, &after, contact, |row| jobs.at(row.ordered_at)))
        .await?;
    Box::pin(past(work, &mut filled, &after, contact.id, &jobs, id)).await?;
    let row = visitor_link::ActiveModel {
        tenant_id: NotSet,
        id: Set(id),
        visitor_id: Set(after.id),
        contact_id: Set(contact.id),
        account_id: Set(after.account_id),
        split_from_id: Set(split_from),
        identity_rule_id: Set(rule),
        actor_id: Set(work.caller().colleague),
        linked_at: Set(work.now()),
        unlinked_at: Set(None),
        moved: Set(serde_json::to_value(&filled).map_err(Error::internal)?),
    };
    work.insert_technical::<visitor_link::Entity>(vec![row]).await?;
    let payload = Payload::Identity {
        operation_id: Some(id),
        other_type: Some(SubjectType::Contact.as_str().to_owned()),
        other_id: Some(contact.id),
    };
    work.record(Event::of::<visitor::Entity>(EventKind::IdentityLinked, &after, payload));
    Ok(after)
}

/// A table that names visitors: its name, the visitor's column, the contact's, the account's.
type Names<E> = (
    &'static str,
    <E as sea_orm::EntityTrait>::Column,
    <E as sea_orm::EntityTrait>::Column,
    <E as sea_orm::EntityTrait>::Column,
);

const TOUCHPOINT: Names<touchpoint::Entity> =
    ("touchpoint", touchpoint::Column::VisitorId, touchpoint::Column::ContactId, touchpoint::Column::AccountId);
const LEAD: Names<lead::Entity> = ("lead", lead::Column::VisitorId, lead::Column::ContactId, lead::Column::AccountId);
const ORDER: Names<sales_order::Entity> =
    ("sales_order", sales_order::Column::VisitorId, sales_order::Column::ContactId, sales_order::Column::AccountId);

/// Fills what the visitor's rows leave open.
async fn fill<E: Journaled>(
    work: &mut Work<'_>,
    filled: &mut Filled,
    (table, visitor_id, contact_id, account_id): Names<E>,
    visitor: &visitor::Model,
    contact: &contact::Model,
    employer: impl Fn(&E::Model) -> Option<Uuid> + Send,
) -> Result<()> {
    let open = Condition::all().add(visitor_id.eq(visitor.id)).add(contact_id.is_null());
    let rows = work.naming_unscoped::<E>(open).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = rows.iter().map(E::id).collect();
    work.repoint_unscoped::<E>(rows, contact_id, contact.id.into()).await?;
    filled.cells.push((table.to_owned(), column_name::<E>(contact_id), contact.id, ids.clone()));
    let homeless = Condition::all().add(E::ID.is_in(ids)).add(account_id.is_null());
    let mut by_employer: HashMap<Uuid, Vec<E::Model>> = HashMap::new();
    for row in work.naming_unscoped::<E>(homeless).await? {
        if let Some(employer) = employer(&row) {
            by_employer.entry(employer).or_default().push(row);
        }
    }
    for (employer, rows) in by_employer {
        let ids = rows.iter().map(E::id).collect();
        work.repoint_unscoped::<E>(rows, account_id, employer.into()).await?;
        filled.cells.push((table.to_owned(), column_name::<E>(account_id), employer, ids));
    }
    Ok(())
}

/// Puts the visitor's past events on the timelines of the contact, and of the account that it worked for then.
async fn past(
    work: &mut Work<'_>,
    filled: &mut Filled,
    visitor: &visitor::Model,
    contact: Uuid,
    jobs: &Jobs,
    operation: Uuid,
) -> Result<()> {
    let mut last: Option<Uuid> = None;
    loop {
        let page = work.events_of(SubjectType::Visitor, visitor.id, last).await?;
        let Some(end) = page.last() else { return Ok(()) };
        last = Some(end.event_id);
        let (mut of_contact, mut of_account) = (Vec::new(), Vec::new());
        for row in page {
            let employer = jobs.at(event_id::occurred_at(row.event_id));
            let account_id = row.account_id.or(employer);
            if row.account_id.is_none()
                && let Some(employer) = employer
            {
                filled.accounts.insert(employer);
                of_account.push(event_subject::Model {
                    subject_type: SubjectType::Account,
                    subject_id: employer,
                    account_id,
                    ..row.clone()
                });
            }
            of_contact.push(event_subject::Model {
                subject_type: SubjectType::Contact,
                subject_id: contact,
                account_id,
                ..row
            });
        }
        work.put_subjects(of_contact, operation).await?;
        work.put_subjects(of_account, operation).await?;
    }
}

/// Links a visitor with a contact whom the caller names.
pub async fn link_visitor(cx: &Cx, input: LinkVisitorInput) -> Result<Visitor> {
    let LinkVisitorInput { id, if_version, contact_id } = input;
    let id = id.named("id", Kind::Visitor)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<visitor::Entity>(id, if_version, &LINK).await?;
    let contact = work.refer::<contact::Entity>("contactId", contact_id).await?.row().clone();
    match seen.row().contact_id {
        None => {
            Box::pin(link(&mut work, seen.row(), &contact, None, None)).await?;
        }
        Some(held) if held == contact.id => {}
        Some(_) => {
            let message = "the visitor is somebody else already: unlink it first";
            return Err(Error::user(UserErrorCode::StateConflict, "id", message));
        }
    }
    let seen = work.reached::<visitor::Entity>(id, &LINK).await?;
    work.commit().await?;
    Ok(Visitor(seen))
}

/// Takes back that a visitor is somebody.
pub async fn unlink_visitor(cx: &Cx, input: UnlinkVisitorInput) -> Result<Visitor> {
    let UnlinkVisitorInput { id, if_version } = input;
    let id = id.named("id", Kind::Visitor)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<visitor::Entity>(id, if_version, &LINK).await?;
    let before = seen.row().clone();
    let conflict = |message: &str| Error::user(UserErrorCode::StateConflict, "id", message);
    let Some(contact) = before.contact_id else { return Err(conflict("nobody knows who the visitor is")) };
    let links = work.links_unscoped(Condition::all().add(visitor_link::Column::VisitorId.eq(id))).await?;
    let mut account = before.account_id;
    let mut told: Vec<(SubjectType, Uuid)> = vec![(SubjectType::Contact, contact)];
    for link in links {
        let filled: Filled = serde_json::from_value(link.moved.clone()).map_err(Error::internal)?;
        let accounts: Vec<Uuid> = filled.accounts.iter().copied().collect();
        for (ty, ids) in [(SubjectType::Contact, vec![link.contact_id]), (SubjectType::Account, accounts)] {
            // What was put on their timelines went on with them.
            let merges = work.merges_unscoped(ty, &ids).await?;
            if merges.iter().any(|merge| ids.contains(&merge.merged_id)) {
                return Err(conflict("whom it was linked with was merged since: undo the merge first"));
            }
            for id in ids {
                work.prune_unscoped(ty, id, link.id).await?;
                told.push((ty, id));
            }
        }
        for (table, column, to, ids) in &filled.cells {
            match table.as_str() {
                "touchpoint" => Box::pin(empty::<touchpoint::Entity>(&mut work, TOUCHPOINT, column, *to, ids)).await?,
                "lead" => Box::pin(empty::<lead::Entity>(&mut work, LEAD, column, *to, ids)).await?,
                _ => Box::pin(empty::<sales_order::Entity>(&mut work, ORDER, column, *to, ids)).await?,
            }
        }
        account = filled.account;
        work.end_link(link.id).await?;
    }
    let row = visitor::ActiveModel { contact_id: Set(None), account_id: Set(account), ..Default::default() };
    let after = work.update_row::<visitor::Entity>(&before, row).await?;
    let payload = Payload::Record { fields: vec!["contact_id".to_owned(), "account_id".to_owned()] };
    let event = Event::of::<visitor::Entity>(EventKind::RecordUpdated, &after, payload);
    // Whoever follows those who lost something reads again.
    let event = told.into_iter().fold(event, |event, (ty, id)| event.about(ty, id));
    work.record(event.account(before.account_id));
    let seen = work.reached::<visitor::Entity>(id, &LINK).await?;
    work.commit().await?;
    Ok(Visitor(seen))
}

/// Empties the cells that a link has filled, but for those that hold something else by now.
async fn empty<E: Journaled>(
    work: &mut Work<'_>,
    (_, _, contact_id, account_id): Names<E>,
    column: &str,
    to: Uuid,
    ids: &[Uuid],
) -> Result<()> {
    let column = if column == column_name::<E>(contact_id) { contact_id } else { account_id };
    for ids in ids.chunks(500) {
        let held = Condition::all().add(E::ID.is_in(ids.iter().copied())).add(column.eq(to));
        let rows = work.naming_unscoped::<E>(held).await?;
        work.repoint_unscoped::<E>(rows, column, Value::Uuid(None)).await?;
    }
    Ok(())
}

/// Links the visitors that a new address of a contact proves: those who have left it somewhere before anybody knew whose it is. At most
/// 100 at once.
pub async fn meet(work: &mut Work<'_>, contact: &contact::Model, kind: ContactPointKind, hash: &str) -> Result<()> {
    if kind != ContactPointKind::Email {
        return Ok(());
    }
    let sign = Sign { kind: IdentityKind::Email, hash: hash.to_owned() };
    let waiting = visitors_with(work, &sign).await?;
    if waiting.is_empty() || leads_to(work, &sign).await? != [contact.id] {
        return Ok(());
    }
    let rules = Rules::of(work).await?;
    let of = Condition::all()
        .add(visitor::Column::Id.is_in(waiting.iter().map(|value| value.subject_id)))
        .add(visitor::Column::ContactId.is_null());
    let visitors = work.naming_unscoped::<visitor::Entity>(of).await?;
    for visitor in visitors.into_iter().take(MAX_MET) {
        if !suspicious(work, &rules, std::slice::from_ref(&sign), &visitor, contact.id).await? {
            Box::pin(link(work, &visitor, contact, rules.id(IdentityKind::Email), None)).await?;
        }
    }
    Ok(())
}

/// Finding out who visitors are.
#[derive(Default)]
pub struct StitchMutation;

#[Object]
impl StitchMutation {
    /// Says what was seen of a visitor: a cookie, a login, an address. Where a strong value leads to one contact, the visitor is linked
    /// with it in the same moment, with all of its past. Two people on one browser stay two. Event: `identity.linked`.
    #[graphql(directive = access::apply("Visitor".into(), "P".into(), true))]
    async fn identify_visitor(&self, ctx: &Context<'_>, input: IdentifyVisitorInput) -> Result<IdentifyVisitorPayload> {
        let cx = Cx::of(ctx);
        IdentifyVisitorPayload::of(attempt(|| identify(cx, input.clone())).await)
    }

    /// Links a visitor with a contact, whatever values say. STATE_CONFLICT where it is another contact already. Event: `identity.linked`.
    #[graphql(directive = access::apply("Visitor".into(), "P".into(), true))]
    async fn link_visitor(&self, ctx: &Context<'_>, input: LinkVisitorInput) -> Result<LinkVisitorPayload> {
        let cx = Cx::of(ctx);
        LinkVisitorPayload::of(attempt(|| link_visitor(cx, input)).await)
    }

    /// Takes a link back: the visitor is nobody known again, and what the link had filled and put on timelines is as it was before.
    /// STATE_CONFLICT where there is no link, and where the contact was merged into another since.
    #[graphql(directive = access::apply("Visitor".into(), "P".into(), true))]
    async fn unlink_visitor(&self, ctx: &Context<'_>, input: UnlinkVisitorInput) -> Result<UnlinkVisitorPayload> {
        let cx = Cx::of(ctx);
        UnlinkVisitorPayload::of(attempt(|| unlink_visitor(cx, input)).await)
    }
}
