//! Ways to reach a person or a company, where people worked, what they allowed: what hangs on a contact and has a life of its own.

use async_graphql::{Context, InputObject, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, consent, contact, contact_point, employment},
    codes::{ConsentPurpose, ConsentState, ContactPointKind, LegalBasis},
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, Set, sea_query::ExprTrait};

use super::{Consent, ContactPoint, Employment, ground, stitch};
use crate::{
    graph::{AnyOf, Cx, Error, GlobalId, Ids, Kind, Result, TimeFilter, UserErrorCode, line, line_patch, patch, text},
    input,
    journey::{Event, EventKind, Payload, Removable, Work, attempt},
    listed, payload,
    policy::{Class, Seen, access, mask},
    removal,
};

input! {
    /// A way to reach a person, or a company itself.
    AddContactPointInput for Contact {
        /// What kind of way.
        P kind: ContactPointKind;
        /// The address or number, at most 2,000 characters.
        C value: String;
        /// What it is called, at most 255 characters.
        P label: Option<String>;
        /// Whether it becomes the first choice of its kind; false unless said.
        P is_primary: Option<bool>;
    }
    plain {
        /// The person; exactly one of `contactId` and `accountId`.
        contact_id: Option<GlobalId>;
        /// The company.
        account_id: Option<GlobalId>;
    }
}

input! {
    /// A change of a way: absent leaves, null clears.
    UpdateContactPointInput for Contact {
        /// The address or number; a new one is not verified.
        C value: MaybeUndefined<String>;
        /// What it is called.
        P label: MaybeUndefined<String>;
        /// True makes it the first choice of its kind.
        P is_primary: MaybeUndefined<bool>;
        /// When it was proven to work.
        P verified_at: MaybeUndefined<DateTime<Utc>>;
    }
    plain {
        /// Which one.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `addContactPoint` answers.
    AddContactPointPayload {
        /// The new way; null if it was refused.
        contact_point: ContactPoint
    }
}

payload! {
    /// What `updateContactPoint` answers.
    UpdateContactPointPayload {
        /// The changed way; null if it was refused.
        contact_point: ContactPoint
    }
}

/// Adds a way.
pub async fn add_point(cx: &Cx, input: AddContactPointInput) -> Result<ContactPoint> {
    let written = input.written();
    let AddContactPointInput { contact_id, account_id, kind, value, label, is_primary } = input;
    let mut work = Work::begin(cx).await?;
    let mut person = None;
    let (contact, account) = match (contact_id, account_id) {
        (Some(contact), None) => {
            let contact = work.refer::<contact::Entity>("contactId", contact).await?;
            person = Some(contact.row().clone());
            (Some(contact.row().id), contact.row().account_id)
        }
        (None, Some(account)) => (None, Some(work.refer::<account::Entity>("accountId", account).await?.row().id)),
        _ => return Err(Error::invalid("contactId", "say whose it is: a contact's or an account's")),
    };
    let value = text("value", value, 2000)?;
    let row = work
        .insert::<contact_point::Entity>(contact_point::ActiveModel {
            contact_id: Set(contact),
            account_id: Set(account),
            kind: Set(kind),
            label: Set(line("label", label)?),
            value_hash: Set(Some(mask::value_hash(&cx.caller.tenant_key.0, kind.as_str(), &value))),
            value: Set(Some(value)),
            is_primary: Set(is_primary.unwrap_or(false)),
            ..Default::default()
        })
        .await?;
    first_choice(&mut work, &row).await?;
    let seen = work.reached::<contact_point::Entity>(row.id, &written).await?;
    if let Some(person) = person {
        Box::pin(stitch::meet(&mut work, &person, kind, row.value_hash.as_deref().unwrap_or_default())).await?;
    }
    work.commit().await?;
    Ok(ContactPoint(seen))
}

/// Changes a way.
pub async fn update_point(cx: &Cx, input: UpdateContactPointInput) -> Result<ContactPoint> {
    let written = input.written();
    let UpdateContactPointInput { id, if_version, value, label, is_primary, verified_at } = input;
    let id = id.named("id", Kind::ContactPoint)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<contact_point::Entity>(id, if_version, &written).await?;
    let new = match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => return Err(Error::invalid("value", "this cannot be cleared; delete it instead")),
        MaybeUndefined::Value(value) => Some(text("value", value, 2000)?),
    };
    let verified = match (&new, verified_at) {
        (Some(_), MaybeUndefined::Undefined) => Set(None),
        (_, verified_at) => patch(verified_at),
    };
    let kind = seen.row().kind;
    let row = contact_point::ActiveModel {
        value_hash: match &new {
            Some(value) => Set(Some(mask::value_hash(&cx.caller.tenant_key.0, kind.as_str(), value))),
            None => NotSet,
        },
        value: new.map_or(NotSet, |value| Set(Some(value))),
        label: line_patch("label", label)?,
        is_primary: crate::graph::patch_required("isPrimary", is_primary)?,
        verified_at: verified,
        ..Default::default()
    };
    let row = work.update::<contact_point::Entity>(&seen, row).await?;
    first_choice(&mut work, &row).await?;
    let seen = work.reached::<contact_point::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(ContactPoint(seen))
}

