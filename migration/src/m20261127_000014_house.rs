//! What the house keeps in order itself: a calendar's revisions end, and wrong rates and rules can be taken away and entered anew.

use sea_orm_migration::prelude::*;

/// Table and the column it gains.
const COLUMNS: &[(&str, &str)] =
    &[("business_calendar", "valid_to"), ("fx_rate", "deleted_at"), ("identity_rule", "deleted_at")];

/// What was unique for ever is so among the rows that stand.
const ONCE: &[(&str, &str, &[&str])] = &[
    ("fx_rate", "uq_fx_rate_base_quote_rate_date", &["tenant_id", "base", "quote", "rate_date"]),
    ("identity_rule", "uq_identity_rule_kind", &["tenant_id", "kind"]),
];

pub(crate) const STEP: House = House;

#[derive(Clone, Copy)]
pub(crate) struct House;

impl MigrationName for House {
    fn name(&self) -> &str {
        "m20261127_000014_house"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for House {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            let mut time = ColumnDef::new(*column);
            time.timestamp_with_time_zone();
            schema.alter_table(Table::alter().table(*table).add_column(time).to_owned()).await?;
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
        for (table, column) in COLUMNS {
            schema.alter_table(Table::alter().table(*table).drop_column(*column).to_owned()).await?;
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
