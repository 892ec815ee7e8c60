//! The statements, once for both databases where both understand the same words: `$1` is the tenant everywhere.
//!
//! On SQLite four functions are made beside them (`lite`): `subject`, `gid`, `happened`, `cursor`.

/// A statement for each database.
pub struct Sql {
    pub postgres: &'static str,
    pub sqlite: &'static str,
}

/// The first subject of a type in the journal's own list of them.
macro_rules! first_of {
    (postgres $type:literal) => {
        concat!("(select (x ->> 1)::uuid from json_array_elements(e.subjects) x where x ->> 0 = '", $type, "' limit 1)")
    };
    (sqlite $type:literal) => {
        concat!("subject(e.subjects, '", $type, "')")
    };
}

/// Of an event, whom it is about.
macro_rules! about {
    (bare) => { "e.subjects" };
    ($engine:ident) => {
        concat!("s.tenant_id, ", first_of!($engine "CONTACT"), " as contact_id, ", first_of!($engine "CAMPAIGN"), " as campaign_id")
    };
}

/// A page of events of account `$2` before event `$3`: the page first, so that a plan for any account reads no more than it.
macro_rules! events {
    ($engine:ident, $and:literal, $limit:literal) => {
        concat!(
            "select s.event_id, s.kind, s.domain, ",
            about!($engine),
            " ",
            "from event_subject s join journey_event e on e.tenant_id = s.tenant_id and e.id = s.event_id ",
            "where s.tenant_id = $1 and s.subject_type = 'ACCOUNT' and s.subject_id = $2 and s.event_id < $3 ",
            "and s.superseded_at is null ",
            $and,
            " order by s.event_id desc limit ",
            $limit
        )
    };
}

/// Events with the names of whom they are about. SQLite's way: in the same process a row costs no journey. PostgreSQL takes half as
/// long where the subjects' JSON comes as it is and is read here, and the names come by two more statements: [`Ask::Contacts`] and
/// [`Ask::Campaigns`].
macro_rules! with_names {
    ($page:expr) => {
        concat!(
            "select p.event_id, p.kind, p.domain, c.id, c.given_name, c.family_name, k.id, k.name from (",
            $page,
            ") p ",
            "left join contact c on c.tenant_id = p.tenant_id and c.id = p.contact_id and c.deleted_at is null ",
            "left join campaign k on k.tenant_id = p.tenant_id and k.id = p.campaign_id and k.deleted_at is null ",
            "order by p.event_id desc"
        )
    };
}

/// Of two kinds: a part each that the index by kind serves, and the newest of both.
macro_rules! of_two_kinds {
    ($engine:ident) => {
        concat!(
            "select * from (select * from (",
            events!($engine, "and s.kind = $4", "51"),
            ") one union all select * from (",
            events!($engine, "and s.kind = $5", "51"),
            ") two) both_kinds order by event_id desc limit 51"
        )
    };
}

/// The moment in an event's id, as a text.
macro_rules! happened {
    ($id:literal) => {
        concat!(
            "to_char(timestamp 'epoch' + (('x' || translate(left(",
            $id,
            "::text, 13), '-', ''))::bit(48)::bigint * 1000 + ",
            "(('x' || substr(",
            $id,
            "::text, 16, 3))::bit(12)::integer * 1000 + 4095) / 4096) * interval '1 microsecond', ",
            r#"'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"#
        )
    };
}

/// An account with a page of its events, as JSON that PostgreSQL builds: `row_to_json`, the fastest of its ways.
macro_rules! json_postgres {
    ($page:expr) => {
        concat!(
            r#"select '{"data":{"account":{"id":"acc_' || a.id || '","name":' || to_json(a.name) || ',"timeline":{"nodes":' || "#,
            r#"coalesce(t.nodes::text, '[]') || ',"pageInfo":{"hasNextPage":' || (t.n > 50) || ',"endCursor":' || "#,
            r#"coalesce('"' || translate(rtrim(encode(uuid_send(t.ids[least(t.n, 50)]), 'base64'), '='), '+/', '-_') || '"', 'null') || "#,
            "'}}}}}' from account a, lateral (",
            "select json_agg(row_to_json(x.node) order by x.place) filter (where x.place <= 50) as nodes, count(*) as n, ",
            "array_agg(x.event_id order by x.place) as ids from (",
            "select p.place, p.event_id, (select node from (select 'evt_' || p.event_id as id, p.kind, p.domain, ",
            happened!("p.event_id"), r#" as "occurredAt", "#,
            "case when c.id is not null then (select r from (select 'con_' || c.id as id, ",
            "nullif(concat_ws(' ', c.given_name, c.family_name), '') as name) r) end as contact, ",
            "case when k.id is not null then (select r from (select 'cmp_' || k.id as id, k.name) r) end as campaign) node) as node ",
            "from (select row_number() over (order by event_id desc) as place, * from (", $page, ") placed) p ",
            "left join contact c on c.tenant_id = p.tenant_id and c.id = p.contact_id and c.deleted_at is null ",
            "left join campaign k on k.tenant_id = p.tenant_id and k.id = p.campaign_id and k.deleted_at is null) x) t ",
            "where a.tenant_id = $1 and a.id = $2 and a.deleted_at is null"
        )
    };
}

