//! What there is: the tenant, the database, and what an earlier grant has made.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement, Value};

use super::{
    cuts::{self, Cuts},
    ddl::{self, Names, quoted},
    login::{self, Login, Standing},
    refused::Refused,
};
use crate::{graph::Error, store::Store, tenancy};

/// What there is.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The tenant.
    pub tenant: i64,
    /// Its slug.
    pub slug: String,
    /// Its civil time.
    pub zone: String,
    /// The names of its schemas.
    pub names: Names,
    /// The database's name.
    pub database: String,
    /// Whose Journey's tables are: the server's own user, mostly. What the views stand on is made its own, so that it may fill it.
    pub owner: String,
    /// Whether the database's user may make what a grant makes.
    pub is_allowed: bool,
    /// Whether it is a superuser.
    pub is_superuser: bool,
    /// Whether there is a schema of an earlier grant.
    pub is_there: bool,
    /// What an earlier grant was asked for.
    pub made: Option<Made>,
}

/// What an earlier grant was asked for.
#[derive(Clone, Debug)]
pub struct Made {
    /// Who reads the views.
    pub login: String,
    /// Which questions are answered.
    pub cuts: Cuts,
}

/// Asks PostgreSQL in its own words: the catalogue is nobody's rows, and the tables of a grant hold what was answered under a caller's.
pub async fn ask<C: ConnectionTrait>(
    db: &C,
    text: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<QueryResult>, DbErr> {
    db.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, text, values)).await
}

const HERE: &str = "
SELECT current_database()::text AS database, pg_get_userbyid(c.relowner)::text AS owner,
    r.rolsuper OR (r.rolcreaterole AND pg_has_role(d.datdba, 'USAGE') AND pg_has_role(c.relowner, 'USAGE')) AS allowed,
    r.rolsuper AS superuser
FROM pg_class c, pg_database d, pg_roles r
WHERE c.oid = 'tenant'::regclass AND d.datname = current_database() AND r.rolname = current_user";

impl Ground {
    /// Looks at it. Refuses what is not PostgreSQL, no tenant, and schemas of somebody else's.
    pub async fn of(store: &Store, slug: &str) -> Result<Ground, Refused> {
        if !store.is_postgres() {
            return Err(Refused::NotPostgres);
        }
        let db = store.db();
        let tenant = match tenancy::tenant_id(store, slug).await {
            Ok(id) => tenancy::tenant(store, id).await?,
            Err(Error::NotFound) => return Err(Refused::NoTenant(slug.to_owned())),
            Err(error) => return Err(error.into()),
        };
        let names = Names::of(slug).ok_or_else(|| Refused::LongName(slug.to_owned()))?;
        for other in tenancy::slugs(store).await? {
            if other != slug && Names::of(&other).is_some_and(|other| other == names) {
                return Err(Refused::Alike { one: slug.to_owned(), other, schema: names.views });
            }
        }
        let here = ask(db, HERE, []).await?;
        let here = here.first().ok_or_else(|| DbErr::RecordNotFound("the catalogue's row of this database".into()))?;
        let there = marked(db, &names, slug).await?;
        let made = match there {
            true => made(db, &names).await?,
            false => None,
        };
        Ok(Ground {
            tenant: tenant.id,
            slug: tenant.slug,
            zone: tenant.zone,
            names,
            database: here.try_get("", "database")?,
            owner: here.try_get("", "owner")?,
            is_allowed: here.try_get("", "allowed")?,
            is_superuser: here.try_get("", "superuser")?,
            is_there: there,
            made,
        })
    }

    /// The login of a grant: as it is wished, as it is, or as the schema is called.
    pub async fn login(&self, db: &DatabaseConnection, wished: Option<&str>) -> Result<Login, Refused> {
        let wished = wished.map(login::sound).transpose()?;
        let known = match &self.made {
            Some(made) => self.own(db, &made.login).await?,
            None => None,
        };
        if let (Some(login), Some(wished)) = (&known, &wished)
            && login != wished
        {
            return Err(Refused::OtherLogin { login: login.clone() });
        }
        let name = wished.or(known).unwrap_or_else(|| self.names.views.clone());
        match self.standing(db, &name).await? {
            Standing::Foreign => Err(Refused::Taken { what: "role", name }),
            standing => Ok(Login { name, standing }),
        }
    }

    /// A login's name, if it is one that was made for these views: a copy of a database tells of logins that are the first one's.
    pub async fn own(&self, db: &DatabaseConnection, name: &str) -> Result<Option<String>, Refused> {
        let is_own = self.standing(db, name).await? == Standing::Own;
        Ok(is_own.then(|| name.to_owned()))
    }

    async fn standing(&self, db: &DatabaseConnection, name: &str) -> Result<Standing, Refused> {
        let text = "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = $1::text";
        let rows = ask(db, text, [name.into()]).await?;
        let Some(row) = rows.first() else { return Ok(Standing::Absent) };
        let comment: Option<String> = row.try_get_by_index(0)?;
        let own = ddl::mark_of_role(&self.names, &self.database);
        Ok(if comment.as_deref() == Some(&own) { Standing::Own } else { Standing::Foreign })
    }
}

/// Whether there are the schemas of an earlier grant. One that somebody else made is refused: it is not ours to replace.
async fn marked(db: &DatabaseConnection, names: &Names, slug: &str) -> Result<bool, Refused> {
    let text = "SELECT nspname::text, obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname IN ($1::text, $2::text)";
    let rows = ask(db, text, [names.views.as_str().into(), names.tables.as_str().into()]).await?;
    let mark = ddl::mark_of_schema(slug);
    for row in &rows {
        let (name, comment): (String, Option<String>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        if comment.as_deref() != Some(&mark) {
            return Err(Refused::Taken { what: "schema", name });
        }
    }
    Ok(!rows.is_empty())
}

async fn made(db: &DatabaseConnection, names: &Names) -> Result<Option<Made>, Refused> {
    let table = quoted(&names.tables) + ".about";
    let there = ask(db, "SELECT to_regclass($1::text) IS NOT NULL", [table.as_str().into()]).await?;
    if !there.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false) {
        return Ok(None);
    }
    let rows = ask(db, &format!("SELECT login, grain, dimensions, years FROM {table}"), []).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let text = |column: &str| row.try_get::<String>("", column);
    let unknown = |what: String| DbErr::Type(format!("{table}: {what}"));
    let cuts = Cuts {
        grain: cuts::grain(&text("grain")?).map_err(unknown)?,
        by: text("dimensions")?.parse().map_err(unknown)?,
        years: u32::try_from(row.try_get::<i64>("", "years")?).unwrap_or(1),
    };
    Ok(Some(Made { login: text("login")?, cuts }))
}
