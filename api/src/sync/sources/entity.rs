//! The kinds of records that systems deliver, as the policy knows them: the table of each, and what its reader may read of a field.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use entities::{
    account::{account, colleague, contact},
    codes::{Code, CustomEntity, FieldRule},
    marketing::{campaign, campaign_cost, channel, lead, touchpoint},
    sales::{
        activity, contract, meeting, note, opportunity, opportunity_contact, order_line, product, sales_order, task,
    },
    service::{asset, survey_answer, ticket, ticket_message},
};
use sea_orm::{
    Condition, Value,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use crate::{
    graph::{Cx, FieldNames, Fields, IsSet, Key, Result},
    journey::{ObjectType, Work},
    policy::{Caller, Class, Governed, Rights, Sight, Type, table},
    sync::upsert::SyncEntity,
};

impl Code for SyncEntity {
    const CODES: &'static [&'static str] = &{
        let mut names = [""; SyncEntity::ALL.len()];
        let mut place = 0;
        while place < names.len() {
            names[place] = SyncEntity::ALL[place].name();
            place += 1;
        }
        names
    };
}

impl From<SyncEntity> for Value {
    fn from(entity: SyncEntity) -> Value {
        entity.name().into()
    }
}

impl IsSet for SyncEntity {
    fn is_set(&self) -> bool {
        true
    }
}

impl IsSet for FieldRule {
    fn is_set(&self) -> bool {
        true
    }
}

macro_rules! records {
    ($($name:ident $table:ident;)*) => {
        /// What the journal calls records of a kind.
        pub(super) const fn object(entity: SyncEntity) -> ObjectType {
            match entity { $(SyncEntity::$name => ObjectType::$name,)* }
        }

        /// That what a column names is a record of the kind in another column which the caller reads.
        pub(super) fn is_read(caller: &Caller, kind: &Expr, id: &Expr) -> Condition {
            let mut any = Condition::any().add(Expr::val(1).eq(0));
            $(
                if reads(caller, object(SyncEntity::$name).access()) {
                    let ids = caller.rows::<$table::Entity>().into_ids();
                    let is = kind.clone().eq(SyncEntity::$name.name()).and(id.clone().in_subquery(ids));
                    any = any.add(is);
                }
            )*
            any
        }

        async fn load(cx: &Cx, entity: SyncEntity, ids: Vec<Uuid>) -> Result<Vec<(Uuid, Rights)>> {
            match entity { $(SyncEntity::$name => Box::pin(rights::<$table::Entity>(cx, ids)).await,)* }
        }

        /// The rights on a record that the caller may change; none where there is no such record.
        pub(super) async fn to_write(work: &Work<'_>, entity: SyncEntity, id: Uuid) -> Result<Option<Rights>> {
            match entity { $(SyncEntity::$name => Box::pin(written::<$table::Entity>(work, id)).await,)* }
        }
    };
}

records! {
    Colleague colleague;
    Channel channel;
    Product product;
    Account account;
    Contact contact;
    Campaign campaign;
    CampaignCost campaign_cost;
    Touchpoint touchpoint;
    Lead lead;
    Opportunity opportunity;
    OpportunityContact opportunity_contact;
    Meeting meeting;
    Activity activity;
    Note note;
    Task task;
    Order sales_order;
    OrderLine order_line;
    Contract contract;
    Asset asset;
    Ticket ticket;
    TicketMessage ticket_message;
    SurveyAnswer survey_answer;
}

fn reads(caller: &Caller, ty: Type) -> bool {
    table::most(ty, caller.into()).reads()
}

async fn rights<E: Governed>(cx: &Cx, ids: Vec<Uuid>) -> Result<Vec<(Uuid, Rights)>> {
    let rows = cx.caller.rows::<E>().by_ids(ids).all(&cx.db()).await?;
    Ok(rows.iter().map(|seen| (E::id(seen.row()), seen.rights().clone())).collect())
}

async fn written<E: Governed>(work: &Work<'_>, id: Uuid) -> Result<Option<Rights>> {
    let seen = work.caller().rows_to_write::<E>().by_id(id).one(work.tx()).await?;
    Ok(seen.map(|seen| seen.rights().clone()))
}

/// The caller's rights on a record, for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordRights(pub SyncEntity, pub Uuid);

impl Key for RecordRights {
    type Value = Arc<Rights>;

    async fn load(cx: &Cx, keys: Vec<Self>) -> Result<HashMap<Self, Arc<Rights>>> {
        let kinds: HashSet<SyncEntity> = keys.iter().map(|RecordRights(entity, _)| *entity).collect();
        let mut answers = HashMap::new();
        for kind in kinds {
            let ids = keys.iter().filter(|key| key.0 == kind).map(|key| key.1).collect();
            let rows = load(cx, kind, ids).await?;
            answers.extend(rows.into_iter().map(|(id, rights)| (RecordRights(kind, id), Arc::new(rights))));
        }
        Ok(answers)
    }
}

/// What rows say beside the fields that the graph shows on the record itself: contact data, in rows of its own there.
const CONTACT_DATA: [&str; 14] = [
    "email",
    "phone",
    "mobile",
    "fax",
    "address",
    "street",
    "postalCode",
    "city",
    "linkedin",
    "emails",
    "phones",
    "addresses",
    "contactPoints",
    "workEmail",
];

/// The line of the access table and the class that a field of a kind of record is read under; none where nobody knows the field.
pub(super) fn class_of(names: &FieldNames, fields: &Fields, entity: SyncEntity, field: &str) -> Option<(Type, Class)> {
    let object = object(entity);
    if let Some(code) = field.strip_prefix("custom.") {
        let declared = CustomEntity::parse(object.code()).and_then(|entity| fields.find(entity, code));
        return declared.map(|field| (object.access(), field.class));
    }
    if let Some(mark) = names.marked(object.name(), field) {
        return Some((mark.of, mark.class.unwrap_or(Class::P)));
    }
    CONTACT_DATA.contains(&field).then_some((object.access(), Class::C))
}

/// Whether a reader of a record, with these rights on it, reads one of its fields in clear. A field that nobody knows is read like the
/// most sensitive one.
pub(super) fn reads_field(
    caller: &Caller,
    rights: &Rights,
    entity: SyncEntity,
    class: Option<(Type, Class)>,
    field: &str,
) -> bool {
    let own = object(entity).access();
    match class.unwrap_or((own, Class::S)) {
        (of, class) if of == own => rights.sight(class, field) == Sight::Clear,
        // The field has a line of its own in the access table.
        (of, class) => table::everywhere(of, caller.into()).sight(class, field) == Sight::Clear,
    }
}
