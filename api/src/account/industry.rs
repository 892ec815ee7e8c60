//! The industry: a branch of trade, in a tree. `industry_closure` holds every pair of a branch and one below it, so that the team
//! of a branch reaches the accounts of the whole sub-tree in one comparison; it follows the tree here and nowhere else.

use async_graphql::{Context, MaybeUndefined, Object};
use entities::{
    account::{account, industry, industry_closure, industry_team_member},
    sales::requirement,
};
use sea_orm::{ActiveValue::NotSet, ColumnTrait, Condition, QueryFilter, QuerySelect, Set, sea_query::ExprTrait};
use uuid::Uuid;

use super::{Account, IndustryTeamMember, segment::Segment};
use crate::{
    graph::{Cx, Error, GlobalId, Ids, Kind, MAX_LINE, Result, TextFilter, UserErrorCode, name_patch, text},
    input,
    journey::{Removable, Work, attempt, timeline},
    listed, object, payload,
    policy::{Seen, access},
    removal,
    sales::Requirement,
    teamwork,
};

/// The deepest tree: NACE has four levels, and the source's own order may be finer.
const MAX_DEPTH: usize = 10;

object! {
    /// An industry, by its NACE code.
    Industry(industry::Entity) as Reference, id Industry {
        /// The NACE code, or the source's own.
        P code: String = |row| row.code.clone();
        /// The name.
        P name: String = |row| row.name.clone();
    }
    refs {
        /// The industry above; null at the top.
        P parent: Industry = industry::Entity, |row| row.parent_id;
    }
    lists {
        /// The industries directly below, oldest first.
        children: Industry = industry::Entity, industry::Column::ParentId, Rising;
        /// The accounts of this very industry that you may see.
        accounts: Account = account::Entity, account::Column::IndustryId, Rising;
        /// Who looks after the accounts of it and of the industries below, ended memberships too, oldest first.
        team: IndustryTeamMember = industry_team_member::Entity, industry_team_member::Column::IndustryId, Rising;
        /// What its customers said that they need, newest first.
        requirements: Requirement = requirement::Entity, requirement::Column::IndustryId, Falling;
    }
    timeline Industry;
    teamwork Industry;
    edges {
        /// How much there is of it: customers, people, leads, needs.
        #[graphql(directive = access::apply("Reference".into(), "P".into(), false))]
        pub async fn segment(&self) -> Segment {
            Segment::of(self.0.row().id)
        }
    }
}

input! {
    /// A new industry.
    CreateIndustryInput for Reference {
        /// The NACE code or one of your own, at most 100 characters, unique in the tenant, for ever.
        P code: String;
        /// The name, at most 255 characters.
        P name: String;
        /// The industry above; none for one at the top. A tree has at most 10 levels.
        P parent_id: Option<GlobalId>;
    }
}

input! {
    /// A change of an industry: absent leaves, null clears.
    UpdateIndustryInput for Reference {
        /// The name.
        P name: MaybeUndefined<String>;
        /// The industry above: it moves there with everything below it; null moves it to the top.
        P parent_id: MaybeUndefined<GlobalId>;
    }
    plain {
        /// Which industry.
        id: GlobalId;
        /// Change it only if it still has this version.
        if_version: Option<i32>;
    }
}

payload! {
    /// What `createIndustry` answers.
    CreateIndustryPayload {
        /// The new industry; null if it was refused.
        industry: Industry
    }
}

payload! {
    /// What `updateIndustry` answers.
    UpdateIndustryPayload {
        /// The changed industry; null if it was refused.
        industry: Industry
    }
}

/// Adds a branch to the tree.
pub async fn create(cx: &Cx, input: CreateIndustryInput) -> Result<Industry> {
    let written = input.written();
    let CreateIndustryInput { code, name, parent_id } = input;
    let mut work = Work::begin(cx).await?;
    work.alone_unscoped().await?;
    let parent_id = work.refer_opt::<industry::Entity>("parentId", parent_id).await?;
    let row = industry::ActiveModel {
        code: Set(text("code", code, 100)?),
        name: Set(text("name", name, MAX_LINE)?),
        parent_id: Set(parent_id),
        ..Default::default()
    };
    let row = work.insert_unique::<industry::Entity>("code", row).await?;
    work.insert_technical::<industry_closure::Entity>(vec![pair(row.id, row.id, 0)]).await?;
    hang(&mut work, parent_id, vec![(row.id, 0)]).await?;
    let seen = work.reached::<industry::Entity>(row.id, &written).await?;
    work.commit().await?;
    Ok(Industry(seen))
}

/// Renames a branch, or moves it with all that is below it.
pub async fn update(cx: &Cx, input: UpdateIndustryInput) -> Result<Industry> {
    let written = input.written();
    let UpdateIndustryInput { id, if_version, name, parent_id } = input;
    let id = id.named("id", Kind::Industry)?;
    let mut work = Work::begin(cx).await?;
    // Two moves at once could hang two branches under each other.
    work.alone_unscoped().await?;
    let seen = work.to_change::<industry::Entity>(id, if_version, &written).await?;
    let parent_id = work.refer_patch::<industry::Entity>("parentId", parent_id).await?;
    if let Set(parent) = parent_id
        && parent != seen.row().parent_id
    {
        move_under(&mut work, id, parent).await?;
    }
    let row = industry::ActiveModel { name: name_patch("name", name)?, parent_id, ..Default::default() };
    work.update::<industry::Entity>(&seen, row).await?;
    let seen = work.reached::<industry::Entity>(id, &written).await?;
    work.commit().await?;
    Ok(Industry(seen))
}

