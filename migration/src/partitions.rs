//! The journal in months, on PostgreSQL: `journey_event` and `event_subject`, one part a month. What is written goes into the parts of now, whose
//! indexes stay small however long the journal grows; what is old lies still.
//!
//! An event's id begins with the moment when it happened, so a month is a range of ids, and the id stands in the key of both tables. The
//! parts lie side by side without a gap: `…_earlier` holds what comes before the first month, `…_later` what comes after the last. Both are
//! ranges and not PostgreSQL's DEFAULT: beside a default the parts have no order for the planner, and a page of a timeline would begin to
//! read in every part (Merge Append) instead of going through them from the newest until it is full (Append).
//!
//! `change_log` stays whole. Its key is the position in one tenant's feed: no range of positions is the same time for two tenants, and
//! its readers ask for the end of it alone.

use std::{fmt, ops::Range, str::FromStr};

use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, prelude::Uuid};

use crate::{
    begin_alone,
    distribute::{Plan, Refused, ask, carry_out, names, on_postgres, taken_by_citus},
};

/// A table of the journal, and its column with the event's id.
#[derive(Clone, Copy, Debug)]
struct Table {
    name: &'static str,
    id: &'static str,
}

const TABLES: [Table; 2] = [Table { name: "journey_event", id: "id" }, Table { name: "event_subject", id: "event_id" }];

/// Twenty years: the planner looks at each part, for each statement.
const MOST: i32 = 240;

/// How far back the first month lies when nobody names it: an event with a date of long ago is no reason for a thousand parts.
const BACK: u32 = 119;

/// The locks that the work needs. Whoever waits for them lets nobody pass, so not for long: whoever holds them, a backup perhaps, ends first.
const LOCKS: [&str; 2] =
    ["SET LOCAL lock_timeout = '10s'", "LOCK TABLE journey_event, event_subject IN ACCESS EXCLUSIVE MODE"];

/// A month of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(i32);

impl Month {
    /// The `month`th month of a year, counted from 1.
    pub const fn new(year: i32, month: u32) -> Month {
        Month(year * 12 + month.cast_signed() - 1)
    }

    /// Its year.
    pub const fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// Which month of the year, counted from 1.
    pub const fn month(self) -> u32 {
        self.0.rem_euclid(12).cast_unsigned() + 1
    }

    /// So many months later.
    pub const fn plus(self, months: u32) -> Month {
        Month(self.0.saturating_add_unsigned(months))
    }

    const fn minus(self, months: u32) -> Month {
        Month(self.0.saturating_sub_unsigned(months))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.month())
    }
}

impl FromStr for Month {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Month, &'static str> {
        const WRONG: &str = "a month is written like 2024-01, and lies between 1970-01 and 9999-12";
        let (year, month) = text.split_once('-').ok_or(WRONG)?;
        // `parse` would take a sign, too.
        let is_number =
            |digits: &str, length| digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(year, 4) || !is_number(month, 2) {
            return Err(WRONG);
        }
        match (year.parse::<i32>(), month.parse::<u32>()) {
            (Ok(year), Ok(month)) if year >= 1970 && (1..=12).contains(&month) => Ok(Month::new(year, month)),
            _ => Err(WRONG),
        }
    }
}

/// What ids say about time. Whoever mints them knows.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    /// The smallest id of a month.
    pub floor: fn(Month) -> Uuid,
    /// The month of an id.
    pub month_of: fn(Uuid) -> Month,
}

/// Which months get a part of their own.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The first. None: the first that has one already; if none has, that of the oldest event.
    pub from: Option<Month>,
    /// The one that we are in.
    pub now: Month,
    /// How many after it.
    pub ahead: u32,
}

/// How a table stands: in these months, or whole.
type Standing = Option<Range<Month>>;