/// One first choice of a kind: the others step back.
async fn first_choice(work: &mut Work<'_>, row: &contact_point::Model) -> Result<()> {
    if !row.is_primary {
        return Ok(());
    }
    let owner = match (row.contact_id, row.account_id) {
        (Some(contact), _) => contact_point::Column::ContactId.eq(contact),
        (None, account) => contact_point::Column::AccountId.eq(account).and(contact_point::Column::ContactId.is_null()),
    };
    let others = work
        .caller()
        .rows_to_write::<contact_point::Entity>()
        .filter(owner)
        .filter(contact_point::Column::Kind.eq(row.kind))
        .filter(contact_point::Column::IsPrimary.eq(true))
        .filter(contact_point::Column::Id.ne(row.id));
    for other in others.all(work.tx()).await? {
        let second = contact_point::ActiveModel { is_primary: Set(false), ..Default::default() };
        work.update::<contact_point::Entity>(&other, second).await?;
    }
    Ok(())
}

input! {
    /// Where a person works or worked.
    AddEmploymentInput for Contact {
        /// The person.
        P contact_id: GlobalId;
        /// The employer.
        P account_id: GlobalId;
        /// The title there, at most 255 characters.
        N title: Option<String>;
        /// Since when.
        P valid_from: Option<DateTime<Utc>>;
        /// Until when, exclusive; absent while it lasts.
        P valid_to: Option<DateTime<Utc>>;
    }
}

input! {
    /// A change of an employment: absent leaves, null clears. The main one is changed with the contact's `accountId`.
    UpdateEmploymentInput for Contact {
        /// The title there.
        N title: MaybeUndefined<String>;
        /// Since when.
        P valid_from: MaybeUndefined<DateTime<Utc>>;
        /// Until when, exclusive; null while it lasts.
        P valid_to: MaybeUndefined<DateTime<Utc>>;
    }
    plain {
        /// Which one.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `addEmployment` answers.
    AddEmploymentPayload {
        /// The new employment; null if it was refused.
        employment: Employment
    }
}

payload! {
    /// What `updateEmployment` answers.
    UpdateEmploymentPayload {
        /// The changed employment; null if it was refused.
        employment: Employment
    }
}

/// Adds an employment beside the main one.
pub async fn add_employment(cx: &Cx, input: AddEmploymentInput) -> Result<Employment> {
    let written = input.written();
    let AddEmploymentInput { contact_id, account_id, title, valid_from, valid_to } = input;
    let mut work = Work::begin(cx).await?;
    let row = employment::ActiveModel {
        // A person whom the caller may change: the right on the employer is asked below.
        contact_id: Set(ground::person(&work, "contactId", contact_id, None).await?.id),
        account_id: Set(work.refer::<account::Entity>("accountId", account_id).await?.row().id),
        title: Set(line("title", title)?),
        valid_from: Set(valid_from),
        valid_to: Set(valid_to),
        is_primary: Set(false),
        ..Default::default()
    };
    let row = work.insert::<employment::Entity>(row).await?;
    in_order(&row)?;
    let seen = work.reached::<employment::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Employment(seen))
}

