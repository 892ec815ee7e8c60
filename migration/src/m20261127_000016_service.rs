//! An answer to a survey that was never given can be taken away.

use sea_orm_migration::prelude::*;

pub(crate) const STEP: Service = Service;

#[derive(Clone, Copy)]
pub(crate) struct Service;

impl MigrationName for Service {
    fn name(&self) -> &str {
        "m20261127_000016_service"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Service {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        let mut time = ColumnDef::new("deleted_at");
        time.timestamp_with_time_zone();
        schema.alter_table(Table::alter().table("survey_answer").add_column(time).to_owned()).await
    }

    async fn down(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        schema.alter_table(Table::alter().table("survey_answer").drop_column("deleted_at").to_owned()).await
    }
}