/// What a table that is whole has, and must have again when it is in parts.
#[derive(Debug, Default)]
struct Whole {
    /// Its keys and indexes, keys first.
    indexes: Vec<Index>,
    /// The texts of what others may do with it.
    grants: Vec<String>,
    /// Whether it has rows from before the first month, which stay where they lie.
    stays: bool,
}

#[derive(Debug)]
struct Index {
    name: String,
    /// Its name once the table with the rows of old stands aside.
    aside: String,
    /// What makes it anew.
    text: String,
}

impl Index {
    fn of(row: &QueryResult) -> Result<Index, DbErr> {
        Ok(Index { name: row.try_get_by_index(0)?, aside: row.try_get_by_index(1)?, text: row.try_get_by_index(2)? })
    }
}

/// Cuts the journal into months, or adds those that are missing. With `run` it is done; without, nothing is written.
///
/// # Errors
/// When the database is SQLite, when the tables are not as the portable migrations or this function left them, and when it refuses.
pub async fn cut(db: &DatabaseConnection, wanted: Wanted, calendar: Calendar, run: bool) -> Result<Plan, Refused> {
    on_postgres(db)?;
    let tx = begin_alone(db).await?;
    if run && lacking(&tx, wanted, calendar).await?.is_some() {
        // From here on nothing comes or goes: what is found now is still so when it is acted upon.
        for lock in LOCKS {
            tx.execute_unprepared(lock).await?;
        }
    }
    let Some((standing, months)) = lacking(&tx, wanted, calendar).await? else { return Ok(Plan::default()) };
    let mut plan = Plan { statements: LOCKS.map(str::to_owned).into(), ..Plan::default() };
    plan.statements.extend(owner(&tx, TABLES[0]).await?.map(|owner| format!("SET LOCAL ROLE {owner}")));
    for (table, standing) in TABLES.into_iter().zip(standing) {
        let (statements, added) = match standing {
            None => {
                (divide(table, &whole(&tx, table, months.start, calendar).await?, &months, calendar), length(&months))
            }
            Some(have) => {
                let months = have.start.min(months.start)..have.end.max(months.end);
                (widen(table, &have, &months, calendar), length(&months) - length(&have))
            }
        };
        plan.statements.extend(statements);
        plan.outcome.push(format!("{}: {added} months added", table.name));
    }
    let tables = TABLES.map(|table| table.name).join(", ");
    // Autovacuum looks at parts, never at the whole, whose figures the planner needs, too.
    plan.afterwards.push(format!("ANALYZE {tables}"));
    if run {
        carry_out(tx, db, &plan).await?;
    }
    Ok(plan)
}

/// How the tables stand and which months are asked for; none if all of them are there.
async fn lacking<C: ConnectionTrait>(
    db: &C,
    wanted: Wanted,
    calendar: Calendar,
) -> Result<Option<([Standing; 2], Range<Month>)>, Refused> {
    let [events, subjects] = TABLES;
    let standing = [stand(db, events).await?, stand(db, subjects).await?];
    let from = match (wanted.from, &standing[0]) {
        (Some(from), _) => from,
        (None, Some(have)) => have.start,
        (None, None) => {
            let oldest = oldest(db).await?.map_or(wanted.now, calendar.month_of);
            oldest.clamp(wanted.now.minus(BACK), wanted.now)
        }
    };
    // One at least: whatever is named as the first has a part.
    let months = from..wanted.now.plus(wanted.ahead).max(from).plus(1);
    for standing in &standing {
        let (start, end) = match standing {
            Some(have) => (have.start.min(months.start), have.end.max(months.end)),
            None => (months.start, months.end),
        };
        let all = length(&(start..end));
        if all > MOST {
            return Err(Refused::TooMany { months: all, most: MOST });
        }
    }
    let complete = |standing: &Standing| {
        standing.as_ref().is_some_and(|have| have.start <= months.start && months.end <= have.end)
    };
    Ok(if standing.iter().all(complete) { None } else { Some((standing, months)) })
}

