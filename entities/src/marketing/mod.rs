//! The marketing wing: from the market to the lead.

pub mod campaign;
pub mod campaign_cost;
pub mod campaign_industry;
pub mod channel;
pub mod content_asset;
pub mod handover;
pub mod lead;
pub mod lead_touch;
pub mod lesson;
pub mod touchpoint;