/// Changes or ends an employment.
pub async fn update_employment(cx: &Cx, input: UpdateEmploymentInput) -> Result<Employment> {
    let written = input.written();
    let UpdateEmploymentInput { id, if_version, title, valid_from, valid_to } = input;
    let id = id.named("id", Kind::Employment)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<employment::Entity>(id, if_version, &written).await?;
    if seen.row().is_primary && !valid_to.is_undefined() {
        let message = "the main employment ends with the contact's accountId";
        return Err(Error::user(UserErrorCode::StateConflict, "validTo", message));
    }
    let row = employment::ActiveModel {
        title: line_patch("title", title)?,
        valid_from: patch(valid_from),
        valid_to: patch(valid_to),
        ..Default::default()
    };
    let row = work.update::<employment::Entity>(&seen, row).await?;
    in_order(&row)?;
    let seen = work.reached::<employment::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Employment(seen))
}

fn in_order(row: &employment::Model) -> Result<()> {
    match row.valid_from.zip(row.valid_to) {
        Some((from, to)) if to < from => Err(Error::invalid("validTo", "it ends after it began")),
        _ => Ok(()),
    }
}

impl Removable for employment::Entity {
    async fn before_removal(_: &mut Work<'_>, seen: &Seen<employment::Model>) -> Result<()> {
        match seen.row().is_primary {
            true => Err(Error::user(
                UserErrorCode::StateConflict,
                "id",
                "the main employment goes with the contact's accountId",
            )),
            false => Ok(()),
        }
    }
}

input! {
    /// What a person allows.
    GiveConsentInput for Consent {
        /// What for.
        K purpose: ConsentPurpose;
        /// By which channel; absent: by any.
        K channel: Option<ContactPointKind>;
        /// The legal basis.
        K legal_basis: LegalBasis;
        /// Where it was given: form, fair, paper; at most 255 characters.
        K source: Option<String>;
    }
    plain {
        /// The person.
        contact_id: GlobalId;
    }
}

/// What a person allows no more.
#[derive(Clone, Copy, Debug, InputObject)]
pub struct WithdrawConsentInput {
    /// Which consent.
    pub id: GlobalId,
    /// Withdraw it only if it still has this version.
    pub if_version: Option<i32>,
}

payload! {
    /// What `giveConsent` answers.
    GiveConsentPayload {
        /// The new consent; null if it was refused.
        consent: Consent
    }
}

payload! {
    /// What `withdrawConsent` answers.
    WithdrawConsentPayload {
        /// The withdrawn consent; null if it was refused.
        consent: Consent
    }
}

fn consent_event(kind: EventKind, row: &consent::Model, account: Option<uuid::Uuid>) -> Event {
    let payload = Payload::Consent {
        purpose: row.purpose.as_str().to_owned(),
        channel: row.channel.map(|channel| channel.as_str().to_owned()),
    };
    Event::of::<consent::Entity>(kind, row, payload).account(account)
}