async fn stand<C: ConnectionTrait>(db: &C, table: Table) -> Result<Standing, Refused> {
    let Table { name, .. } = table;
    let kind = names(db, format!("SELECT relkind::text FROM pg_class WHERE oid = '{name}'::regclass")).await?;
    if kind.first().is_none_or(|kind| kind != "p") {
        return Ok(None);
    }
    let text = format!(
        "SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '{name}'::regclass"
    );
    months_of(table, &names(db, text).await?).map(Some)
}

/// The months of the parts by their names, which must be those that are given here, without a gap.
fn months_of(table: Table, parts: &[String]) -> Result<Range<Month>, Refused> {
    let foreign = |part: &str| Refused::Foreign { table: table.name, part: part.to_owned() };
    let (earlier, later) = (earlier(table), later(table));
    for part in [&earlier, &later] {
        if !parts.contains(part) {
            return Err(foreign(part));
        }
    }
    let mut months = Vec::new();
    for name in parts.iter().filter(|name| **name != earlier && **name != later) {
        let written = name.strip_prefix(table.name).and_then(|rest| rest.strip_prefix('_'));
        let month: Month =
            written.and_then(|month| month.replace('_', "-").parse().ok()).ok_or_else(|| foreign(name))?;
        if part(table, month) != *name {
            return Err(foreign(name));
        }
        months.push(month);
    }
    let (first, last) = months.iter().min().zip(months.iter().max()).ok_or_else(|| foreign(&later))?;
    let range = *first..last.plus(1);
    match each(&range).find(|month| !months.contains(month)) {
        Some(missing) => Err(foreign(&part(table, missing))),
        None => Ok(range),
    }
}

/// The oldest event of all. Each tenant's is the first of its range in the key.
async fn oldest<C: ConnectionTrait>(db: &C) -> Result<Option<Uuid>, Refused> {
    let text = "SELECT (SELECT e.id FROM journey_event e WHERE e.tenant_id = t.id ORDER BY e.id LIMIT 1) AS id
                FROM tenant t ORDER BY 1 LIMIT 1";
    let rows = ask(db, text).await?;
    Ok(rows.first().map(|row| row.try_get_by_index::<Option<Uuid>>(0)).transpose()?.flatten())
}

/// The table's owner, where it is somebody else: what is made must be the owner's, too.
async fn owner<C: ConnectionTrait>(db: &C, table: Table) -> Result<Option<String>, Refused> {
    let text = format!(
        "SELECT quote_ident(pg_get_userbyid(relowner)) FROM pg_class
         WHERE oid = '{}'::regclass AND pg_get_userbyid(relowner) <> current_user",
        table.name
    );
    Ok(names(db, text).await?.into_iter().next())
}

