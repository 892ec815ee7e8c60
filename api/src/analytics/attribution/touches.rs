//! Who may have brought a conversion about: the touches of buying groups as one stream, group by group. No path is held longer than its
//! group. What marketing did stands beside what sales did: calls, mails, visits and meetings are touches like any other.

use std::collections::HashMap;

use async_graphql::Enum;
use chrono::{DateTime, Utc};
use entities::{
    account::{consent, visitor},
    codes::{
        ActivityKind, ActivityOutcome, ChannelGroup, ConsentPurpose, ConsentState, Direction, Interaction,
        MeetingOutcome,
    },
    marketing::{channel, touchpoint},
    sales::{activity, meeting, meeting_attendee, opportunity_contact},
};
use futures::TryStreamExt;
use numbers::attribution::Touch;
use sea_orm::{
    ColumnTrait, ConnectionTrait, QueryResult, StreamTrait,
    sea_query::{Alias, Expr, ExprTrait, JoinType, Order, Query, SelectStatement, UnionType},
};
use uuid::Uuid;

use super::conversions::{BuyingGroup, Wanted, col, micros};
use crate::{
    graph::{Cx, GlobalId, Kind, Result},
    policy::{Basis, Caller, Class, Column},
};

/// A touch of sales.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Enum)]
pub enum SalesTouch {
    /// A phone call in which somebody was reached, or of which nobody says otherwise.
    Call,
    /// A mail from person to person: one that came, or one that was answered.
    Email,
    /// A chat.
    Chat,
    /// A visit on site.
    SiteVisit,
    /// A trial installation.
    Trial,
    /// A meeting that was held, dated when it began.
    Meeting,
}

impl SalesTouch {
    /// Every kind.
    pub const ALL: [SalesTouch; 6] = [
        SalesTouch::Call,
        SalesTouch::Email,
        SalesTouch::Chat,
        SalesTouch::SiteVisit,
        SalesTouch::Trial,
        SalesTouch::Meeting,
    ];

    /// The kind of an activity; none for meetings.
    fn activity(self) -> Option<ActivityKind> {
        match self {
            SalesTouch::Call => Some(ActivityKind::Call),
            SalesTouch::Email => Some(ActivityKind::Email),
            SalesTouch::Chat => Some(ActivityKind::Chat),
            SalesTouch::SiteVisit => Some(ActivityKind::SiteVisit),
            SalesTouch::Trial => Some(ActivityKind::Trial),
            SalesTouch::Meeting => None,
        }
    }
}

/// The kind of a meeting, as the code of a channel may name it.
const MEETING: &str = "MEETING";

/// Which touches are eligible by their kind.
#[derive(Clone, Debug)]
pub struct Kinds {
    /// Those of marketing.
    pub interactions: Vec<Interaction>,
    /// Those of sales.
    pub sales: Vec<SalesTouch>,
}

/// The touches of which nobody says that the market took part in them: not eligible unless they are asked for.
pub const NO_TOUCHES: [Interaction; 3] =
    [Interaction::EmailSent, Interaction::EmailBounced, Interaction::EmailUnsubscribed];

/// What an activity came to of which nobody says that the market took part in it.
const IN_VAIN: [ActivityOutcome; 4] =
    [ActivityOutcome::NoAnswer, ActivityOutcome::Voicemail, ActivityOutcome::Bounced, ActivityOutcome::Cancelled];

/// Where a touch comes from, which decides between two of one moment: what marketing did comes before what sales did after it.
const OF_MARKETING: i32 = 0;
const OF_ACTIVITY: i32 = 1;
const OF_MEETING: i32 = 2;

/// The id of a touch, as the graph has it.
pub fn touch_id(source_rank: i32, id: u128) -> GlobalId {
    let kind = match source_rank {
        OF_ACTIVITY => Kind::Activity,
        OF_MEETING => Kind::Meeting,
        _ => Kind::Touchpoint,
    };
    GlobalId::new(kind, Uuid::from_u128(id))
}

/// What the two sorts of touch consents are: those that permit, and those that do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consent {
    Permits,
    Refused,
}

/// No id, of the same type in every part of a union.
fn no_id() -> Expr {
    Expr::null().cast_as(Alias::new("uuid"))
}