/// The same as SQLite builds it.
macro_rules! json_sqlite {
    ($page:expr) => {
        concat!(
            "with page as materialized (select row_number() over (order by event_id desc) as place, * from (", $page, ")) ",
            "select json_object('data', json_object('account', json_object('id', gid('acc', a.id), 'name', a.name, 'timeline', ",
            "json_object('nodes', json((select json_group_array(json(node)) from (",
            "select json_object('id', gid('evt', p.event_id), 'kind', p.kind, 'domain', p.domain, 'occurredAt', happened(p.event_id), ",
            "'contact', json(iif(c.id is null, 'null', json_object('id', gid('con', c.id), ",
            "'name', nullif(trim(coalesce(c.given_name, '') || ' ' || coalesce(c.family_name, '')), '')))), ",
            "'campaign', json(iif(k.id is null, 'null', json_object('id', gid('cmp', k.id), 'name', k.name)))) as node ",
            "from page p left join contact c on c.tenant_id = p.tenant_id and c.id = p.contact_id and c.deleted_at is null ",
            "left join campaign k on k.tenant_id = p.tenant_id and k.id = p.campaign_id and k.deleted_at is null ",
            "where p.place <= 50 order by p.place))), ",
            "'pageInfo', json_object('hasNextPage', json(iif((select count(*) from page) > 50, 'true', 'false')), ",
            "'endCursor', (select cursor(event_id) from page where place <= 50 order by place desc limit 1)))))) ",
            "from account a where a.tenant_id = $1 and a.id = $2 and a.deleted_at is null"
        )
    };
}

/// The stages in which a deal is open.
macro_rules! open_stages {
    () => {
        "(select code from stage where tenant_id = $1 and object_type = 'OPPORTUNITY' and is_open and deleted_at is null)"
    };
}

/// Whether colleague `$2` looks after account `a` at `$3`: it owns it, or is on its team. Teams of industries are left out: no
/// made-up account has an industry. A look into the team of each account that the list comes by, not `exists`: of that PostgreSQL
/// makes a table of all the colleague's accounts first.
macro_rules! looked_after {
    ($and:literal) => {
        concat!(
            "(a.owner_id = $2 or (select 1 from account_team_member m where m.tenant_id = a.tenant_id and m.account_id = a.id ",
            "and m.colleague_id = $2 and m.valid_from <= $3 and (m.valid_to is null or m.valid_to > $3)", $and, " limit 1) is not null)"
        )
    };
}

