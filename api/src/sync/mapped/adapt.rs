//! A mapping's row as a row of a batch: the same fields under the same names, and what stands elsewhere here.

use std::collections::BTreeMap;

use mappings::{Entity, Place, Row};
use serde_json::{Value, json};

use super::{
    super::upsert::{JsonReference, JsonRow, SyncEntity},
    order::Order,
};

/// The kind of record that an entity of the mappings is.
pub(super) const fn entity_of(entity: Entity) -> Option<SyncEntity> {
    Some(match entity {
        Entity::Colleague => SyncEntity::Colleague,
        Entity::Channel => SyncEntity::Channel,
        Entity::Product => SyncEntity::Product,
        Entity::Account => SyncEntity::Account,
        Entity::Contact => SyncEntity::Contact,
        Entity::Campaign => SyncEntity::Campaign,
        Entity::CampaignCost => SyncEntity::CampaignCost,
        Entity::Touchpoint => SyncEntity::Touchpoint,
        Entity::Lead => SyncEntity::Lead,
        Entity::Opportunity => SyncEntity::Opportunity,
        Entity::OpportunityContact => SyncEntity::OpportunityContact,
        Entity::Meeting => SyncEntity::Meeting,
        Entity::Activity => SyncEntity::Activity,
        Entity::Note => SyncEntity::Note,
        Entity::Task => SyncEntity::Task,
        Entity::Order => SyncEntity::Order,
        Entity::OrderLine => SyncEntity::OrderLine,
        Entity::Ticket => SyncEntity::Ticket,
        Entity::TicketMessage => SyncEntity::TicketMessage,
        Entity::SurveyAnswer => SyncEntity::SurveyAnswer,
        Entity::Industry
        | Entity::Queue
        | Entity::Pipeline
        | Entity::Stage
        | Entity::ContentAsset
        | Entity::Employment
        | Entity::MeetingAttendee
        | Entity::TicketNote => return None,
    })
}

/// Who comes to a meeting.
#[derive(Default)]
struct Guests {
    contacts: Vec<String>,
    colleagues: Vec<String>,
    place: Option<Place>,
}

/// What is gathered on the way.
pub(super) struct Adapter {
    /// Meeting → who comes: a list of the meeting here, rows of their own elsewhere. Keys only.
    guests: BTreeMap<String, Guests>,
    /// The tenant's.
    currency: String,
}

type Adapted = Result<Option<(SyncEntity, JsonRow)>, (&'static str, String)>;

impl Adapter {
    /// Nothing is gathered yet.
    pub(super) fn of(currency: &str) -> Adapter {
        Adapter { guests: BTreeMap::new(), currency: currency.to_owned() }
    }

    /// The row of a batch; None where it is gathered. Err: what has no place here, and its key.
    pub(super) fn adapt(&mut self, row: Row, order: &Order) -> Adapted {
        let Row { entity, external_id, set, on_create, on_update, relations, deleted, merged_into: _, place } = row;
        if entity == Entity::MeetingAttendee {
            let Some(meeting) = relations.get("meeting") else { return Err(("meeting attendee", external_id)) };
            let guests = self.guests.entry(meeting.clone()).or_default();
            guests.place.get_or_insert(place);
            guests.contacts.extend(relations.get("contact").cloned());
            guests.colleagues.extend(relations.get("colleague").cloned());
            return Ok(None);
        }
        let Some(kind) = entity_of(entity) else {
            let what = match entity {
                Entity::ContentAsset => "content asset",
                Entity::Employment => "employment",
                Entity::TicketNote => "ticket note",
                _ => "record",
            };
            return Err((what, external_id));
        };
        let mut adapted = JsonRow { external_id, deleted, set, on_create, on_update, ..JsonRow::default() };
        for (name, key) in relations {
            match (entity, name.as_str()) {
                (Entity::Account, "industry") => {
                    drop(adapted.set.insert("industry".into(), order.industry(&key).into()))
                }
                (Entity::Opportunity, "pipeline") => {
                    adapted.on_create.insert("pipeline".into(), order.pipeline(&key).into());
                }
                (_, "queue") => drop(adapted.set.insert("queue".into(), order.queue(&key).into())),
                (Entity::Note | Entity::Task, "record") => {
                    let (to, key) = key.split_once(':').unwrap_or(("ACCOUNT", &key));
                    let record = json!({ "entity": to, "externalId": key });
                    adapted.set.insert("record".into(), record);
                }
                (Entity::TicketMessage, "contact" | "colleague") => {
                    adapted.set.insert(name, json!({ "externalId": key }));
                }
                (Entity::Touchpoint, "contentAsset") => {}
                _ => drop(adapted.relations.insert(name, Some(JsonReference::Key(key)))),
            }
        }
        if entity == Entity::Order && !adapted.set.contains_key("currency") && !adapted.deleted {
            adapted.on_create.entry("currency".to_owned()).or_insert_with(|| self.currency.clone().into());
        }
        // What was agreed is a record of its own here, with a legal basis that no export tells.
        adapted.set.shift_remove("marketingConsent");
        Ok(Some((kind, adapted)))
    }

    /// What was gathered, as rows.
    pub(super) fn gathered(&mut self) -> Vec<(SyncEntity, JsonRow, Place)> {
        let keyed = |keys: Vec<String>| -> Value {
            let mut keys = keys;
            keys.sort_unstable();
            keys.dedup();
            keys.into_iter().map(|key| json!({ "externalId": key })).collect()
        };
        let guests = std::mem::take(&mut self.guests);
        let rows = guests.into_iter().filter_map(|(meeting, guests)| {
            let mut row = JsonRow { external_id: meeting, ..JsonRow::default() };
            row.on_update.insert("contacts".to_owned(), keyed(guests.contacts));
            row.on_update.insert("colleagues".to_owned(), keyed(guests.colleagues));
            Some((SyncEntity::Meeting, row, guests.place?))
        });
        rows.collect()
    }
}
