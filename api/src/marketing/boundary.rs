//! Which side of the house a handover goes to: whoever takes it joins the account's team, so it goes to no other.

use entities::codes::{Discipline, HandoverBoundary, Wing};

/// The wing whose queues receive across a boundary, and the department that decides. Technicians share the wing of service.
pub const fn receiver(boundary: HandoverBoundary) -> (Wing, Discipline) {
    match boundary {
        HandoverBoundary::MarketingToSales | HandoverBoundary::ServiceToSales => (Wing::Sales, Discipline::Sales),
        HandoverBoundary::SalesToTechnical => (Wing::Service, Discipline::Technical),
        HandoverBoundary::TechnicalToService => (Wing::Service, Discipline::Service),
    }
}