type Pair = industry_closure::Column;

/// The other ends of a branch's pairs, with the steps between, itself included.
async fn pairs(work: &Work<'_>, of: Pair, id: Uuid, wanted: Pair) -> Result<Vec<(Uuid, i32)>> {
    let links = work.caller().links::<industry_closure::Entity>().filter(of.eq(id));
    Ok(links.select_only().columns([wanted, Pair::Depth]).into_tuple().all(work.tx()).await?)
}

/// Writes down every pair of a branch at or above `parent` and one of a sub-tree, given with the steps from its top.
async fn hang(work: &mut Work<'_>, parent: Option<Uuid>, tree: Vec<(Uuid, i32)>) -> Result<()> {
    let Some(parent) = parent else { return Ok(()) };
    let above = pairs(work, Pair::DescendantId, parent, Pair::AncestorId).await?;
    let height = tree.iter().map(|(_, depth)| *depth).max().unwrap_or_default();
    if above.len() + usize::try_from(height).unwrap_or(usize::MAX) >= MAX_DEPTH {
        return Err(Error::invalid("parentId", format!("a tree of industries has at most {MAX_DEPTH} levels")));
    }
    let rows = tree.iter().flat_map(|(below, down)| above.iter().map(move |(id, up)| pair(*id, *below, up + down + 1)));
    work.insert_technical::<industry_closure::Entity>(rows.collect()).await
}

fn pair(ancestor: Uuid, descendant: Uuid, depth: i32) -> industry_closure::ActiveModel {
    industry_closure::ActiveModel {
        tenant_id: NotSet,
        ancestor_id: Set(ancestor),
        descendant_id: Set(descendant),
        depth: Set(depth),
    }
}

async fn move_under(work: &mut Work<'_>, id: Uuid, parent: Option<Uuid>) -> Result<()> {
    let tree = pairs(work, Pair::AncestorId, id, Pair::DescendantId).await?;
    let below: Vec<Uuid> = tree.iter().map(|(id, _)| *id).collect();
    if parent.is_some_and(|parent| below.contains(&parent)) {
        return Err(Error::invalid("parentId", "an industry cannot stand below itself"));
    }
    let above = pairs(work, Pair::DescendantId, id, Pair::AncestorId).await?;
    let above = above.into_iter().map(|(above, _)| above).filter(|above| *above != id);
    work.unlink::<industry_closure::Entity>(Pair::AncestorId.is_in(above).and(Pair::DescendantId.is_in(below))).await?;
    hang(work, parent, tree).await
}

impl Removable for industry::Entity {
    async fn before_removal(work: &mut Work<'_>, seen: &Seen<industry::Model>) -> Result<()> {
        work.alone_unscoped().await?;
        let (id, now) = (seen.row().id, work.now());
        let refuse = |what: &str| Err(Error::user(UserErrorCode::StateConflict, "id", what));
        let lasting = Condition::any()
            .add(industry_team_member::Column::ValidTo.is_null())
            .add(industry_team_member::Column::ValidTo.gt(now));
        let team = industry_team_member::Column::IndustryId.eq(id);
        if work.tally_unscoped::<industry::Entity>(industry::Column::ParentId.eq(id)).await? > 0 {
            return refuse("there are industries below it");
        }
        if work.tally_unscoped::<account::Entity>(account::Column::IndustryId.eq(id)).await? > 0 {
            return refuse("there are accounts of this industry");
        }
        if work.tally_unscoped::<industry_team_member::Entity>(Condition::all().add(team).add(lasting)).await? > 0 {
            return refuse("a team looks after this industry");
        }
        work.unlink::<industry_closure::Entity>(Pair::DescendantId.eq(id)).await
    }
}

listed! {
    /// One industry; null if there is none that you may see.
    industry,
    /// The industries that you may see, oldest first unless sorted.
    industries: Industry(industry::Entity) as Reference, id Industry, Rising;
    query IndustryQuery, filter IndustryFilter, sort IndustrySort {
        /// By code.
        P code: TextFilter = Code;
        /// By name.
        P name: TextFilter = Name;
        /// By the industry above.
        P parent_id: Ids = ParentId, of Industry;
    }
}

removal! {
    /// Takes an industry away. STATE_CONFLICT while there are industries below it, accounts of it, or a team for it.
    delete_industry: industry::Entity as Reference, class P name, checked;
    mutation IndustryRemoval, input DeleteIndustryInput, payload DeleteIndustryPayload;
}

/// Changing the tree of industries.
#[derive(Default)]
pub struct IndustryMutation;

#[Object]
impl IndustryMutation {
    /// Adds an industry. DUPLICATE if its code is known, even that of one taken away. Event: `record.created`.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), true))]
    async fn create_industry(&self, ctx: &Context<'_>, input: CreateIndustryInput) -> Result<CreateIndustryPayload> {
        let cx = Cx::of(ctx);
        CreateIndustryPayload::of(attempt(|| create(cx, input.clone())).await)
    }

    /// Renames or moves an industry. Teams of the industries above reach its accounts at once, those of the old ones no more.
    /// Event: `record.updated`.
    #[graphql(directive = access::apply("Reference".into(), "P".into(), true))]
    async fn update_industry(&self, ctx: &Context<'_>, input: UpdateIndustryInput) -> Result<UpdateIndustryPayload> {
        let cx = Cx::of(ctx);
        UpdateIndustryPayload::of(attempt(|| update(cx, input.clone())).await)
    }
}
