//! Whatever people enter they can take away again: the mark of a removed row for the tables that had none.

use sea_orm_migration::prelude::*;

/// The tables, and nothing but the mark: the journal names their rows, so they stay.
const TABLES: &[&str] = &[
    "contact_point",
    "employment",
    "industry",
    "queue",
    "goal",
    "channel",
    "campaign_cost",
    "lesson",
    "opportunity_contact",
    "meeting_attendee",
    "order_line",
    "pipeline",
    "stage",
    "business_calendar",
    "sla_policy",
];

/// Somebody who was taken out of a deal may come back in the same role.
const ONCE: &[(&str, &str, &[&str])] = &[(
    "opportunity_contact",
    "uq_opportunity_contact_opportunity_id_contact_id_role",
    &["tenant_id", "opportunity_id", "contact_id", "role"],
)];

pub(crate) const STEP: Removal = Removal;

#[derive(Clone, Copy)]
pub(crate) struct Removal;

impl MigrationName for Removal {
    fn name(&self) -> &str {
        "m20261123_000011_removal"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Removal {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES {
            let mut mark = ColumnDef::new("deleted_at");
            mark.timestamp_with_time_zone();
            schema.alter_table(Table::alter().table(*table).add_column(mark).to_owned()).await?;
        }
        for (table, name, columns) in ONCE {
            schema.drop_index(Index::drop().table(*table).name(*name).to_owned()).await?;
            let mut index = unique(table, name, columns);
            schema.create_index(index.and_where(Expr::col("deleted_at").is_null()).to_owned()).await?;
        }
        Ok(())
    }

    async fn down(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for (table, name, columns) in ONCE {
            schema.drop_index(Index::drop().table(*table).name(*name).to_owned()).await?;
            schema.create_index(unique(table, name, columns)).await?;
        }
        for table in TABLES {
            schema.alter_table(Table::alter().table(*table).drop_column("deleted_at").to_owned()).await?;
        }
        Ok(())
    }
}

fn unique(table: &'static str, name: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.unique().name(name).table(table);
    for column in columns {
        index.col(*column);
    }
    index
}