/// Touches of groups.
pub struct Touches<'a> {
    /// Of which conversions.
    pub wanted: &'a Wanted,
    /// On whose rows.
    pub basis: &'a Basis,
    /// Of which groups; of those that converted without, or of all where `of_all`.
    pub groups: Option<&'a [Uuid]>,
    /// Those of groups that did not convert, too.
    pub of_all: bool,
}

impl Touches<'_> {
    fn caller(&self) -> &Caller {
        &self.basis.caller
    }

    /// Whether the group is the account's: else it is made of persons.
    fn by_account(&self) -> bool {
        self.wanted.group == BuyingGroup::Account
    }

    /// Whether a person lets itself be measured, as it stands now: nobody said no, or said yes since. Consent is the same for
    /// everybody who asks, whoever may read it.
    fn permits(&self, contact: Expr) -> Expr {
        contact.clone().is_null().or(contact.in_subquery(self.refusing()).not())
    }

    /// The contacts who refuse to be measured.
    fn refusing(&self) -> SelectStatement {
        let now = self.wanted.now;
        let of = |alias: &'static str| {
            let consent = |column: consent::Column| col(alias, column);
            Query::select()
                .expr(consent(consent::Column::ContactId))
                .from_as(consent::Entity, Alias::new(alias))
                .and_where(consent(consent::Column::TenantId).eq(self.caller().tenant))
                .and_where(consent(consent::Column::Purpose).eq(ConsentPurpose::Analytics))
                .and_where(consent(consent::Column::ValidFrom).lte(now))
                .to_owned()
        };
        let given = |column: consent::Column| col("given", column);
        let holds = given(consent::Column::ValidTo).is_null().or(given(consent::Column::ValidTo).gt(now));
        let given =
            of("given").and_where(given(consent::Column::State).eq(ConsentState::Given)).and_where(holds).to_owned();
        let refused = |column: consent::Column| col("refused", column);
        of("refused")
            .and_where(refused(consent::Column::State).is_in([ConsentState::Denied, ConsentState::Withdrawn]))
            .and_where(refused(consent::Column::ContactId).in_subquery(given).not())
            .to_owned()
    }

    /// The same of a visitor, whose row says it.
    fn visitor_permits(&self, visitor: Expr) -> Expr {
        let of = |column: visitor::Column| col("refused", column);
        let refusing = Query::select()
            .expr(of(visitor::Column::Id))
            .from_as(visitor::Entity, Alias::new("refused"))
            .and_where(of(visitor::Column::TenantId).eq(self.caller().tenant))
            .and_where(of(visitor::Column::ConsentState).is_in([ConsentState::Denied, ConsentState::Withdrawn]))
            .to_owned();
        visitor.clone().is_null().or(visitor.in_subquery(refusing).not())
    }

    fn consents(&self, consent: Consent, permits: Expr) -> Expr {
        match consent {
            Consent::Permits => permits,
            Consent::Refused => permits.not(),
        }
    }

    /// What marketing did.
    fn of_marketing(&self, consent: Consent) -> SelectStatement {
        use touchpoint::Column as C;
        let Wanted { from, to, lookback, kinds, .. } = self.wanted;
        let person = Expr::case(C::ContactId.is_not_null(), C::ContactId.into_expr()).finally(C::VisitorId.into_expr());
        let permits = self.permits(C::ContactId.into_expr()).and(self.visitor_permits(C::VisitorId.into_expr()));
        let columns: Vec<Column> = vec![
            ("id", Class::P, "id", C::Id.into_expr()),
            ("source", Class::P, "occurredAt", Expr::val(OF_MARKETING)),
            ("account", Class::P, "account", C::AccountId.into_expr()),
            ("contact", Class::P, "contact", C::ContactId.into_expr()),
            ("person", Class::P, "contact", person.into()),
            ("campaign", Class::P, "campaign", C::CampaignId.into_expr()),
            ("channel", Class::P, "channel", C::ChannelId.into_expr()),
            ("at", Class::P, "occurredAt", C::OccurredAt.into_expr()),
            ("kind", Class::P, "interaction", C::Interaction.into_expr()),
        ];
        let rows = self.caller().rows::<touchpoint::Entity>();
        let rows = rows.filter(C::OccurredAt.gt(*from - *lookback)).filter(C::OccurredAt.lt(*to));
        let rows = rows.filter(C::Interaction.is_in(kinds.interactions.iter().copied()));
        rows.filter(self.consents(consent, permits)).into_figures(self.caller(), columns)
    }

    /// Calls, mails, chats and visits by persons, about no ticket.
    fn of_activities(&self, consent: Consent) -> SelectStatement {
        use activity::Column as C;
        let Wanted { from, to, lookback, kinds, .. } = self.wanted;
        let columns: Vec<Column> = vec![
            ("id", Class::P, "id", C::Id.into_expr()),
            ("source", Class::P, "occurredAt", Expr::val(OF_ACTIVITY)),
            ("account", Class::P, "account", C::AccountId.into_expr()),
            ("contact", Class::P, "contact", C::ContactId.into_expr()),
            ("person", Class::P, "contact", C::ContactId.into_expr()),
            ("campaign", Class::P, "occurredAt", no_id()),
            ("channel", Class::P, "occurredAt", no_id()),
            ("at", Class::P, "occurredAt", C::OccurredAt.into_expr()),
            ("kind", Class::P, "kind", C::Kind.into_expr()),
        ];
        let taken = C::Outcome.is_null().or(C::Outcome.is_not_in(IN_VAIN));
        // A mail that went out says nothing of the market; an answer does.
        let answered = C::Kind
            .ne(ActivityKind::Email)
            .or(C::Direction.eq(Direction::Inbound))
            .or(C::Outcome.is_not_null().and(C::Outcome.eq(ActivityOutcome::Replied)));
        let rows = self.caller().rows::<activity::Entity>();
        let rows = rows.filter(C::OccurredAt.gt(*from - *lookback)).filter(C::OccurredAt.lt(*to));
        let rows = rows.filter(C::Kind.is_in(kinds.sales.iter().filter_map(|kind| kind.activity())));
        let rows = rows.filter(C::Automatic.eq(false)).filter(C::TicketId.is_null()).filter(taken).filter(answered);
        rows.filter(self.consents(consent, self.permits(C::ContactId.into_expr()))).into_figures(self.caller(), columns)
    }

    /// Who of the market was in a meeting: `meeting`, `contact`.
    fn attendees(&self) -> SelectStatement {
        use meeting_attendee::Column as C;
        let columns: Vec<Column> = vec![
            ("meeting", Class::P, "meeting", C::MeetingId.into_expr()),
            ("contact", Class::P, "contact", C::ContactId.into_expr()),
        ];
        let came = C::Attended.is_null().or(C::Attended.eq(true));
        let rows = self.caller().rows::<meeting_attendee::Entity>().filter(C::ContactId.is_not_null()).filter(came);
        rows.into_figures(self.caller(), columns)
    }

    /// Meetings that were held. An account's meeting is one touch, however many were in it; it is left out where all who were in it
    /// refuse. Of persons it is a touch of each.
    fn of_meetings(&self, consent: Consent) -> SelectStatement {
        use meeting::Column as C;
        let Wanted { from, to, lookback, .. } = self.wanted;
        let columns: Vec<Column> = vec![
            ("id", Class::P, "id", C::Id.into_expr()),
            ("account", Class::P, "account", C::AccountId.into_expr()),
            ("at", Class::P, "startsAt", C::StartsAt.into_expr()),
        ];
        let rows = self.caller().rows::<meeting::Entity>().filter(C::Outcome.eq(MeetingOutcome::Held));
        let rows = rows.filter(C::StartsAt.gt(*from - *lookback)).filter(C::StartsAt.lt(*to));
        let (m, a) = (|name: &'static str| Expr::col(("m", name)), |name: &'static str| Expr::col(("a", name)));
        let mut select = Query::select();
        select.from_subquery(rows.into_figures(self.caller(), columns), "m");
        let person = match self.by_account() {
            true => {
                let who = |permitted: bool| {
                    let mut who = Query::select();
                    who.column(("a", "meeting")).from_subquery(self.attendees(), "a");
                    if permitted {
                        who.and_where(self.permits(a("contact")));
                    }
                    who.to_owned()
                };
                let somebody = m("id").in_subquery(who(true)).or(m("id").in_subquery(who(false)).not());
                select.and_where(self.consents(consent, somebody));
                no_id()
            }
            false => {
                select.join_subquery(JoinType::InnerJoin, self.attendees(), "a", a("meeting").equals(("m", "id")));
                select.and_where(self.consents(consent, self.permits(a("contact"))));
                a("contact")
            }
        };
        select
            .expr_as(m("id"), "id")
            .expr_as(Expr::val(OF_MEETING), "source")
            .expr_as(m("account"), "account")
            .expr_as(person.clone(), "contact")
            .expr_as(person, "person")
            .expr_as(no_id(), "campaign")
            .expr_as(no_id(), "channel")
            .expr_as(m("at"), "at")
            .expr_as(Expr::val(MEETING), "kind")
            .to_owned()
    }

    /// The touches with the group of each.
    fn select(&self, consent: Consent) -> SelectStatement {
        let kinds = &self.wanted.kinds;
        let mut sources = Vec::new();
        if !kinds.interactions.is_empty() {
            sources.push(self.of_marketing(consent));
        }
        if kinds.sales.iter().any(|kind| kind.activity().is_some()) {
            sources.push(self.of_activities(consent));
        }
        if kinds.sales.contains(&SalesTouch::Meeting) {
            sources.push(self.of_meetings(consent));
        }
        let all = sources.into_iter().reduce(|mut all, one| all.union(UnionType::All, one).to_owned());
        let t = |column: &'static str| Expr::col(("t", column));
        let mut select = Query::select();
        select.column(("t", sea_orm::sea_query::Asterisk)).from_subquery(all.unwrap_or_default(), "t");
        let group = match self.wanted.group {
            BuyingGroup::Account => t("account"),
            BuyingGroup::OpportunityRoles if self.wanted.kind.is_deal() => {
                use opportunity_contact::Column as R;
                let roles: Vec<Column> = vec![
                    ("deal", Class::P, "opportunity", R::OpportunityId.into_expr()),
                    ("contact", Class::P, "contact", R::ContactId.into_expr()),
                ];
                let roles = self.caller().rows::<opportunity_contact::Entity>().into_figures(self.caller(), roles);
                let joined = Expr::col(("p", "contact")).equals(("t", "contact"));
                select.join_subquery(JoinType::InnerJoin, roles, "p", joined);
                Expr::col(("p", "deal"))
            }
            BuyingGroup::Contact | BuyingGroup::OpportunityRoles => t("person"),
        };
        select.expr_as(group.clone(), "grp");
        match (self.groups, self.of_all) {
            (Some(groups), _) => select.and_where(group.is_in(groups.iter().copied())),
            (None, true) => select.and_where(group.is_not_null()),
            (None, false) => {
                let groups = Query::select()
                    .column(("c", "grp"))
                    .from_subquery(self.wanted.select(self.caller()), "c")
                    .and_where(Expr::col(("c", "grp")).is_not_null())
                    .to_owned();
                select.and_where(group.in_subquery(groups))
            }
        };
        select.to_owned()
    }

    /// Hands over the touches group by group.
    pub async fn each_group(&self, cx: &Cx, names: &mut Names, mut group: impl FnMut(Uuid, &[Touch])) -> Result<()> {
        let db = cx.store.db();
        let _busy = cx.busy();
        let select = self.select(Consent::Permits).order_by("grp", Order::Asc).to_owned();
        let mut lines = db.stream_raw(db.get_database_backend().build(&select)).await?;
        let (mut of, mut touches): (Option<Uuid>, Vec<Touch>) = (None, Vec::new());
        while let Some(line) = lines.try_next().await? {
            let next: Uuid = line.try_get("", "grp")?;
            if of != Some(next) {
                if let Some(of) = of {
                    group(of, &touches);
                }
                touches.clear();
                of = Some(next);
            }
            touches.push(names.touch(&line)?);
        }
        if let Some(of) = of {
            group(of, &touches);
        }
        Ok(())
    }

    /// How many touches of these groups are not eligible because their person refuses to be measured.
    pub async fn refused(&self, cx: &Cx) -> Result<i64> {
        let count = Query::select()
            .expr_as(Expr::col(sea_orm::sea_query::Asterisk).count(), "n")
            .from_subquery(self.select(Consent::Refused), "r")
            .to_owned();
        let line = cx.db().query_one(&count).await?;
        Ok(line.map(|line| line.try_get::<i64>("", "n")).transpose()?.unwrap_or(0))
    }
}

