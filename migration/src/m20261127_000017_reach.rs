//! The accounts of a colleague from the index alone: the team rule brings them together for every list, and read each membership's
//! row for it.

use sea_orm_migration::prelude::*;

pub(crate) const STEP: Reach = Reach;

#[derive(Clone, Copy)]
pub(crate) struct Reach;

impl MigrationName for Reach {
    fn name(&self) -> &str {
        "m20261127_000017_reach"
    }
}

/// Table, name of the index, its columns before and now.
const INDICES: [(&str, &str, &[&str], &[&str]); 2] = [
    (
        "account_team_member",
        "ix_account_team_member_colleague_id",
        &["tenant_id", "colleague_id"],
        &[
            "tenant_id",
            "colleague_id",
            "account_id",
            "valid_from",
            "valid_to",
            "access_account",
            "access_marketing",
            "access_sales",
            "access_service",
        ],
    ),
    ("account", "ix_account_owner_id", &["tenant_id", "owner_id"], &["tenant_id", "owner_id", "id"]),
];

async fn put(
    schema: &SchemaManager<'_>,
    table: &'static str,
    name: &str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    schema.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
    let mut index = Index::create().name(name).table(table).to_owned();
    for column in columns {
        index.col(*column);
    }
    schema.create_index(index).await
}

#[async_trait::async_trait]
impl MigrationTrait for Reach {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for (table, name, _, now) in INDICES {
            put(schema, table, name, now).await?;
        }
        Ok(())
    }

    async fn down(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for (table, name, before, _) in INDICES {
            put(schema, table, name, before).await?;
        }
        Ok(())
    }
}
