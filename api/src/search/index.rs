//! What of a row is found. The write path asks this of every row that it writes, so that the index stands in the same
//! transaction as the row.

use std::collections::BTreeSet;

use entities::{
    account::{account, contact, contact_point},
    codes::{ContactPointKind, SearchEntity, SearchField},
    journey::search_token,
    sales::opportunity,
    service::ticket,
};
use sea_orm::Set;
use uuid::Uuid;

use super::words::{phone_pieces, pieces};

/// The most pieces of one field: a name of 255 letters has less.
const MAX_PIECES: usize = 300;

/// One field of a record, in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    entity: SearchEntity,
    field: SearchField,
    row: Uuid,
    pieces: BTreeSet<String>,
}

impl Found {
    fn new(entity: SearchEntity, field: SearchField, row: Uuid, text: &str) -> Found {
        let pieces = if field == SearchField::Phone { phone_pieces(text) } else { pieces(text) };
        Found { entity, field, row, pieces: pieces.into_iter().take(MAX_PIECES).collect() }
    }

    /// The rows of the index, for a row that holds the words.
    pub fn tokens(self, source: Uuid) -> impl Iterator<Item = search_token::ActiveModel> {
        let Found { entity, field, row, pieces } = self;
        let size = i32::try_from(pieces.len()).unwrap_or(i32::MAX);
        pieces.into_iter().map(move |token| search_token::ActiveModel {
            token: Set(token),
            entity: Set(entity),
            field: Set(field),
            row_id: Set(row),
            source_id: Set(source),
            size: Set(size),
            ..Default::default()
        })
    }
}

/// By name, registered name and domains.
pub fn account(row: &account::Model) -> Vec<Found> {
    let of = |field, text: &str| Found::new(SearchEntity::Account, field, row.id, text);
    let domains: Vec<&str> =
        row.domains.as_array().into_iter().flatten().filter_map(|domain| domain.as_str()).collect();
    let mut found = vec![of(SearchField::Name, &row.name)];
    found.extend(row.legal_name.as_deref().map(|name| of(SearchField::LegalName, name)));
    if !domains.is_empty() {
        found.push(of(SearchField::Domain, &domains.join(" ")));
    }
    found
}

/// By name.
pub fn contact(row: &contact::Model) -> Vec<Found> {
    let name =
        [row.given_name.as_deref(), row.family_name.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    vec![Found::new(SearchEntity::Contact, SearchField::Name, row.id, &name)]
}

/// By mail or phone: the person, or the company where the point is the company's.
pub fn contact_point(row: &contact_point::Model) -> Vec<Found> {
    let field = match row.kind {
        ContactPointKind::Email => SearchField::Mail,
        ContactPointKind::Phone => SearchField::Phone,
        ContactPointKind::Address | ContactPointKind::Social => return Vec::new(),
    };
    let (entity, owner) = match (row.contact_id, row.account_id) {
        (Some(contact), _) => (SearchEntity::Contact, contact),
        (None, Some(account)) => (SearchEntity::Account, account),
        (None, None) => return Vec::new(),
    };
    row.value.as_deref().map(|value| Found::new(entity, field, owner, value)).into_iter().collect()
}

/// By name.
pub fn opportunity(row: &opportunity::Model) -> Vec<Found> {
    vec![Found::new(SearchEntity::Opportunity, SearchField::Name, row.id, &row.name)]
}

/// By subject and number.
pub fn ticket(row: &ticket::Model) -> Vec<Found> {
    let of = |field, text: &str| Found::new(SearchEntity::Ticket, field, row.id, text);
    let number = row.number.map(|number| of(SearchField::Number, &number.to_string()));
    [Some(of(SearchField::Subject, &row.subject)), number].into_iter().flatten().collect()
}