/// The numbers that the arithmetic knows channels, campaigns and persons by. A touch without a channel has the last number, one of
/// sales without a channel the last but one.
#[derive(Clone, Debug, Default)]
pub struct Names {
    channels: Vec<Uuid>,
    campaigns: Vec<Uuid>,
    places: HashMap<Uuid, u32>,
    direct: std::collections::HashSet<Uuid>,
    /// The channels of group SALES, by their code.
    of_sales: HashMap<String, Uuid>,
    persons: HashMap<Uuid, u32>,
    /// Whether persons are told apart: only where small groups have to be found.
    pub count_persons: bool,
}

/// The number of "no channel".
pub const NO_CHANNEL: u32 = u32::MAX;
/// The number of "sales": its touches for whose kind the tenant has no channel.
pub const SALES: u32 = u32::MAX - 1;

fn place(places: &mut HashMap<Uuid, u32>, list: &mut Vec<Uuid>, id: Uuid) -> u32 {
    *places.entry(id).or_insert_with(|| {
        list.push(id);
        u32::try_from(list.len() - 1).unwrap_or(SALES - 1)
    })
}

impl Names {
    /// Knows which channels are DIRECT, and which are those of sales.
    pub async fn of(cx: &Cx, basis: &Basis) -> Result<Names> {
        let mut names = Names { count_persons: basis.grouped, ..Names::default() };
        for seen in basis.caller.rows_even_deleted::<channel::Entity>().all(&cx.db()).await? {
            let row = seen.row();
            if row.is_direct {
                names.direct.insert(row.id);
            }
            if row.channel_group == ChannelGroup::Sales && row.deleted_at.is_none() {
                names.of_sales.insert(row.code.clone(), row.id);
            }
        }
        Ok(names)
    }

