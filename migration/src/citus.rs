//! The tables on many servers, by Citus: each tenant's rows on one of them, in every table. Each key begins with the tenant, so every key,
//! every reference and every statement is the matter of one server.
//!
//! What is said here follows the documentation and the source of Citus; the tests compare it with the schema, but run no Citus.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult};

use crate::{
    begin_alone,
    distribute::{Plan, Refused, ask, carry_out, names, on_postgres, taken_by_citus},
};

/// The same on every server: the tenants, found by their slugs before anybody knows where they are, and the ledger of the migrations, which a
/// starting server reads.
const REFERENCE: [&str; 2] = ["seaql_migrations", "tenant"];

/// The table that all others lie beside: it is small, and each transaction that writes touches it.
const ANCHOR: &str = "feed_counter";

/// Before anything else. Off: else a table that is the same everywhere makes of all that refer to it tables of the coordinator, which may
/// not refer to distributed ones. One after the other: else a table that refers to one that is the same everywhere is refused.
const SETTINGS: [&str; 2] = [
    "SET LOCAL citus.enable_local_reference_table_foreign_keys TO off",
    "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'",
];

/// What the catalogue says.
#[derive(Debug, Default)]
struct Schema {
    /// Each table, and whether it has a tenant.
    tables: BTreeMap<String, bool>,
    /// Which table refers to which.
    refers: Vec<(String, String)>,
    /// The keys of tables with a tenant that do not carry it.
    loose: Vec<String>,
}

/// Distributes what is not distributed yet. With `run` it is done, which takes the extension; without, nothing is written.
///
/// # Errors
/// When the database is SQLite or lacks the extension, when a table or a key belongs to no tenant, and when the database refuses.
pub async fn spread(db: &DatabaseConnection, run: bool) -> Result<Plan, Refused> {
    on_postgres(db)?;
    let tx = begin_alone(db).await?;
    let taken = match taken_by_citus(&tx).await? {
        Some(taken) => taken,
        None if run => return Err(Refused::NoCitus),
        None => BTreeSet::new(),
    };
    let plan = plan(&schema(&tx).await?, &taken)?;
    if run && !plan.is_empty() {
        carry_out(tx, db, &plan).await?;
    }
    Ok(plan)
}

async fn schema<C: ConnectionTrait>(db: &C) -> Result<Schema, DbErr> {
    // Parts go where their whole goes.
    let tables = "SELECT c.relname::text, EXISTS (SELECT 1 FROM pg_attribute a
                      WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
                  FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
                      AND NOT c.relispartition";
    let refers = "SELECT DISTINCT f.relname::text, t.relname::text FROM pg_constraint k
                      JOIN pg_class f ON f.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid
                  WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace AND k.conrelid <> k.confrelid
                      AND NOT f.relispartition AND NOT t.relispartition ORDER BY 1, 2";
    let loose = "SELECT format('%s of %s', i.relname, c.relname) FROM pg_index x
                     JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
                     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
                 WHERE c.relnamespace = current_schema()::regnamespace AND NOT c.relispartition
                     AND x.indisunique AND a.attnum <> ALL (x.indkey::smallint[])
                 UNION SELECT format('%s of %s', k.conname, f.relname) FROM pg_constraint k
                     JOIN pg_class f ON f.oid = k.conrelid
                     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'tenant_id'
                     JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attname = 'tenant_id'
                 WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace AND NOT f.relispartition
                     AND NOT EXISTS (SELECT 1 FROM unnest(k.conkey, k.confkey) AS pair (here, there)
                         WHERE pair.here = a.attnum AND pair.there = b.attnum)
                 ORDER BY 1";
    let table = |row: &QueryResult| -> Result<(String, bool), DbErr> {
        Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
    };
    let pair = |row: &QueryResult| -> Result<(String, String), DbErr> {
        Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
    };
    Ok(Schema {
        tables: ask(db, tables).await?.iter().map(table).collect::<Result<_, DbErr>>()?,
        refers: ask(db, refers).await?.iter().map(pair).collect::<Result<_, DbErr>>()?,
        loose: names(db, loose).await?,
    })
}