/// Writes down what a person allowed now.
pub async fn give(cx: &Cx, input: GiveConsentInput) -> Result<Consent> {
    let written = input.written();
    let GiveConsentInput { contact_id, purpose, channel, legal_basis, source } = input;
    let mut work = Work::begin(cx).await?;
    let contact = work.refer::<contact::Entity>("contactId", contact_id).await?;
    work.hold_unscoped::<contact::Entity>(contact.row().id).await?;
    let held = cx
        .caller
        .rows::<consent::Entity>()
        .filter(consent::Column::ContactId.eq(contact.row().id))
        .filter(consent::Column::Purpose.eq(purpose))
        .filter(match channel {
            Some(channel) => consent::Column::Channel.eq(channel),
            None => consent::Column::Channel.is_null(),
        })
        .filter(consent::Column::State.eq(ConsentState::Given))
        .filter(consent::Column::ValidTo.is_null());
    if held.count(work.tx()).await? > 0 {
        return Err(Error::user(UserErrorCode::Duplicate, "purpose", "this is allowed already"));
    }
    let row = work
        .insert::<consent::Entity>(consent::ActiveModel {
            contact_id: Set(contact.row().id),
            purpose: Set(purpose),
            channel: Set(channel),
            state: Set(ConsentState::Given),
            legal_basis: Set(Some(legal_basis)),
            source: Set(line("source", source)?),
            valid_from: Set(work.now()),
            ..Default::default()
        })
        .await?;
    work.record(consent_event(EventKind::ConsentGiven, &row, contact.row().account_id));
    let seen = work.reached::<consent::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Consent(seen))
}

/// Ends what a person allowed, now. It stays on record.
pub async fn withdraw(cx: &Cx, input: WithdrawConsentInput) -> Result<Consent> {
    let WithdrawConsentInput { id, if_version } = input;
    let (id, written) = (id.named("id", Kind::Consent)?, [(Class::K, "state")]);
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<consent::Entity>(id, if_version, &written).await?;
    if seen.row().state != ConsentState::Given || seen.row().valid_to.is_some() {
        return Err(Error::user(UserErrorCode::StateConflict, "id", "this is allowed no more"));
    }
    let contact = work.follow_unscoped::<contact::Entity>(seen.row().contact_id).await?;
    let row = consent::ActiveModel {
        state: Set(ConsentState::Withdrawn),
        valid_to: Set(Some(work.now())),
        ..Default::default()
    };
    let row = work.update::<consent::Entity>(&seen, row).await?;
    work.record(consent_event(EventKind::ConsentWithdrawn, &row, contact.and_then(|contact| contact.account_id)));
    let seen = work.reached::<consent::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Consent(seen))
}

listed! {
    /// One way to reach somebody; null if there is none that you may see.
    contact_point,
    /// The ways to reach somebody that you may see, oldest first unless sorted.
    contact_points: ContactPoint(contact_point::Entity) as Contact, id ContactPoint, Rising;
    query ContactPointQuery, filter ContactPointFilter, sort ContactPointSort {
        /// By person.
        P contact_id: Ids = ContactId, of Contact;
        /// By company.
        P account_id: Ids = AccountId, of Account;
        /// By kind.
        P kind: AnyOf<ContactPointKind> = Kind;
        /// By whether it is the first choice.
        P is_primary: bool = IsPrimary;
        /// By when it was proven to work.
        P verified_at: TimeFilter = VerifiedAt;
    }
}

listed! {
    /// One employment; null if there is none that you may see.
    employment,
    /// The employments that you may see, oldest first unless sorted.
    employments: Employment(employment::Entity) as Contact, id Employment, Rising;
    query EmploymentQuery, filter EmploymentFilter, sort EmploymentSort {
        /// By person.
        P contact_id: Ids = ContactId, of Contact;
        /// By employer.
        P account_id: Ids = AccountId, of Account;
        /// By whether it is the main one.
        P is_primary: bool = IsPrimary;
        /// By its begin.
        P valid_from: TimeFilter = ValidFrom;
        /// By its end.
        P valid_to: TimeFilter = ValidTo;
    }
}

