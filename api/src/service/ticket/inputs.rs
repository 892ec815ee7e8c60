//! What is said to change a ticket, and what is answered.

use async_graphql::MaybeUndefined;
use entities::codes::{TicketChannel, TicketPriority, TicketStatus};

use super::Ticket;
use crate::{graph::GlobalId, input, payload};

input! {
    /// A new ticket. Without queue and owner, it is its creator's.
    CreateTicketInput for Ticket {
        /// What it is about, at most 1,000 characters.
        T subject: String;
        /// How urgent it is: NORMAL unless said otherwise. Decides which promise runs.
        P priority: Option<TicketPriority>;
        /// The customer: the asset's or contact's unless said otherwise.
        P account_id: Option<GlobalId>;
        /// Who asks.
        P contact_id: Option<GlobalId>;
        /// The asset that it is about; of the same customer.
        P asset_id: Option<GlobalId>;
        /// What entitles the customer to help; of the same customer.
        P contract_id: Option<GlobalId>;
        /// A code of the tenant's own list, at most 100 characters.
        P category: Option<String>;
        /// How it came in.
        P channel: Option<TicketChannel>;
        /// Where it shall wait: a queue of the service wing.
        P queue_id: Option<GlobalId>;
        /// Who shall work on it.
        P owner_id: Option<GlobalId>;
    }
}

input! {
    /// What a ticket is about: absent leaves, null clears. Whom it belongs to and where it stands have mutations of their own.
    UpdateTicketInput for Ticket {
        /// What it is about, at most 1,000 characters.
        T subject: MaybeUndefined<String>;
        /// How urgent it is. The promises that were made stay as they are.
        P priority: MaybeUndefined<TicketPriority>;
        /// A code of the tenant's own list, at most 100 characters.
        P category: MaybeUndefined<String>;
        /// How it came in.
        P channel: MaybeUndefined<TicketChannel>;
        /// The customer, where none is known yet: the asset's or contact's unless said otherwise. Messages, clocks and answers
        /// follow. A known customer stays: STATE_CONFLICT.
        P account_id: Option<GlobalId>;
        /// Who asks.
        P contact_id: MaybeUndefined<GlobalId>;
        /// The asset that it is about; of the same customer.
        P asset_id: MaybeUndefined<GlobalId>;
        /// What entitles the customer to help; of the same customer.
        P contract_id: MaybeUndefined<GlobalId>;
    }
    plain {
        /// Which ticket.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// Who works on a ticket, and where it waits: absent leaves, null clears; at least one of them.
    AssignTicketInput for Ticket {
        /// The colleague.
        P owner_id: MaybeUndefined<GlobalId>;
        /// The queue, of the service wing.
        P queue_id: MaybeUndefined<GlobalId>;
    }
    plain {
        /// Which ticket.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// Where a ticket stands now.
    ChangeTicketStatusInput for Ticket {
        /// The status; never NEW again, and from CLOSED to nowhere.
        P status: TicketStatus;
    }
    plain {
        /// Which ticket.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

input! {
    /// A ticket that needs more than it has.
    EscalateTicketInput for Ticket {
        /// The new priority: one step higher unless said otherwise.
        P priority: Option<TicketPriority>;
        /// The queue that shall help, of the service wing.
        P queue_id: Option<GlobalId>;
        /// The colleague who shall help.
        P owner_id: Option<GlobalId>;
    }
    plain {
        /// Which ticket.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createTicket` answers.
    CreateTicketPayload {
        /// The new ticket; null if it was refused.
        ticket: Ticket
    }
}

payload! {
    /// What `updateTicket` answers.
    UpdateTicketPayload {
        /// The changed ticket; null if it was refused.
        ticket: Ticket
    }
}

payload! {
    /// What `assignTicket` answers.
    AssignTicketPayload {
        /// The changed ticket; null if it was refused.
        ticket: Ticket
    }
}

payload! {
    /// What `changeTicketStatus` answers.
    ChangeTicketStatusPayload {
        /// The changed ticket; null if it was refused.
        ticket: Ticket
    }
}

payload! {
    /// What `escalateTicket` answers.
    EscalateTicketPayload {
        /// The changed ticket; null if it was refused.
        ticket: Ticket
    }
}
