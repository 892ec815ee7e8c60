//! Reading tickets.

use entities::{
    codes::{TicketChannel, TicketPriority, TicketStatus},
    service::ticket,
};
use sea_orm::{ColumnTrait, sea_query::Expr};

use super::Ticket;
use crate::{
    graph::{AnyOf, Cx, Ids, IntFilter, TextFilter, TimeFilter},
    listed,
};

/// Tickets that are not solved or closed.
pub fn is_open(_: &Cx) -> Expr {
    let ended = [TicketStatus::Solved, TicketStatus::Closed];
    // The others by name, not what these are not: an index finds them.
    ticket::Column::Status.is_in(TicketStatus::ALL.iter().copied().filter(|status| !ended.contains(status)))
}

listed! {
    /// One ticket; null if there is none that you may see.
    ticket,
    /// The tickets that you may see, newest first unless sorted.
    tickets: Ticket(ticket::Entity) as Ticket, id Ticket, Falling;
    query TicketQuery, filter TicketFilter, sort TicketSort custom {
        /// By number.
        P number: IntFilter = Number;
        /// By what it is about.
        T subject: TextFilter = Subject;
        /// By where it stands.
        P status: AnyOf<TicketStatus> = Status;
        /// By how urgent it is.
        P priority: AnyOf<TicketPriority> = Priority;
        /// By category.
        P category: TextFilter = Category;
        /// By how it came.
        P channel: AnyOf<TicketChannel> = Channel;
        /// By the queue in which it waits.
        P queue_id: Ids = QueueId, of Queue;
        /// By who works on it; null stands for nobody.
        P owner_id: Ids = OwnerId, of Colleague;
        /// By customer.
        P account_id: Ids = AccountId, of Account;
        /// By person.
        P contact_id: Ids = ContactId, of Contact;
        /// By asset.
        P asset_id: Ids = AssetId, of Asset;
        /// By contract.
        P contract_id: Ids = ContractId, of Contract;
        /// By how often it came back.
        P reopened_count: IntFilter = ReopenedCount;
        /// By when it was solved.
        P solved_at: TimeFilter = SolvedAt;
        /// By when it was closed.
        P closed_at: TimeFilter = ClosedAt;
    }
}