listed! {
    /// One consent; null if there is none that you may see.
    consent,
    /// The consents that you may see, newest first unless sorted.
    consents: Consent(consent::Entity) as Consent, id Consent, Falling;
    query ConsentQuery, filter ConsentFilter, sort ConsentSort {
        /// By person.
        P contact_id: Ids = ContactId, of Contact;
        /// By purpose.
        K purpose: AnyOf<ConsentPurpose> = Purpose;
        /// By channel.
        K channel: AnyOf<ContactPointKind> = Channel;
        /// By state.
        K state: AnyOf<ConsentState> = State;
        /// By since when.
        K valid_from: TimeFilter = ValidFrom;
        /// By until when.
        K valid_to: TimeFilter = ValidTo;
    }
}

removal! {
    /// Takes a way to reach somebody away.
    delete_contact_point: contact_point::Entity as Contact, class C value;
    mutation ContactPointRemoval, input DeleteContactPointInput, payload DeleteContactPointPayload;
}

removal! {
    /// Takes an employment away that never was. One that ended is ended by `updateEmployment`.
    delete_employment: employment::Entity as Contact, class P valid_to, checked;
    mutation EmploymentRemoval, input DeleteEmploymentInput, payload DeleteEmploymentPayload;
}

/// Changing what hangs on a contact.
#[derive(Default)]
pub struct WaysMutation;

#[Object]
impl WaysMutation {
    /// Adds a way to reach a person or a company.
    #[graphql(directive = access::apply("Contact".into(), "C".into(), true))]
    async fn add_contact_point(
        &self,
        ctx: &Context<'_>,
        input: AddContactPointInput,
    ) -> Result<AddContactPointPayload> {
        let cx = Cx::of(ctx);
        AddContactPointPayload::of(attempt(|| add_point(cx, input.clone())).await)
    }

    /// Changes a way, makes it the first choice, or says that it was proven to work.
    #[graphql(directive = access::apply("Contact".into(), "P".into(), true))]
    async fn update_contact_point(
        &self,
        ctx: &Context<'_>,
        input: UpdateContactPointInput,
    ) -> Result<UpdateContactPointPayload> {
        let cx = Cx::of(ctx);
        UpdateContactPointPayload::of(attempt(|| update_point(cx, input.clone())).await)
    }

    /// Writes down where a person works beside the main employer, or worked before.
    #[graphql(directive = access::apply("Contact".into(), "P".into(), true))]
    async fn add_employment(&self, ctx: &Context<'_>, input: AddEmploymentInput) -> Result<AddEmploymentPayload> {
        let cx = Cx::of(ctx);
        AddEmploymentPayload::of(attempt(|| add_employment(cx, input.clone())).await)
    }

    /// Changes or ends an employment.
    #[graphql(directive = access::apply("Contact".into(), "P".into(), true))]
    async fn update_employment(
        &self,
        ctx: &Context<'_>,
        input: UpdateEmploymentInput,
    ) -> Result<UpdateEmploymentPayload> {
        let cx = Cx::of(ctx);
        UpdateEmploymentPayload::of(attempt(|| update_employment(cx, input.clone())).await)
    }

    /// Writes down what a person allowed now. Event: `consent.given`. DUPLICATE if it is allowed already.
    #[graphql(directive = access::apply("Consent".into(), "K".into(), true))]
    async fn give_consent(&self, ctx: &Context<'_>, input: GiveConsentInput) -> Result<GiveConsentPayload> {
        let cx = Cx::of(ctx);
        GiveConsentPayload::of(attempt(|| give(cx, input.clone())).await)
    }

    /// Ends what a person allowed. Event: `consent.withdrawn`. Marketing sees the mail and phone masked from then on.
    #[graphql(directive = access::apply("Consent".into(), "K".into(), true))]
    async fn withdraw_consent(&self, ctx: &Context<'_>, input: WithdrawConsentInput) -> Result<WithdrawConsentPayload> {
        let cx = Cx::of(ctx);
        WithdrawConsentPayload::of(attempt(|| withdraw(cx, input)).await)
    }
}
