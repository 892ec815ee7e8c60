//! Activities.

use std::collections::{HashMap, HashSet};

use async_graphql::MaybeUndefined;
use chrono::{DateTime, Utc};
use entities::{
    account::contact,
    codes::{ActivityKind, ActivityOutcome, Direction},
    sales::activity,
};
use sea_orm::{ActiveValue, Set};
use uuid::Uuid;

use super::{
    super::{Followed, Known, New, Scene, SyncEntity, plain},
    columns::{is_possible, possible, time, unless_said, will_be},
};
use crate::{
    account::ground,
    graph::{Error, Result, line_patch, patch, patch_required, remark_patch},
    journey::Work,
    policy::{Seen, Type},
    sales::activity::event_of,
    synced,
};

synced! {
    /// What a source says of a call, mail, chat, visit or trial: absent leaves, null clears.
    Activities of Activity: activity::Entity as Activity;
    set ActivitySetInput, row UpsertActivityRowInput, input UpsertActivitiesInput;
    /// Creates and updates activities, each known by its key in a source. The event of one happens when the activity was; where that is
    /// told otherwise later, another event supersedes the first.
    mutation UpsertActivities, upsert_activities, class P;
    fields {
        /// What kind. A new activity needs it.
        P kind: ActivityKind = kind by patch_required;
        /// Who reached out. A new activity needs it.
        P direction: Direction = direction by patch_required;
        /// When; now unless said. A time before 1970 or more than 24 hours ahead counts as now, and is marked as not known.
        P occurred_at: DateTime<Utc> = occurred_at by time;
        /// How long, in seconds, not below 0.
        P duration_s: i32 = duration_s by duration;
        /// Whether a machine did it, so that it is no response; false unless said.
        P automatic: bool = automatic by patch_required;
        /// What came of it.
        P outcome: ActivityOutcome = outcome by plain;
        /// What it was about, at most 255 characters.
        T subject: String = subject by line_patch;
        /// What was said, at most 20,000 characters.
        T body: String = body by remark_patch;
    }
    relations ActivityRelationsInput {
        /// The customer; the person's employer unless said.
        P account: Account = account_id;
        /// The person.
        P contact: Contact = contact_id;
        /// The colleague.
        P colleague: Colleague = colleague_id;
        /// The opportunity that it serves.
        P opportunity: Opportunity = opportunity_id;
        /// The lead that it serves.
        P lead: Lead = lead_id;
        /// The ticket that it serves.
        P ticket: Ticket = ticket_id;
    }
    require ["kind", "direction"];
    lookup Lookup;
    removable;
}

/// What a batch of activities looks up.
pub struct Lookup {
    persons: HashMap<Uuid, Seen<contact::Model>>,
    edited: HashSet<Uuid>,
}

fn duration(path: &str, value: MaybeUndefined<i32>) -> Result<ActiveValue<Option<i32>>> {
    match value {
        MaybeUndefined::Value(seconds) if seconds < 0 => Err(Error::invalid(path, "a duration is not below 0")),
        value => Ok(patch(value)),
    }
}

impl Activities {
    async fn prepare(work: &mut Work<'_>, scene: &Scene<'_>, _: &[&ActivitySetInput]) -> Result<Lookup> {
        let persons = ground::persons(work, &scene.ids(SyncEntity::Contact)).await?;
        let employers = persons.values().filter_map(|seen| seen.row().account_id);
        let accounts: HashSet<Uuid> = scene.ids(SyncEntity::Account).into_iter().chain(employers).collect();
        let accounts: Vec<Uuid> = accounts.into_iter().collect();
        let edited = ground::edited(work, Type::Activity, Type::Activity.wing(), &accounts).await?;
        Ok(Lookup { persons, edited })
    }

    fn fill(
        lookup: &Lookup,
        scene: &Scene<'_>,
        _: &ActivitySetInput,
        held: Option<&activity::Model>,
        row: &mut activity::ActiveModel,
    ) -> Result<()> {
        if let Set(said) = row.occurred_at {
            row.occurred_at = Set(possible(said, held.map(|held| held.occurred_at), scene.now));
        }
        let person = will_be(&row.contact_id, held.map(|held| &held.contact_id)).flatten();
        let mut path = "relations.account";
        if held.is_none() {
            unless_said(&mut row.occurred_at, scene.now);
            unless_said(&mut row.automatic, false);
            unless_said(&mut row.colleague_id, scene.cx.caller.colleague);
            if row.account_id.is_not_set() {
                path = "relations.contact";
                let employer =
                    person.and_then(|person| lookup.persons.get(&person)).and_then(|seen| seen.row().account_id);
                row.account_id = Set(employer);
            }
        }
        let before = held.and_then(|held| held.account_id);
        let account = will_be(&row.account_id, held.map(|held| &held.account_id)).flatten();
        if account.is_some_and(|account| Some(account) != before && !lookup.edited.contains(&account)) {
            return Err(Error::forbidden(path));
        }
        match person.filter(|person| Some(*person) != held.and_then(|held| held.contact_id)) {
            Some(person) => ground::may_name(&lookup.persons, "relations.contact", person, account),
            None => Ok(()),
        }
    }

    async fn after(
        work: &mut Work<'_>,
        scene: &Scene<'_>,
        _: &Lookup,
        new: &[New<Activities>],
        known: &[Known<Activities>],
    ) -> Result<Followed> {
        for New { set, row, .. } in new {
            let uncertain = set.occurred_at.value().is_some_and(|said| !is_possible(*said, scene.now));
            work.record(event_of(row).time_uncertain(uncertain));
        }
        let changed = known.iter().filter(|known| known.rows.before.version != known.rows.after.version);
        let pairs = changed.map(|known| (event_of(&known.rows.before), event_of(&known.rows.after))).collect();
        work.correct_many(pairs).await?;
        Ok(Followed::default())
    }
}
