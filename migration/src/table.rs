//! A table in a few lines, the same on SQLite and PostgreSQL.
//!
//! Every key, unique key, index and foreign key that is made here starts with the tenant: nobody can forget it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// One step of the schema: its tables, in the order in which they can be made.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) tables: fn() -> Vec<Table>,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for table in (self.tables)() {
            table.create(schema).await?;
        }
        Ok(())
    }

    async fn down(&self, schema: &SchemaManager) -> Result<(), DbErr> {
        for table in (self.tables)().iter().rev() {
            drop(schema, table.name).await?;
        }
        Ok(())
    }
}

/// Takes a table away, rows and all.
pub(crate) async fn drop(schema: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    schema.drop_table(sea_query::Table::drop().table(name).to_owned()).await
}

/// A table being described.
pub(crate) struct Table {
    name: &'static str,
    create: TableCreateStatement,
    indices: Vec<IndexCreateStatement>,
    without_rowid: bool,
}

/// Begins a table.
pub(crate) fn table(name: &'static str) -> Table {
    Table { name, create: sea_query::Table::create().table(name).to_owned(), indices: Vec::new(), without_rowid: false }
}

/// Two methods for one type of column: the first makes it required, the second optional.
macro_rules! columns {
    ($($required:ident $optional:ident $kind:ident;)+) => {
        $(
            pub(crate) fn $required(self, name: &'static str) -> Self {
                self.column(ColumnDef::new(name).$kind().not_null())
            }

            #[allow(dead_code, reason = "not every type has an optional column yet")]
            pub(crate) fn $optional(self, name: &'static str) -> Self {
                self.column(ColumnDef::new(name).$kind())
            }
        )+
    };
}

impl Table {
    columns! {
        uuid opt_uuid uuid;
        text opt_text text;
        bigint opt_bigint big_integer;
        integer opt_integer integer;
        boolean opt_boolean boolean;
        json opt_json json;
        date opt_date date;
        time opt_time timestamp_with_time_zone;
    }

    /// Tenant and id, which together are the key.
    pub(crate) fn keyed(self) -> Self {
        self.tenant_id().uuid("id").primary_key(&["tenant_id", "id"])
    }

    /// The tenant alone, for tables with a key of their own.
    pub(crate) fn tenant_id(self) -> Self {
        self.bigint("tenant_id")
    }

    /// The tenant must exist. Only for the tables that change rarely: each insert holds the tenant's row, and those written all day reach it through these.
    pub(crate) fn of_tenant(mut self) -> Self {
        let mut key = ForeignKey::create();
        key.name(format!("fk_{}_tenant_id", self.name))
            .from(self.name, "tenant_id")
            .to("tenant", "id")
            .on_delete(ForeignKeyAction::Restrict);
        self.create.foreign_key(&mut key);
        self
    }

    /// The optimistic lock and the two times.
    pub(crate) fn versioned(self) -> Self {
        self.bigint("version").time("created_at").time("updated_at")
    }

    /// For tables that another system may hold too.
    pub(crate) fn held_elsewhere(self) -> Self {
        self.opt_refers("source_id", "source_system").json("custom")
    }

    /// For rows that are hidden instead of removed.
    pub(crate) fn deletable(self) -> Self {
        self.opt_time("deleted_at")
    }

    /// A required code of a closed list.
    pub(crate) fn code(self, name: &'static str, codes: &[&'static str]) -> Self {
        let check = self.one_of(name, codes);
        self.column(ColumnDef::new(name).text().not_null().check(check))
    }

    /// An optional code of a closed list.
    pub(crate) fn opt_code(self, name: &'static str, codes: &[&'static str]) -> Self {
        let check = self.one_of(name, codes);
        self.column(ColumnDef::new(name).text().check(check))
    }

    /// A required reference to another table of the tenant.
    pub(crate) fn refers(self, name: &'static str, to: &'static str) -> Self {
        self.uuid(name).foreign_key(name, to)
    }

    /// An optional reference to another table of the tenant.
    pub(crate) fn opt_refers(self, name: &'static str, to: &'static str) -> Self {
        self.opt_uuid(name).foreign_key(name, to)
    }

    /// A number within bounds, both included; or none.
    pub(crate) fn between(mut self, name: &'static str, least: i32, most: i32) -> Self {
        let check = Expr::col(name).between(least, most);
        self.create.check((format!("ck_{}_{name}", self.name), check));
        self
    }

    /// The key.
    pub(crate) fn primary_key(mut self, columns: &[&'static str]) -> Self {
        let mut key = Index::create();
        key.name(format!("pk_{}", self.name));
        for column in columns {
            key.col(*column);
        }
        self.create.primary_key(&mut key);
        self
    }

    /// Unique within the tenant.
    pub(crate) fn unique(self, columns: &[&'static str]) -> Self {
        let index = self.tenant_index("uq", columns).unique().to_owned();
        self.with_index(index)
    }

    /// Unique in the whole installation: only for the tenant itself.
    pub(crate) fn unique_everywhere(self, columns: &[&'static str]) -> Self {
        let index = self.new_index("uq", columns).unique().to_owned();
        self.with_index(index)
    }

    /// A way to find rows within the tenant.
    pub(crate) fn index(self, columns: &[&'static str]) -> Self {
        let index = self.tenant_index("ix", columns);
        self.with_index(index)
    }

    /// On SQLite the key itself holds the rows, which halves a table that is mostly key.
    pub(crate) fn without_rowid(mut self) -> Self {
        self.without_rowid = true;
        self
    }

    fn column(mut self, column: &mut ColumnDef) -> Self {
        self.create.col(column);
        self
    }

    fn one_of(&self, name: &'static str, codes: &[&'static str]) -> (String, Expr) {
        let check = Expr::col(name).is_in(codes.iter().copied());
        (format!("ck_{}_{name}", self.name), check)
    }

    fn foreign_key(mut self, name: &'static str, to: &'static str) -> Self {
        let mut key = ForeignKey::create();
        key.name(format!("fk_{}_{name}", self.name))
            .from(self.name, ("tenant_id", name))
            .to(to, ("tenant_id", "id"))
            .on_delete(ForeignKeyAction::Restrict);
        self.create.foreign_key(&mut key);
        self
    }

    fn tenant_index(&self, prefix: &str, columns: &[&'static str]) -> IndexCreateStatement {
        let mut index = Index::create();
        index.name(self.index_name(prefix, columns)).col("tenant_id");
        self.fill(index, columns)
    }

    fn new_index(&self, prefix: &str, columns: &[&'static str]) -> IndexCreateStatement {
        let mut index = Index::create();
        index.name(self.index_name(prefix, columns));
        self.fill(index, columns)
    }

    fn fill(&self, mut index: IndexCreateStatement, columns: &[&'static str]) -> IndexCreateStatement {
        index.table(self.name);
        for column in columns {
            index.col(*column);
        }
        index
    }

    fn index_name(&self, prefix: &str, columns: &[&'static str]) -> String {
        format!("{prefix}_{}_{}", self.name, columns.join("_"))
    }

    fn with_index(mut self, index: IndexCreateStatement) -> Self {
        self.indices.push(index);
        self
    }

    pub(crate) async fn create(mut self, schema: &SchemaManager<'_>) -> Result<(), DbErr> {
        if self.without_rowid && schema.get_database_backend() == DbBackend::Sqlite {
            self.create.extra("WITHOUT ROWID");
        }
        schema.create_table(self.create).await?;
        for index in self.indices {
            schema.create_index(index).await?;
        }
        Ok(())
    }
}