fn plan(schema: &Schema, taken: &BTreeSet<String>) -> Result<Plan, Refused> {
    let unknown = schema.tables.iter().filter(|(name, of_tenant)| !**of_tenant && !REFERENCE.contains(&name.as_str()));
    let unknown: Vec<String> = unknown.map(|(name, _)| name.clone()).collect();
    if !unknown.is_empty() {
        return Err(Refused::Unknown { tables: unknown });
    }
    if !schema.loose.is_empty() {
        return Err(Refused::Loose { keys: schema.loose.clone() });
    }
    let left = |name: &&str| !taken.contains(*name);
    let everywhere: Vec<&str> =
        REFERENCE.into_iter().filter(|name| schema.tables.contains_key(*name)).filter(left).collect();
    let of_tenants = schema.tables.iter().filter(|(_, of_tenant)| **of_tenant).map(|(name, _)| name.as_str());
    let mut of_tenants = ordered(of_tenants.filter(left).collect(), &schema.refers)?;
    // It refers to nothing, so it may come before all others.
    of_tenants.sort_by_key(|name| *name != ANCHOR);
    if everywhere.is_empty() && of_tenants.is_empty() {
        return Ok(Plan::default());
    }
    let mut plan = Plan { statements: SETTINGS.map(str::to_owned).into(), ..Plan::default() };
    plan.statements.extend(everywhere.iter().map(|name| format!("SELECT create_reference_table('{name}')")));
    plan.statements.extend(of_tenants.iter().map(|name| {
        let beside = if *name == ANCHOR { "none" } else { ANCHOR };
        format!("SELECT create_distributed_table('{name}', 'tenant_id', colocate_with => '{beside}')")
    }));
    // Citus leaves the rows of before where they were, out of sight.
    let copied = everywhere.iter().chain(&of_tenants);
    plan.afterwards.extend(copied.map(|name| format!("SELECT truncate_local_data_after_distributing_table('{name}')")));
    plan.outcome.push(format!("{} tables the same on every server", everywhere.len()));
    plan.outcome.push(format!("{} tables by tenant", of_tenants.len()));
    Ok(plan)
}

/// Tables in an order in which each comes after those that it refers to.
fn ordered<'a>(mut tables: BTreeSet<&'a str>, refers: &[(String, String)]) -> Result<Vec<&'a str>, Refused> {
    let mut order = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let waits = |table: &str| refers.iter().any(|(of, to)| of == table && tables.contains(to.as_str()));
        let free: Vec<&str> = tables.iter().copied().filter(|table| !waits(table)).collect();
        if free.is_empty() {
            return Err(Refused::Ring { tables: tables.into_iter().map(str::to_owned).collect() });
        }
        for table in free {
            tables.remove(table);
            order.push(table);
        }
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema_of(tables: &[&str], refers: &[(&str, &str)]) -> Schema {
        Schema {
            tables: tables.iter().map(|name| ((*name).to_owned(), !REFERENCE.contains(name))).collect(),
            refers: refers.iter().map(|(of, to)| ((*of).to_owned(), (*to).to_owned())).collect(),
            loose: Vec::new(),
        }
    }

    const TABLES: [&str; 6] = ["account", "colleague", "contact", "feed_counter", "seaql_migrations", "tenant"];
    const REFERS: [(&str, &str); 4] =
        [("account", "colleague"), ("colleague", "tenant"), ("contact", "account"), ("contact", "colleague")];

    #[test]
    fn whoever_is_referred_to_comes_first() {
        let plan = plan(&schema_of(&TABLES, &REFERS), &BTreeSet::new()).unwrap();
        assert_eq!(
            plan.statements,
            [
                "SET LOCAL citus.enable_local_reference_table_foreign_keys TO off",
                "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'",
                "SELECT create_reference_table('seaql_migrations')",
                "SELECT create_reference_table('tenant')",
                "SELECT create_distributed_table('feed_counter', 'tenant_id', colocate_with => 'none')",
                "SELECT create_distributed_table('colleague', 'tenant_id', colocate_with => 'feed_counter')",
                "SELECT create_distributed_table('account', 'tenant_id', colocate_with => 'feed_counter')",
                "SELECT create_distributed_table('contact', 'tenant_id', colocate_with => 'feed_counter')",
            ]
        );
        assert_eq!(plan.afterwards.len(), 6);
        assert_eq!(plan.afterwards[0], "SELECT truncate_local_data_after_distributing_table('seaql_migrations')");
    }

    #[test]
    fn what_is_distributed_stays_as_it_is() {
        let schema = schema_of(&TABLES, &REFERS);
        let taken: BTreeSet<String> =
            TABLES.iter().filter(|name| **name != "contact").map(|name| (*name).to_owned()).collect();
        let more = plan(&schema, &taken).unwrap();
        assert_eq!(
            more.statements[2..],
            ["SELECT create_distributed_table('contact', 'tenant_id', colocate_with => 'feed_counter')"]
        );
        let all = TABLES.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(plan(&schema, &all).unwrap(), Plan::default());
    }

    #[test]
    fn what_belongs_to_no_tenant_is_refused() {
        let mut schema = schema_of(&TABLES, &REFERS);
        schema.tables.insert("country".into(), false);
        let words = plan(&schema, &BTreeSet::new()).unwrap_err().to_string();
        assert!(words.contains("go: country;"), "{words}");

        let mut schema = schema_of(&TABLES, &REFERS);
        schema.loose.push("uq_contact_mail of contact".into());
        let words = plan(&schema, &BTreeSet::new()).unwrap_err().to_string();
        assert_eq!(words, "keys without the tenant cannot be kept: uq_contact_mail of contact");

        let mut schema = schema_of(&TABLES, &REFERS);
        schema.refers.push(("colleague".into(), "contact".into()));
        let words = plan(&schema, &BTreeSet::new()).unwrap_err().to_string();
        assert_eq!(words, "tables that refer to each other in a ring: account, colleague, contact");
    }
}
