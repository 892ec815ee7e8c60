//! Channels.

use async_graphql::MaybeUndefined;
use entities::{codes::ChannelGroup, marketing::channel};
use sea_orm::{ActiveValue, Set};

use super::super::{Followed, Known, New, Scene};
use crate::{
    graph::{Error, Result, name_patch, patch_required},
    journey::Work,
    synced,
};

synced! {
    /// What a source says of a channel: absent leaves, null clears.
    Channels of Channel: channel::Entity as Campaign;
    set ChannelSetInput, row UpsertChannelRowInput, input UpsertChannelsInput;
    /// Creates and updates channels, each known by its key in a source.
    mutation UpsertChannels, upsert_channels, class P;
    fields {
        /// Such as `TRADE_FAIR`, at most 100 characters, unique in the tenant, for ever. A new channel needs it.
        P code: String = code by code;
        /// What people call it, at most 255 characters. A new channel needs it.
        P name: String = name by name_patch;
        /// Who owns the stage that it plays on. A new channel needs it.
        P group: ChannelGroup = channel_group by required;
        /// True for visits without a known origin; false unless said.
        P is_direct: bool = is_direct by required;
    }
    require ["code", "name", "group"];
    lookup ();
    removable;
}

fn required<T: Into<sea_orm::Value>>(path: &str, value: MaybeUndefined<T>) -> Result<ActiveValue<T>> {
    patch_required(path, value)
}

fn code(path: &str, value: MaybeUndefined<String>) -> Result<ActiveValue<String>> {
    match name_patch(path, value)? {
        Set(code) if code.chars().count() > 100 => Err(Error::invalid(path, "at most 100 characters")),
        other => Ok(other),
    }
}

impl Channels {
    async fn prepare(_: &mut Work<'_>, _: &Scene<'_>, _: &[&ChannelSetInput]) -> Result<()> {
        Ok(())
    }

    fn fill(
        (): &(),
        _: &Scene<'_>,
        _: &ChannelSetInput,
        held: Option<&channel::Model>,
        row: &mut channel::ActiveModel,
    ) -> Result<()> {
        match held {
            None if row.is_direct.is_not_set() => row.is_direct = Set(false),
            Some(held) if matches!(&row.code, Set(code) if *code != held.code) => {
                return Err(Error::invalid("set.code", "a code is for ever"));
            }
            None | Some(_) => {}
        }
        Ok(())
    }

    async fn after(
        _: &mut Work<'_>,
        _: &Scene<'_>,
        (): &(),
        _: &[New<Channels>],
        _: &[Known<Channels>],
    ) -> Result<Followed> {
        Ok(Followed::default())
    }
}
