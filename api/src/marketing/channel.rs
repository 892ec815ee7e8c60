//! The channel: a way into the market. Tenant data, loaded with the tenant.

use entities::{codes::ChannelGroup, marketing::channel};

use crate::{
    editable,
    graph::{AnyOf, TextFilter},
    listed, object, removal,
};

object! {
    /// A way into the market: online advertising, a trade fair, a cold call. Online and offline are equal citizens.
    Channel(channel::Entity) as Campaign, id Channel {
        /// Such as `TRADE_FAIR` or `COLD_CALL`: an open list, unique in the tenant.
        P code: String = |row| row.code.clone();
        /// What people call it.
        P name: String = |row| row.name.clone();
        /// Who owns the stage that it plays on.
        P group: ChannelGroup = |row| row.channel_group;
        /// True for visits without a known origin, which attribution may skip.
        P is_direct: bool = |row| row.is_direct;
    }
}

editable! {
    /// Adds a way into the market. DUPLICATE if its code is known, even that of one taken away.
    create create_channel(CreateChannelInput) -> CreateChannelPayload;
    /// Changes a way into the market.
    update update_channel(UpdateChannelInput) -> UpdateChannelPayload;
    mutation ChannelMutation of channel: Channel(channel::Entity) as Campaign, id Channel, class P;
    once {
        /// Such as `TRADE_FAIR`, at most 100 characters, unique in the tenant, for ever.
        P code = code: key(100);
    }
    fields {
        /// What people call it, at most 255 characters.
        P name = name: name;
        /// Who owns the stage that it plays on.
        P group = channel_group: code(ChannelGroup);
        /// True for visits without a known origin; false unless said.
        P is_direct = is_direct: or(bool, false);
    }
}

listed! {
    /// One channel; null if there is none.
    channel,
    /// The tenant's channels, oldest first unless sorted.
    channels: Channel(channel::Entity) as Campaign, id Channel, Rising;
    query ChannelQuery, filter ChannelFilter, sort ChannelSort {
        /// By code.
        P code: TextFilter = Code;
        /// By name.
        P name: TextFilter = Name;
        /// By who owns the stage.
        P group: AnyOf<ChannelGroup> = ChannelGroup;
    }
}

removal! {
    /// Takes a channel out of the list. What came through it keeps its name.
    delete_channel: channel::Entity as Campaign, class P name;
    mutation ChannelRemoval, input DeleteChannelInput, payload DeleteChannelPayload;
}
