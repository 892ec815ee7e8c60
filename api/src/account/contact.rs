//! The contact: a person, where they work, how they may be reached, and what they consented to.

use async_graphql::{Context, InputObject, MaybeUndefined, Object};
use chrono::{DateTime, Utc};
use entities::{
    account::{account, colleague, consent, contact, contact_point, employment},
    codes::{BuyingRole, ConsentPurpose, ConsentState, ContactPointKind, LegalBasis, Seniority, StageObject},
    marketing::{lead, touchpoint},
    service::ticket,
};
use sea_orm::{
    ActiveValue::NotSet,
    ColumnTrait, Set,
    sea_query::{Expr, ExprTrait},
};

use super::{Account, Colleague, ground, stitch};
use crate::{
    custom,
    graph::{
        AnyOf, Cx, Error, GlobalId, Ids, Kind, Result, TextFilter, UserErrorCode, language, language_patch, line,
        line_patch, patch, text,
    },
    input,
    journey::{
        Event, EventKind, Payload, Removable, Work, attempt,
        history::{self, StageInterval},
        timeline,
    },
    listed,
    marketing::{Lead, Touchpoint},
    object, payload,
    policy::{Class, Seen, Sight, access, mask},
    removal,
    service::Ticket,
    teamwork,
};

object! {
    /// A person at a customer.
    Contact(contact::Entity) as Contact, id Contact {
        /// The given name.
        N given_name: String = |row| row.given_name.clone();
        /// The family name, at most 255 characters.
        N family_name: String = |row| row.family_name.clone();
        /// How they wish to be addressed.
        N salutation: String = |row| row.salutation.clone();
        /// The job title.
        N job_title: String = |row| row.job_title.clone();
        /// The language that they prefer: BCP 47.
        P language: String = |row| row.language.clone();
        /// How senior they are.
        P seniority: Seniority = |row| row.seniority;
        /// Their part in buying.
        P buying_role: BuyingRole = |row| row.buying_role;
        /// The stage of the person: LEAD, MQL, SAL, SQL, OPPORTUNITY, CUSTOMER …
        P lifecycle_stage: String = |row| row.lifecycle_stage.clone();
        /// When the person was erased on request; the history stays, without them.
        P erased_at: DateTime<Utc> = |row| row.erased_at;
    }
    refs {
        /// The primary employer now.
        P account: Account = account::Entity, |row| row.account_id;
        /// The colleague who looks after them.
        P owner: Colleague = colleague::Entity, |row| row.owner_id;
    }
    lists {
        /// Mail addresses, phone numbers, postal addresses.
        contact_points: ContactPoint = contact_point::Entity, contact_point::Column::ContactId, Rising;
        /// Where they work and worked.
        employments: Employment = employment::Entity, employment::Column::ContactId, Rising;
        /// What they consented to.
        consents: Consent = consent::Entity, consent::Column::ContactId, Rising;
        /// Their leads, newest first.
        leads: Lead = lead::Entity, lead::Column::ContactId, Falling;
        /// Their touchpoints, newest first.
        touchpoints: Touchpoint = touchpoint::Entity, touchpoint::Column::ContactId, Falling;
        /// Their tickets, newest first.
        tickets: Ticket = ticket::Entity, ticket::Column::ContactId, Falling;
    }
    timeline Contact;
    custom_fields Contact raw T;
    teamwork Contact;
    edges {
        /// Given and family name together; null where you may not read names.
        #[graphql(directive = access::apply("Contact".into(), "N".into(), false))]
        pub async fn name(&self) -> Option<String> {
            self.0.read(Class::N, "name", full_name)
        }

        /// The stages that they were in, oldest first, at most the first 100. A stage that was entered twice stands here twice.
        #[graphql(directive = access::apply("Contact".into(), "P".into(), false))]
        async fn stage_intervals(&self, ctx: &Context<'_>) -> Result<Vec<StageInterval>> {
            history::stages(Cx::of(ctx), StageObject::Lifecycle, self.0.row().id).await
        }
    }
}

