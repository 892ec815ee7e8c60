//! What the login could do beyond reading its views, as the catalogue judges it: rights of its own, and those that PUBLIC has. A grant
//! that would open more than the views is taken back; a refresh that finds more open says so and changes nothing.
//!
//! What belongs to an extension is left out: what it shows to PUBLIC it was made to show. What no right of PostgreSQL can forbid is told
//! in docs/bi.md.

use sea_orm::ConnectionTrait;

use super::{ground::ask, refused::Refused};

/// One line a right, in words.
const RIGHTS: &str = "
WITH me AS (SELECT r.* FROM pg_roles r WHERE r.rolname = $1::text),
near AS (
    SELECT n.oid, n.nspname FROM pg_namespace n, me
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND has_schema_privilege(me.oid, n.oid, 'USAGE')
),
things AS (
    SELECT c.oid, c.relkind, n.nspname FROM pg_class c JOIN near n ON n.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
)
SELECT a.name FROM me, LATERAL (VALUES ('SUPERUSER', rolsuper), ('CREATEDB', rolcreatedb), ('CREATEROLE', rolcreaterole),
    ('REPLICATION', rolreplication), ('BYPASSRLS', rolbypassrls), ('INHERIT', rolinherit)) AS a (name, has) WHERE a.has
UNION ALL SELECT 'member of ' || m.roleid::regrole::text FROM me JOIN pg_auth_members m ON m.member = me.oid
UNION ALL SELECT p || ' on the database' FROM me, unnest(ARRAY['CREATE', 'TEMPORARY']) AS p
    WHERE has_database_privilege(me.oid, current_database(), p)
UNION ALL SELECT 'CREATE in the schema ' || n.nspname FROM me, pg_namespace n WHERE has_schema_privilege(me.oid, n.oid, 'CREATE')
UNION ALL SELECT p || ' on ' || t.oid::regclass::text
    FROM me, things t, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS p
    WHERE t.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_any_column_privilege(me.oid, t.oid, p)
        AND NOT (t.nspname = $2::text AND t.relkind = 'v' AND p = 'SELECT')
UNION ALL SELECT p || ' on ' || t.oid::regclass::text FROM me, things t, unnest(ARRAY['DELETE', 'TRUNCATE', 'TRIGGER']) AS p
    WHERE t.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege(me.oid, t.oid, p)
UNION ALL SELECT 'the sequence ' || t.oid::regclass::text FROM me, things t
    WHERE t.relkind = 'S' AND has_sequence_privilege(me.oid, t.oid, 'USAGE, SELECT, UPDATE')
UNION ALL SELECT 'EXECUTE with its owner''s rights on ' || f.oid::regprocedure::text
    FROM me, pg_proc f JOIN near n ON n.oid = f.pronamespace
    WHERE f.prosecdef AND has_function_privilege(me.oid, f.oid, 'EXECUTE')
        AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = f.oid AND d.deptype = 'e')
ORDER BY 1";

/// Refuses a login that could do more than read the views of a schema.
pub async fn check<C: ConnectionTrait>(db: &C, login: &str, schema: &str) -> Result<(), Refused> {
    let rows = ask(db, RIGHTS, [login.into(), schema.into()]).await?;
    let rights = rows.iter().map(|row| row.try_get_by_index::<String>(0)).collect::<Result<Vec<_>, _>>()?;
    match rights.is_empty() {
        true => Ok(()),
        false => Err(Refused::Open { login: login.to_owned(), rights }),
    }
}

/// Whether the login may make large objects, as everybody may unless a superuser has forbidden it.
pub async fn makes_large_objects<C: ConnectionTrait>(db: &C, login: &str) -> Result<bool, Refused> {
    let text = "SELECT bool_or(has_function_privilege($1::text, f, 'EXECUTE')) FROM unnest(ARRAY[
        'pg_catalog.lo_creat(integer)', 'pg_catalog.lo_create(oid)', 'pg_catalog.lo_from_bytea(oid, bytea)']::regprocedure[]) AS f";
    let rows = ask(db, text, [login.into()]).await?;
    Ok(rows.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false))
}