    /// The number of a campaign.
    pub fn campaign(&mut self, id: Uuid) -> u32 {
        place(&mut self.places, &mut self.campaigns, id)
    }

    /// The number of a channel.
    pub fn channel(&mut self, id: Uuid) -> u32 {
        place(&mut self.places, &mut self.channels, id)
    }

    /// The channel of a number.
    pub fn channel_of(&self, place: u32) -> Option<Uuid> {
        self.channels.get(usize::try_from(place).ok()?).copied()
    }

    /// The campaign of a number.
    pub fn campaign_of(&self, place: u32) -> Option<Uuid> {
        self.campaigns.get(usize::try_from(place).ok()?).copied()
    }

    fn touch(&mut self, line: &QueryResult) -> Result<Touch> {
        let at: DateTime<Utc> = line.try_get("", "at")?;
        let id: Uuid = line.try_get("", "id")?;
        let source: i32 = line.try_get("", "source")?;
        let mut channel: Option<Uuid> = line.try_get("", "channel")?;
        let campaign: Option<Uuid> = line.try_get("", "campaign")?;
        if source != OF_MARKETING {
            let kind: Option<String> = line.try_get("", "kind")?;
            channel = kind.and_then(|kind| self.of_sales.get(&kind).copied());
        }
        let person = match self.count_persons {
            false => 0,
            true => self.person(line)?,
        };
        let none = if source == OF_MARKETING { NO_CHANNEL } else { SALES };
        Ok(Touch {
            at: micros(at),
            source_rank: source,
            // The id is a UUID v7 of when the row was written, so that it keeps the source's own order.
            source_seq: 0,
            id: id.as_u128(),
            channel: channel.map_or(none, |id| self.channel(id)),
            campaign: campaign.map(|id| self.campaign(id)),
            direct: channel.is_some_and(|id| self.direct.contains(&id)),
            person,
        })
    }

    /// The number of a contact.
    pub fn contact(&mut self, id: Uuid) -> u32 {
        let next = u32::try_from(self.persons.len()).unwrap_or(u32::MAX - 1);
        *self.persons.entry(id).or_insert(next)
    }

    fn person(&mut self, line: &QueryResult) -> Result<u32> {
        // A visitor without a name is no contact: it makes no group larger.
        Ok(line.try_get::<Option<Uuid>>("", "contact")?.map_or(u32::MAX, |contact| self.contact(contact)))
    }
}