async fn whole<C: ConnectionTrait>(db: &C, table: Table, first: Month, calendar: Calendar) -> Result<Whole, Refused> {
    let Table { name, id } = table;
    if taken_by_citus(db).await?.is_some_and(|taken| taken.contains(name)) {
        return Err(Refused::Spread { table: name });
    }
    // A view goes on reading the very table that it was made for, under whatever name.
    let hanging = names(
        db,
        format!(
            "SELECT DISTINCT 'view ' || v.relname FROM pg_depend d
                 JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class
                 WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
                     AND d.refobjid = '{name}'::regclass AND v.oid <> d.refobjid
             UNION SELECT 'foreign key ' || conname FROM pg_constraint
                 WHERE contype = 'f' AND '{name}'::regclass IN (conrelid, confrelid)
             UNION SELECT 'trigger ' || tgname FROM pg_trigger WHERE tgrelid = '{name}'::regclass AND NOT tgisinternal
             UNION SELECT 'policy ' || polname FROM pg_policy WHERE polrelid = '{name}'::regclass
             UNION SELECT 'publication ' || p.pubname FROM pg_publication_rel r
                 JOIN pg_publication p ON p.oid = r.prpubid WHERE r.prrelid = '{name}'::regclass
             ORDER BY 1"
        ),
    )
    .await?;
    if !hanging.is_empty() {
        return Err(Refused::Bound { table: name, by: hanging });
    }
    let indexes = ask(
        db,
        format!(
            "SELECT quote_ident(i.relname), quote_ident(left(i.relname, 55) || '_earlier'),
                 CASE WHEN k.oid IS NULL THEN pg_get_indexdef(i.oid)
                     ELSE format('ALTER TABLE {name} ADD CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)) END
             FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
                 LEFT JOIN pg_constraint k ON k.conindid = i.oid AND k.conrelid = x.indrelid AND k.contype IN ('p', 'u')
             WHERE x.indrelid = '{name}'::regclass ORDER BY k.oid IS NULL, i.relname"
        ),
    )
    .await?;
    let grants = format!(
        "SELECT format('GRANT %s ON {name} TO %s%s', a.privilege_type,
             CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
             CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
         FROM pg_class c CROSS JOIN aclexplode(c.relacl) a
         WHERE c.oid = '{name}'::regclass AND a.grantee <> c.relowner ORDER BY 1"
    );
    let floor = (calendar.floor)(first);
    let older = format!("SELECT 'yes' WHERE EXISTS (SELECT 1 FROM {name} WHERE {id} < '{floor}')");
    Ok(Whole {
        indexes: indexes.iter().map(Index::of).collect::<Result<_, DbErr>>()?,
        grants: names(db, grants).await?,
        stays: !names(db, older).await?.is_empty(),
    })
}

/// What cuts a whole table into parts: it becomes the part before the first month, and the rows of the months move out of it.
fn divide(table: Table, whole: &Whole, months: &Range<Month>, calendar: Calendar) -> Vec<String> {
    let Table { name, id } = table;
    let (earlier, floor) = (earlier(table), (calendar.floor)(months.start));
    let mut texts = vec![format!("ALTER TABLE {name} RENAME TO {earlier}")];
    texts.extend(whole.indexes.iter().map(|index| format!("ALTER INDEX {} RENAME TO {}", index.name, index.aside)));
    texts.push(format!(
        "CREATE TABLE {name} (LIKE {earlier} INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE ({id})"
    ));
    texts.extend(each(months).map(|month| create(table, month, calendar)));
    let bounds = beyond(months.end, calendar);
    texts.push(format!("CREATE TABLE {} PARTITION OF {name} FOR VALUES {bounds}", later(table)));
    texts.push(format!("INSERT INTO {name} SELECT * FROM {earlier} WHERE {id} >= '{floor}'"));
    texts.push(match whole.stays {
        true => format!("DELETE FROM {earlier} WHERE {id} >= '{floor}'"),
        // Nothing is left: its files go at once, and so do those of its indexes.
        false => format!("TRUNCATE {earlier}"),
    });
    // After the rows: so they are built at one go. Those that the first part has already are taken as they are.
    texts.extend(whole.indexes.iter().map(|index| index.text.clone()));
    let bounds = before(months.start, calendar);
    texts.push(format!("ALTER TABLE {name} ATTACH PARTITION {earlier} FOR VALUES {bounds}"));
    texts.extend(whole.grants.iter().cloned());
    texts
}

/// What adds months on either side: their rows move out of the part that held them until now.
fn widen(table: Table, have: &Range<Month>, months: &Range<Month>, calendar: Calendar) -> Vec<String> {
    let Table { name, id } = table;
    let mut texts = Vec::new();
    let mut move_out = |of: String, added: Range<Month>, rows: String, bounds: String| {
        texts.push(format!("ALTER TABLE {name} DETACH PARTITION {of}"));
        texts.extend(each(&added).map(|month| create(table, month, calendar)));
        texts.push(format!("INSERT INTO {name} SELECT * FROM {of} WHERE {rows}"));
        texts.push(format!("DELETE FROM {of} WHERE {rows}"));
        texts.push(format!("ALTER TABLE {name} ATTACH PARTITION {of} FOR VALUES {bounds}"));
    };
    if months.start < have.start {
        let rows = format!("{id} >= '{}'", (calendar.floor)(months.start));
        move_out(earlier(table), months.start..have.start, rows, before(months.start, calendar));
    }
    if have.end < months.end {
        let rows = format!("{id} < '{}'", (calendar.floor)(months.end));
        move_out(later(table), have.end..months.end, rows, beyond(months.end, calendar));
    }
    texts
}

fn create(table: Table, month: Month, calendar: Calendar) -> String {
    let (from, to) = ((calendar.floor)(month), (calendar.floor)(month.plus(1)));
    format!("CREATE TABLE {} PARTITION OF {} FOR VALUES FROM ('{from}') TO ('{to}')", part(table, month), table.name)
}

fn before(first: Month, calendar: Calendar) -> String {
    format!("FROM (MINVALUE) TO ('{}')", (calendar.floor)(first))
}

fn beyond(end: Month, calendar: Calendar) -> String {
    format!("FROM ('{}') TO (MAXVALUE)", (calendar.floor)(end))
}

fn part(table: Table, month: Month) -> String {
    format!("{}_{:04}_{:02}", table.name, month.year(), month.month())
}

fn earlier(table: Table) -> String {
    format!("{}_earlier", table.name)
}

fn later(table: Table) -> String {
    format!("{}_later", table.name)
}

fn each(months: &Range<Month>) -> impl Iterator<Item = Month> + use<> {
    (months.start.0..months.end.0).map(Month)
}

const fn length(months: &Range<Month>) -> i32 {
    months.end.0 - months.start.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids that can be read: the year, the month, and nothing else.
    const CALENDAR: Calendar = Calendar { floor, month_of };

    fn floor(month: Month) -> Uuid {
        format!("{:04}{:02}00-0000-7000-0000-000000000000", month.year(), month.month()).parse().unwrap()
    }

    fn month_of(id: Uuid) -> Month {
        let text = id.to_string();
        format!("{}-{}", &text[..4], &text[4..6]).parse().unwrap()
    }

    fn months(from: &str, to: &str) -> Range<Month> {
        from.parse().unwrap()..to.parse().unwrap()
    }

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(|part| format!("event_subject_{part}")).collect()
    }

    const SUBJECTS: Table = TABLES[1];

    #[test]
    fn months_are_counted_over_the_years() {
        for text in ["1970-01", "2024-12", "9999-12"] {
            assert_eq!(text.parse::<Month>().unwrap().to_string(), text);
        }
        for text in ["", "2024", "2024-1", "2024-00", "2024-13", "1969-12", "2024-01-01", "+024-01", "2024_01", "24-01"]
        {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
        assert_eq!(Month::new(2026, 11).plus(2), Month::new(2027, 1));
        assert_eq!(Month::new(2026, 1).minus(1), Month::new(2025, 12));
        assert_eq!((Month::new(2027, 1).year(), Month::new(2027, 1).month()), (2027, 1));
        assert_eq!(month_of(floor(Month::new(2024, 2))), Month::new(2024, 2));
    }

    #[test]
    fn a_table_is_cut_around_its_rows() {
        let index = Index { name: "pk_s".into(), aside: "pk_s_earlier".into(), text: "ALTER TABLE s ADD …".into() };
        let whole = Whole { indexes: vec![index], grants: vec!["GRANT SELECT …".into()], stays: false };
        let texts = divide(SUBJECTS, &whole, &months("2024-12", "2025-02"), CALENDAR);
        assert_eq!(
            texts,
            [
                "ALTER TABLE event_subject RENAME TO event_subject_earlier",
                "ALTER INDEX pk_s RENAME TO pk_s_earlier",
                "CREATE TABLE event_subject (LIKE event_subject_earlier INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (event_id)",
                "CREATE TABLE event_subject_2024_12 PARTITION OF event_subject FOR VALUES FROM ('20241200-0000-7000-0000-000000000000') TO ('20250100-0000-7000-0000-000000000000')",
                "CREATE TABLE event_subject_2025_01 PARTITION OF event_subject FOR VALUES FROM ('20250100-0000-7000-0000-000000000000') TO ('20250200-0000-7000-0000-000000000000')",
                "CREATE TABLE event_subject_later PARTITION OF event_subject FOR VALUES FROM ('20250200-0000-7000-0000-000000000000') TO (MAXVALUE)",
                "INSERT INTO event_subject SELECT * FROM event_subject_earlier WHERE event_id >= '20241200-0000-7000-0000-000000000000'",
                "TRUNCATE event_subject_earlier",
                "ALTER TABLE s ADD …",
                "ALTER TABLE event_subject ATTACH PARTITION event_subject_earlier FOR VALUES FROM (MINVALUE) TO ('20241200-0000-7000-0000-000000000000')",
                "GRANT SELECT …",
            ]
        );
        // Where older rows stay, only what has moved goes.
        let texts = divide(SUBJECTS, &Whole { stays: true, ..whole }, &months("2024-12", "2025-02"), CALENDAR);
        assert!(texts.contains(
            &"DELETE FROM event_subject_earlier WHERE event_id >= '20241200-0000-7000-0000-000000000000'".to_owned()
        ));
        assert!(!texts.iter().any(|text| text.starts_with("TRUNCATE")));
    }

    #[test]
    fn months_are_added_on_either_side() {
        let have = months("2025-01", "2025-03");
        assert_eq!(widen(SUBJECTS, &have, &have, CALENDAR), [""; 0]);
        assert_eq!(
            widen(SUBJECTS, &have, &months("2025-01", "2025-04"), CALENDAR),
            [
                "ALTER TABLE event_subject DETACH PARTITION event_subject_later",
                "CREATE TABLE event_subject_2025_03 PARTITION OF event_subject FOR VALUES FROM ('20250300-0000-7000-0000-000000000000') TO ('20250400-0000-7000-0000-000000000000')",
                "INSERT INTO event_subject SELECT * FROM event_subject_later WHERE event_id < '20250400-0000-7000-0000-000000000000'",
                "DELETE FROM event_subject_later WHERE event_id < '20250400-0000-7000-0000-000000000000'",
                "ALTER TABLE event_subject ATTACH PARTITION event_subject_later FOR VALUES FROM ('20250400-0000-7000-0000-000000000000') TO (MAXVALUE)",
            ]
        );
        let both = widen(SUBJECTS, &have, &months("2024-11", "2025-04"), CALENDAR);
        assert_eq!(both.len(), 11);
        assert_eq!(both[0], "ALTER TABLE event_subject DETACH PARTITION event_subject_earlier");
        assert_eq!(
            both[5],
            "ALTER TABLE event_subject ATTACH PARTITION event_subject_earlier FOR VALUES FROM (MINVALUE) TO ('20241100-0000-7000-0000-000000000000')"
        );
    }

    #[test]
    fn parts_are_known_by_their_names() {
        let found = |of: &[&str]| months_of(SUBJECTS, &names(of)).map_err(|refused| refused.to_string());
        assert_eq!(found(&["later", "2025_01", "2024_12", "earlier"]), Ok(months("2024-12", "2025-02")));
        for (parts, looked_at) in [
            (&["2024_12", "later"][..], "earlier"),
            (&["2024_12", "earlier"], "later"),
            (&["earlier", "later"], "later"),
            (&["earlier", "later", "2024_12", "2025_02"], "2025_01"),
            (&["earlier", "later", "2024_12", "default"], "default"),
            (&["earlier", "later", "2024-12"], "2024-12"),
        ] {
            let words = found(parts).unwrap_err();
            assert!(words.ends_with(&format!("look at event_subject_{looked_at}")), "{parts:?}: {words}");
        }
    }
}
