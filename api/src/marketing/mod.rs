//! 5: the marketing wing: campaigns, touchpoints, leads, handovers.

use crate::object;

object! {
    /// Campaign.
    Campaign(entities::marketing::campaign::Entity) as Campaign, id Campaign {}
}

object! {
    /// Channel.
    Channel(entities::marketing::channel::Entity) as Campaign, id Channel {}
}

object! {
    /// ContentAsset.
    ContentAsset(entities::marketing::content_asset::Entity) as Campaign, id ContentAsset {}
}

object! {
    /// Touchpoint.
    Touchpoint(entities::marketing::touchpoint::Entity) as Touchpoint, id Touchpoint {}
}

object! {
    /// Lead.
    Lead(entities::marketing::lead::Entity) as Lead, id Lead {}
}

object! {
    /// Handover.
    Handover(entities::marketing::handover::Entity) as Handover, id Handover {}
}
