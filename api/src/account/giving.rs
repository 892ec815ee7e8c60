//! What may be given of an account. Nobody gives more than she has, nobody raises herself; it is judged by what was before the
//! change, so that a change never brings the right to itself along.

use entities::{
    account::{account, account_team_member, colleague},
    codes::{AccessLevel, Discipline, Wing},
};
use sea_orm::{
    ConnectionTrait,
    sea_query::{Expr, Query},
};
use uuid::Uuid;

use crate::{
    graph::{Error, Result},
    journey::Work,
    policy::{Caller, Scope, Type, reach, table},
};

/// The wings in the order of [`Terms::levels`], each with the input field that gives a level in it.
const WINGS: [(Wing, &str); 4] = [
    (Wing::Account, "accessAccount"),
    (Wing::Marketing, "accessMarketing"),
    (Wing::Sales, "accessSales"),
    (Wing::Service, "accessService"),
];

/// What a membership allows.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Whether it leads the team.
    pub is_lead: bool,
    /// How far it reaches: account, marketing, sales, service.
    pub levels: [AccessLevel; 4],
}

impl Terms {
    /// The terms of a membership as it stands.
    pub fn of(row: &account_team_member::Model) -> Terms {
        let levels = [row.access_account, row.access_marketing, row.access_sales, row.access_service];
        Terms { is_lead: row.is_lead, levels }
    }
}

const fn rank(level: AccessLevel) -> u8 {
    match level {
        AccessLevel::None => 0,
        AccessLevel::Read => 1,
        AccessLevel::Edit => 2,
    }
}

/// What the caller herself has on an account at this moment.
#[derive(Clone, Debug)]
pub struct Standing {
    levels: [AccessLevel; 4],
    leads: bool,
    everywhere: bool,
    colleague: Option<Uuid>,
}

impl Standing {
    /// The caller's standing on an account. It tells of the caller's own memberships only, so it needs no scope.
    pub async fn on(work: &Work<'_>, account: Uuid) -> Result<Standing> {
        // What was believed for the reading decides no gift: the teams of industries are asked whatever the request began with.
        let caller = &Caller { in_industries: true, merged: true, ..work.caller().clone() };
        let mut select = Query::select();
        for (wing, field) in WINGS {
            select.expr_as(reach::level(Expr::val(account), caller, wing), field);
        }
        let leads = reach::in_accounts(Expr::val(account), reach::team_accounts(caller, true));
        select.expr_as(Expr::case(leads, 1).finally(0), "leads");
        let row = work.tx().query_one(&select).await?.ok_or(Error::NotFound)?;
        let mut levels = [AccessLevel::None; 4];
        for (held, (_, field)) in levels.iter_mut().zip(WINGS) {
            *held = match row.try_get::<i32>("", field)? {
                0 => AccessLevel::None,
                1 => AccessLevel::Read,
                _ => AccessLevel::Edit,
            };
        }
        let leads = row.try_get::<i32>("", "leads")? == 1;
        let grants = table::grants(Type::AccountTeam, caller.into());
        let writes = |scope| grants.iter().any(|grant| grant.scope == scope && grant.rights.writes());
        Ok(Standing {
            // The lead's right is a right of the account's wing: READ there takes it away.
            leads: leads && levels[0] == AccessLevel::Edit && writes(Scope::Lead),
            everywhere: writes(Scope::All),
            levels,
            colleague: caller.colleague,
        })
    }

    /// The usual level of a wing, or as much of it as the caller has.
    pub fn at_most(&self, wing: Wing, usual: AccessLevel) -> AccessLevel {
        let own = WINGS.iter().zip(self.levels).find(|((of, _), _)| *of == wing).map_or(usual, |(_, own)| own);
        if self.everywhere || rank(usual) <= rank(own) { usual } else { own }
    }

    /// Whether the caller may hand the account over or take it away: its owner, who leads its team, who has all teams in hand.
    pub fn disposes(&self, account: &account::Model) -> bool {
        let owns = self.colleague.is_some() && self.colleague == account.owner_id;
        owns || self.leads || self.everywhere
    }

    /// Whether the caller reaches further now than before, in any wing, by other means than a cell for all teams.
    pub fn risen_since(&self, before: &Standing) -> bool {
        !before.everywhere && self.levels.iter().zip(before.levels).any(|(now, then)| rank(*now) > rank(then))
    }

    /// Refuses to give more than the caller has. `before` is none for a new membership; of a changed one only what rises is
    /// given.
    pub fn may_give(&self, to: Uuid, before: Option<Terms>, after: Terms) -> Result<()> {
        if self.everywhere {
            return Ok(());
        }
        let had = before.unwrap_or(Terms { is_lead: false, levels: [AccessLevel::None; 4] });
        let rises = |nth: usize| rank(after.levels[nth]) > rank(had.levels[nth]);
        let lead = after.is_lead && !had.is_lead;
        if self.colleague == Some(to) && (before.is_none() || lead || (0..WINGS.len()).any(rises)) {
            return Err(Error::forbidden("colleagueId"));
        }
        if lead && !self.leads {
            return Err(Error::forbidden("isLead"));
        }
        match (0..WINGS.len()).find(|nth| rises(*nth) && rank(after.levels[*nth]) > rank(self.levels[*nth])) {
            Some(nth) => Err(Error::forbidden(WINGS[nth].1)),
            None => Ok(()),
        }
    }
}

/// A member stands for the department in which it works: else marketing would fetch sales under its own name.
pub async fn stands_for(work: &Work<'_>, colleague: Uuid, discipline: Discipline) -> Result<()> {
    match work.follow_unscoped::<colleague::Entity>(colleague).await? {
        Some(colleague) if colleague.department != discipline => {
            Err(Error::invalid("discipline", format!("the colleague works in {}", colleague.department)))
        }
        _ => Ok(()),
    }
}

/// Whether the caller sees every deal of the house with its money: only then does a campaign's owner bring nothing new along.
pub fn sees_all_deals(caller: &Caller) -> bool {
    table::grants(Type::Opportunity, caller.into()).iter().any(|grant| grant.scope == Scope::All)
}