/// Given and family name, as far as there are any.
pub fn full_name(row: &contact::Model) -> Option<String> {
    let name =
        [row.given_name.as_deref(), row.family_name.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    (!name.is_empty()).then_some(name)
}

object! {
    /// A way to reach a person or a company. Without marketing consent for its channel, marketing sees the value masked.
    ContactPoint(contact_point::Entity) as Contact, id ContactPoint {
        /// What kind of way.
        P kind: ContactPointKind = |row| row.kind;
        /// What it is called: office, billing, mobile.
        P label: String = |row| row.label.clone();
        /// Whether it is the first choice of its kind.
        P is_primary: bool = |row| row.is_primary;
        /// When it was proven to work.
        P verified_at: DateTime<Utc> = |row| row.verified_at;
    }
    edges {
        /// The address or number; masked (`j•••@acme.com`, `•••67`) where you may not read it in clear.
        #[graphql(directive = access::apply("Contact".into(), "C".into(), false))]
        async fn value(&self) -> Option<String> {
            let kind = self.0.row().kind;
            self.0.read_as(Class::C, "value", |row| row.value.clone(), |sight, value: String| {
                (sight == Sight::Masked).then(|| match kind {
                    ContactPointKind::Email => mask::email(&value),
                    ContactPointKind::Phone => mask::phone(&value),
                    ContactPointKind::Address | ContactPointKind::Social => mask::hidden(),
                })
            })
        }
    }
}

/// The ways of a company itself, not of its people.
pub fn of_company(_: &Cx) -> Expr {
    contact_point::Column::ContactId.is_null()
}

object! {
    /// Where a person works or worked. Events stay with the account that they worked for then.
    Employment(employment::Entity) as Contact, id Employment {
        /// The title there.
        N title: String = |row| row.title.clone();
        /// Since when; null where unknown.
        P valid_from: DateTime<Utc> = |row| row.valid_from;
        /// Until when, exclusive; null while it lasts.
        P valid_to: DateTime<Utc> = |row| row.valid_to;
        /// Whether it is the main one.
        P is_primary: bool = |row| row.is_primary;
    }
    refs {
        /// The employer.
        P account: Account = account::Entity, |row| row.account_id;
    }
}

object! {
    /// What a person allowed, by which channel, since when.
    Consent(consent::Entity) as Consent, id Consent {
        /// What for.
        K purpose: ConsentPurpose = |row| row.purpose;
        /// By which channel; null: by any.
        K channel: ContactPointKind = |row| row.channel;
        /// Given, withdrawn …
        K state: ConsentState = |row| row.state;
        /// The legal basis.
        K legal_basis: LegalBasis = |row| row.legal_basis;
        /// Since when.
        K valid_from: DateTime<Utc> = |row| row.valid_from;
        /// Until when, exclusive; null while it lasts.
        K valid_to: DateTime<Utc> = |row| row.valid_to;
    }
}

/// The most ways to reach somebody that one call adds.
const MAX_POINTS: usize = 100;

/// A way to reach somebody.
#[derive(Clone, Debug, InputObject)]
pub struct ContactPointInput {
    /// What kind of way.
    pub kind: ContactPointKind,
    /// The address or number, at most 2,000 characters.
    pub value: String,
    /// What it is called, at most 255 characters.
    pub label: Option<String>,
}

/// Marketing consent that the person gave.
#[derive(Clone, Debug, InputObject)]
pub struct MarketingConsentInput {
    /// The channels that may be used.
    pub channels: Vec<ContactPointKind>,
    /// The legal basis.
    pub legal_basis: LegalBasis,
    /// Where it was given: form, fair, paper; at most 255 characters.
    pub source: Option<String>,
}

impl crate::graph::IsSet for MarketingConsentInput {
    fn is_set(&self) -> bool {
        true
    }
}

input! {
    /// A new contact. Marketing may create one only together with its consent.
    CreateContactInput for Contact {
        /// The given name, at most 255 characters.
        N given_name: Option<String>;
        /// The family name, at most 255 characters.
        N family_name: String;
        /// How they wish to be addressed, at most 255 characters.
        N salutation: Option<String>;
        /// The job title, at most 255 characters.
        N job_title: Option<String>;
        /// The language that they prefer: BCP 47, such as `de`.
        P language: Option<String>;
        /// How senior they are.
        P seniority: Option<Seniority>;
        /// Their part in buying.
        P buying_role: Option<BuyingRole>;
        /// Where they work.
        P account_id: Option<GlobalId>;
        /// How to reach them, at most 100 ways. Marketing records a way only together with consent for its channel.
        C contact_points: Option<Vec<ContactPointInput>>;
    }
    plain {
        /// Marketing consent, where the person gave it.
        #[graphql(directive = access::apply("Consent".into(), "K".into(), true))]
        marketing_consent: Option<MarketingConsentInput>;
    }
}

input! {
    /// A change of a contact: absent leaves, null clears.
    UpdateContactInput for Contact {
        /// The given name.
        N given_name: MaybeUndefined<String>;
        /// The family name.
        N family_name: MaybeUndefined<String>;
        /// How they wish to be addressed.
        N salutation: MaybeUndefined<String>;
        /// The job title.
        N job_title: MaybeUndefined<String>;
        /// The language that they prefer.
        P language: MaybeUndefined<String>;
        /// How senior they are.
        P seniority: MaybeUndefined<Seniority>;
        /// Their part in buying.
        P buying_role: MaybeUndefined<BuyingRole>;
        /// The stage of the person, one of the tenant's; a new stage writes an interval.
        P lifecycle_stage: MaybeUndefined<String>;
        /// Where they work from now on: ends the old employment and begins a new one.
        P account_id: MaybeUndefined<GlobalId>;
        /// The colleague who looks after them.
        P owner_id: MaybeUndefined<GlobalId>;
        /// More ways to reach them, at most 100.
        C add_contact_points: Option<Vec<ContactPointInput>>;
    }
    plain {
        /// Which contact.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createContact` answers.
    CreateContactPayload {
        /// The new contact; null if it was refused.
        contact: Contact
    }
}

payload! {
    /// What `updateContact` answers.
    UpdateContactPayload {
        /// The changed contact; null if it was refused.
        contact: Contact
    }
}

/// Creates a contact with its points, employment and consent.
pub async fn create(cx: &Cx, input: CreateContactInput) -> Result<Contact> {
    let written = input.written();
    let CreateContactInput {
        marketing_consent,
        given_name,
        family_name,
        salutation,
        job_title,
        language: tongue,
        seniority,
        buying_role,
        account_id,
        contact_points,
    } = input;
    let consent_missing = marketing_consent.is_none();
    let job_title = line("jobTitle", job_title)?;
    let mut work = Work::begin(cx).await?;
    let account_id = work.refer_opt::<account::Entity>("accountId", account_id).await?;
    let row = work
        .insert::<contact::Entity>(contact::ActiveModel {
            given_name: Set(line("givenName", given_name)?),
            family_name: Set(Some(text("familyName", family_name, 255)?)),
            salutation: Set(line("salutation", salutation)?),
            job_title: Set(job_title.clone()),
            language: Set(language("language", tongue)?),
            seniority: Set(seniority),
            buying_role: Set(buying_role),
            lifecycle_stage: Set("SUBSCRIBER".to_owned()),
            owner_id: Set(None),
            account_id: Set(account_id),
            ..Default::default()
        })
        .await?;
    if let Some(employer) = account_id {
        employ(&mut work, &row, employer, job_title).await?;
    }
    if let Some(given) = marketing_consent {
        let source = line("marketingConsent.source", given.source)?;
        let mut channels: Vec<Option<ContactPointKind>> = Vec::new();
        for channel in given.channels.into_iter().map(Some) {
            if !channels.contains(&channel) {
                channels.push(channel);
            }
        }
        for channel in channels {
            let consent = work
                .insert::<consent::Entity>(consent::ActiveModel {
                    contact_id: Set(row.id),
                    purpose: Set(ConsentPurpose::Marketing),
                    channel: Set(channel),
                    state: Set(ConsentState::Given),
                    legal_basis: Set(Some(given.legal_basis)),
                    source: Set(source.clone()),
                    valid_from: Set(work.now()),
                    ..Default::default()
                })
                .await?;
            let payload = Payload::Consent {
                purpose: ConsentPurpose::Marketing.as_str().to_owned(),
                channel: channel.map(|channel| channel.as_str().to_owned()),
            };
            work.record(Event::of::<consent::Entity>(EventKind::ConsentGiven, &consent, payload).account(account_id));
            let written = [(Class::K, "marketing_consent")];
            work.reached::<consent::Entity>(consent.id, &written).await?;
        }
    }
    let seen = work.reached::<contact::Entity>(row.id, &written).await.map_err(|error| match error {
        // Marketing reaches a person for writing by consent only; say so instead of a bare refusal.
        Error::User(_) if consent_missing && cx.caller.is(crate::policy::Role::Marketing) => Error::user(
            UserErrorCode::ConsentMissing,
            "marketingConsent",
            "without the person's consent, marketing may not record them",
        ),
        other => other,
    })?;
    add_points(&mut work, cx, "contactPoints", &row, contact_points.unwrap_or_default()).await?;
    work.enter_stage::<contact::Entity>(StageObject::Lifecycle, &row, "SUBSCRIBER", "created", cx.caller.colleague)
        .await?;
    work.commit().await?;
    Ok(Contact(seen))
}

async fn employ(work: &mut Work<'_>, row: &contact::Model, employer: uuid::Uuid, title: Option<String>) -> Result<()> {
    let valid_from = Some(work.now());
    work.insert::<employment::Entity>(employment::ActiveModel {
        contact_id: Set(row.id),
        account_id: Set(employer),
        title: Set(title),
        valid_from: Set(valid_from),
        is_primary: Set(true),
        ..Default::default()
    })
    .await?;
    Ok(())
}

/// Adds ways to reach a person, each as `addContactPoint` does: the caller must be able to write it, by consent for its channel
/// where it is marketing. The first of its kind is the first choice. `path` is the field that the points came in.
async fn add_points(
    work: &mut Work<'_>,
    cx: &Cx,
    path: &str,
    row: &contact::Model,
    points: Vec<ContactPointInput>,
) -> Result<()> {
    if points.len() > MAX_POINTS {
        return Err(Error::invalid(path, format!("at most {MAX_POINTS} at once")));
    }
    for (index, ContactPointInput { kind, value, label }) in points.into_iter().enumerate() {
        let at = |field: &str| format!("{path}.{index}.{field}");
        let value = text(&at("value"), value, 2000)?;
        let label = line(&at("label"), label)?;
        let same = contact_point::Column::ContactId
            .eq(row.id)
            .and(contact_point::Column::Kind.eq(kind))
            .and(contact_point::Column::IsPrimary.eq(true));
        let is_primary = work.tally_unscoped::<contact_point::Entity>(same).await? == 0;
        let point = work
            .insert::<contact_point::Entity>(contact_point::ActiveModel {
                contact_id: Set(Some(row.id)),
                account_id: Set(row.account_id),
                kind: Set(kind),
                label: Set(label),
                value_hash: Set(Some(mask::value_hash(&cx.caller.tenant_key.0, kind.as_str(), &value))),
                value: Set(Some(value)),
                is_primary: Set(is_primary),
                ..Default::default()
            })
            .await?;
        let reached = work.reached::<contact_point::Entity>(point.id, &[(Class::C, "value")]).await;
        reached.map_err(|error| match error {
            Error::User(_) if cx.caller.is(crate::policy::Role::Marketing) => {
                Error::user(UserErrorCode::ConsentMissing, &at("kind"), format!("there is no consent for {kind}"))
            }
            Error::User(_) => Error::forbidden(path),
            other => other,
        })?;
        Box::pin(stitch::meet(work, row, kind, point.value_hash.as_deref().unwrap_or_default())).await?;
    }
    Ok(())
}

/// Changes a contact.
pub async fn update(cx: &Cx, input: UpdateContactInput) -> Result<Contact> {
    let written = input.written();
    let UpdateContactInput {
        id,
        if_version,
        given_name,
        family_name,
        salutation,
        job_title,
        language: tongue,
        seniority,
        buying_role,
        lifecycle_stage,
        account_id,
        owner_id,
        add_contact_points,
    } = input;
    let id = id.named("id", Kind::Contact)?;
    let mut work = Work::begin(cx).await?;
    let seen = work.to_change::<contact::Entity>(id, if_version, &written).await?;
    let account_id = work.refer_patch::<account::Entity>("accountId", account_id).await?;
    let row = contact::ActiveModel {
        given_name: line_patch("givenName", given_name)?,
        family_name: line_patch("familyName", family_name)?,
        salutation: line_patch("salutation", salutation)?,
        job_title: line_patch("jobTitle", job_title)?,
        language: language_patch("language", tongue)?,
        seniority: patch(seniority),
        buying_role: patch(buying_role),
        lifecycle_stage: work.stage_patch("lifecycleStage", StageObject::Lifecycle, lifecycle_stage).await?,
        account_id: account_id.clone(),
        owner_id: ground::owner_patch(&work, "ownerId", seen.row().owner_id, owner_id).await?,
        ..Default::default()
    };
    let row = work.update::<contact::Entity>(&seen, row).await?;
    if account_id != NotSet && row.account_id != seen.row().account_id {
        change_employer(&mut work, &row).await?;
    }
    if row.lifecycle_stage != seen.row().lifecycle_stage {
        let stage = row.lifecycle_stage.clone();
        work.enter_stage::<contact::Entity>(StageObject::Lifecycle, &row, &stage, "changed", cx.caller.colleague)
            .await?;
    }
    add_points(&mut work, cx, "addContactPoints", &row, add_contact_points.unwrap_or_default()).await?;
    let seen = work.reached::<contact::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Contact(seen))
}

/// Ends what was and begins what is; past events stay where they happened. The ways to reach the person go along: the team of
/// the new employer reaches them, that of the old one does not any more.
pub async fn change_employer(work: &mut Work<'_>, row: &contact::Model) -> Result<()> {
    let now = work.now();
    let jobs = work.following_unscoped::<employment::Entity>(employment::Column::ContactId, row.id).await?;
    for old in jobs.iter().filter(|job| job.is_primary && job.valid_to.is_none()) {
        let ended = employment::ActiveModel { valid_to: Set(Some(now)), is_primary: Set(false), ..Default::default() };
        work.update_row::<employment::Entity>(old, ended).await?;
    }
    for point in work.following_unscoped::<contact_point::Entity>(contact_point::Column::ContactId, row.id).await? {
        let moved = contact_point::ActiveModel { account_id: Set(row.account_id), ..Default::default() };
        work.update_row::<contact_point::Entity>(&point, moved).await?;
    }
    if let Some(employer) = row.account_id {
        employ(work, row, employer, row.job_title.clone()).await?;
    }
    Ok(())
}

listed! {
    /// One contact; null if there is none that you may see.
    contact,
    /// The contacts that you may see, oldest first unless sorted.
    contacts: Contact(contact::Entity) as Contact, id Contact, Rising;
    query ContactQuery, filter ContactFilter, sort ContactSort custom {
        /// By given name.
        N given_name: TextFilter = GivenName;
        /// By family name.
        N family_name: TextFilter = FamilyName;
        /// By job title.
        N job_title: TextFilter = JobTitle;
        /// By language.
        P language: TextFilter = Language;
        /// By seniority.
        P seniority: AnyOf<Seniority> = Seniority;
        /// By the part in buying.
        P buying_role: AnyOf<BuyingRole> = BuyingRole;
        /// By lifecycle stage.
        P lifecycle_stage: TextFilter = LifecycleStage;
        /// By employer.
        P account_id: Ids = AccountId, of Account;
        /// By who looks after them.
        P owner_id: Ids = OwnerId, of Colleague;
    }
}

impl Removable for contact::Entity {
    /// The ways to reach them and where they worked go with them, and what they allowed ends.
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<contact::Model>) -> Result<()> {
        let id = seen.row().id;
        work.remove_following_unscoped::<contact_point::Entity>(contact_point::Column::ContactId, id).await?;
        work.remove_following_unscoped::<employment::Entity>(employment::Column::ContactId, id).await?;
        let now = work.now();
        let given = work.following_unscoped::<consent::Entity>(consent::Column::ContactId, id).await?;
        for consent in given.iter().filter(|consent| consent.valid_to.is_none_or(|end| end > now)) {
            let over = consent::ActiveModel { valid_to: Set(Some(now)), ..Default::default() };
            work.update_row::<consent::Entity>(consent, over).await?;
        }
        Ok(())
    }
}

removal! {
    /// Takes a person out of the lists, with the ways to reach them and their employments; their consents end. What happened with
    /// them stays; to erase them is another thing.
    delete_contact: contact::Entity as Contact, class N family_name, checked;
    mutation ContactRemoval, input DeleteContactInput, payload DeleteContactPayload;
}

/// Changing contacts.
#[derive(Default)]
pub struct ContactMutation;

#[Object]
impl ContactMutation {
    /// Creates a contact.
    #[graphql(directive = access::apply("Contact".into(), "N".into(), true))]
    async fn create_contact(&self, ctx: &Context<'_>, input: CreateContactInput) -> Result<CreateContactPayload> {
        let cx = Cx::of(ctx);
        CreateContactPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Changes a contact that you may change.
    #[graphql(directive = access::apply("Contact".into(), "N".into(), true))]
    async fn update_contact(&self, ctx: &Context<'_>, input: UpdateContactInput) -> Result<UpdateContactPayload> {
        let cx = Cx::of(ctx);
        UpdateContactPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