macro_rules! asks {
    ($($(#[doc = $doc:literal])* $name:ident = $postgres:expr $(, $sqlite:expr)?;)*) => {
        /// What is asked of the database.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Ask { $($(#[doc = $doc])* $name,)* }

        impl Ask {
            pub const ALL: &[Ask] = &[$(Ask::$name,)*];

            pub const fn sql(self) -> Sql {
                match self { $(Ask::$name => asks!(@both $postgres $(, $sqlite)?),)* }
            }
        }
    };
    (@both $both:expr) => { Sql { postgres: $both, sqlite: $both } };
    (@both $postgres:expr, $sqlite:expr) => { Sql { postgres: $postgres, sqlite: $sqlite } };
}

asks! {
    /// The tenant of a slug.
    Tenant = "select id from tenant where slug = $1";
    /// An account's name.
    Account = "select id, name from account where tenant_id = $1 and id = $2 and deleted_at is null";
    /// A page of its events.
    Page =
        events!(bare, "and s.importance >= 1", "51"),
        with_names!(events!(sqlite, "and s.importance >= 1", "51"));
    /// A page of its events of two kinds.
    PageOfKinds = of_two_kinds!(bare), with_names!(of_two_kinds!(sqlite));
    /// Persons by their ids.
    Contacts = "select id, given_name, family_name from contact where tenant_id = $1 and id = any($2) and deleted_at is null", "";
    /// Campaigns by their ids.
    Campaigns = "select id, name from campaign where tenant_id = $1 and id = any($2) and deleted_at is null", "";
    /// All of the timeline's answer.
    PageJson =
        json_postgres!(events!(postgres, "and s.importance >= 1", "51")),
        json_sqlite!(events!(sqlite, "and s.importance >= 1", "51"));
    /// All of the filtered timeline's answer.
    PageOfKindsJson = json_postgres!(of_two_kinds!(postgres)), json_sqlite!(of_two_kinds!(sqlite));
    /// What a look-up shows.
    Lookup = "select id, name, tier, country, lifecycle_stage from account where tenant_id = $1 and id = $2 and deleted_at is null";
    /// All of the look-up's answer.
    LookupJson =
        concat!(
            r#"select '{"data":{"account":' || row_to_json(r) || '}}' from (select 'acc_' || id as id, name, tier, country, "#,
            r#"lifecycle_stage as "lifecycleStage" from account where tenant_id = $1 and id = $2 and deleted_at is null) r"#
        ),
        concat!(
            "select json_object('data', json_object('account', json_object('id', gid('acc', id), 'name', name, 'tier', tier, ",
            "'country', country, 'lifecycleStage', lifecycle_stage))) from account where tenant_id = $1 and id = $2 and deleted_at is null"
        );
    /// An account with its owner.
    Whole = concat!(
        "select a.id, a.name, a.tier, a.size_band, a.country, a.lifecycle_stage, o.id, o.name from account a ",
        "left join colleague o on o.tenant_id = a.tenant_id and o.id = a.owner_id and o.deleted_at is null ",
        "where a.tenant_id = $1 and a.id = $2 and a.deleted_at is null"
    );
    /// Its team.
    Team = concat!(
        "select m.id, m.discipline, m.is_lead, c.id, c.name from account_team_member m ",
        "left join colleague c on c.tenant_id = m.tenant_id and c.id = m.colleague_id and c.deleted_at is null ",
        "where m.tenant_id = $1 and m.account_id = $2 order by m.id limit 10"
    );
    /// Its people.
    People = concat!(
        "select id, given_name, family_name, job_title, seniority from contact ",
        "where tenant_id = $1 and account_id = $2 and deleted_at is null order by id limit 10"
    );
    /// Its open deals.
    Deals = concat!(
        "select id, name, stage, cast(probability as bigint), close_date, amount_minor, currency from opportunity ",
        "where tenant_id = $1 and account_id = $2 and deleted_at is null and stage in ", open_stages!(), " order by id desc limit 20"
    );
    /// Its last meetings.
    Meetings = concat!(
        "select id, kind, title, starts_at, outcome from meeting where tenant_id = $1 and account_id = $2 and deleted_at is null ",
        "order by starts_at desc, id desc limit 5"
    );
    /// Its open tickets.
    Tickets = concat!(
        "select id, subject, status, priority, created_at from ticket where tenant_id = $1 and account_id = $2 and deleted_at is null ",
        "and status not in ('SOLVED', 'CLOSED') order by id desc limit 20"
    );
    /// Its last events.
    Events =
        events!(bare, "and s.importance >= 1", "21"),
        with_names!(events!(sqlite, "and s.importance >= 1", "21"));
    /// The accounts that a colleague looks after.
    MyAccounts = concat!(
        "select a.id, a.name, a.tier, a.country, a.lifecycle_stage from account a ",
        "where a.tenant_id = $1 and a.deleted_at is null and ", looked_after!(""), " order by a.id limit 11"
    );
    /// The open deals with them, what closes first on top.
    MyDeals = concat!(
        "select o.id, o.name, o.stage, cast(o.probability as bigint), o.close_date, o.amount_minor, o.currency, a.id, a.name, w.id, w.name ",
        "from opportunity o join account a on a.tenant_id = o.tenant_id and a.id = o.account_id ",
        "left join colleague w on w.tenant_id = o.tenant_id and w.id = o.owner_id and w.deleted_at is null ",
        "where o.tenant_id = $1 and o.deleted_at is null and o.stage in ", open_stages!(), " and ",
        looked_after!(" and m.access_sales <> 'NONE'"), " order by o.close_date nulls last, o.id limit 21"
    );
    /// The new leads, newest first. Marketing sees all leads: there is no row rule.
    NewLeads = concat!(
        "select l.id, l.status, cast(l.score as bigint), l.created_at, a.id, a.name, c.id, c.given_name, c.family_name, k.id, k.name from (",
        "select * from lead where tenant_id = $1 and status = 'NEW' and deleted_at is null order by id desc limit 21) l ",
        "left join account a on a.tenant_id = l.tenant_id and a.id = l.account_id and a.deleted_at is null ",
        "left join contact c on c.tenant_id = l.tenant_id and c.id = l.contact_id and c.deleted_at is null ",
        "left join campaign k on k.tenant_id = l.tenant_id and k.id = l.campaign_id and k.deleted_at is null order by l.id desc"
    );
    /// The open tickets in a colleague's queues, the most urgent first. Who works in the queue sees the ticket, its customer and
    /// its person: there is no team rule.
    MyQueue = concat!(
        "select t.id, t.number, t.subject, t.status, t.priority, t.created_at, a.id, a.name, c.id, c.given_name, c.family_name, q.id, q.name from (",
        "select *, case priority when 'LOW' then 0 when 'NORMAL' then 1 when 'HIGH' then 2 else 3 end as place from ticket ",
        "where tenant_id = $1 and deleted_at is null and status not in ('SOLVED', 'CLOSED') and queue_id in (",
        "select queue_id from queue_member where tenant_id = $1 and colleague_id = $2 and valid_from <= $3 ",
        "and (valid_to is null or valid_to > $3)) order by place desc, id desc limit 21) t ",
        "left join account a on a.tenant_id = t.tenant_id and a.id = t.account_id and a.deleted_at is null ",
        "left join contact c on c.tenant_id = t.tenant_id and c.id = t.contact_id and c.deleted_at is null ",
        "left join queue q on q.tenant_id = t.tenant_id and q.id = t.queue_id ",
        "order by t.place desc, t.id desc"
    );
    /// The industry of an account, which is a subject of its events.
    Industry = "select industry_id from account where tenant_id = $1 and id = $2 and deleted_at is null";
    /// A touchpoint.
    AddTouch = concat!(
        "insert into touchpoint (tenant_id, id, account_id, contact_id, campaign_id, interaction, occurred_at, page_url, is_inbound, ",
        "custom, version, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '{}', 1, $7, $7)"
    );
    /// The next place in the feed, with the moment of recording.
    TakePlace =
        concat!(
            "update feed_counter set position = position + 1, last_recorded_at = greatest($2, last_recorded_at + interval '1 microsecond') ",
            "where tenant_id = $1 returning position, last_recorded_at"
        ),
        "update feed_counter set position = position + 1 where tenant_id = $1 returning position, last_recorded_at";
    /// The moment of recording, where it was not told with the place.
    KeepMoment = "update feed_counter set last_recorded_at = $2 where tenant_id = $1";
    /// The event in the journal.
    AddEvent = concat!(
        "insert into journey_event (tenant_id, id, kind, domain, recorded_at, time_uncertain, actor_id, object_type, object_id, account_id, ",
        "audience, importance, subjects, payload) values ($1, $2, $3, 'MARKETING', $4, false, $5, 'TOUCHPOINT', $6, $7, 'TEAM', $8, $9, $10)"
    );
    /// One of its subjects.
    AddSubject = concat!(
        "insert into event_subject (tenant_id, subject_type, subject_id, event_id, role, kind, domain, importance, account_id, object_type, ",
        "audience) values ($1, $2, $3, $4, 'ABOUT', $5, 'MARKETING', $6, $7, 'TOUCHPOINT', 'TEAM')"
    );
    /// Its line in the feed.
    AddChange = concat!(
        "insert into change_log (tenant_id, position, event_id, object_type, object_id, change, changed_fields, version, recorded_at) ",
        "values ($1, $2, $3, 'TOUCHPOINT', $4, 'CREATED', '[]', 1, $5)"
    );
}
