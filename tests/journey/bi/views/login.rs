//! The login of the views: it reads them and nothing else, and what stands in its way is said before anything is done.

use super::*;

#[tokio::test]
async fn the_login_reads_nothing_else_and_writes_nothing() {
    on_postgres(async |world: World| {
        let lines = tells(&world, grant(&world)).await.unwrap();
        let other = Wanted { login: Some(login_of(&world) + "_2"), ..wanted(&world, world.other.slug) };
        tells(&world, Way::Grant { wanted: other, new_password: false }).await.unwrap();
        let login = login_of(&world);
        let db = as_login(&world, &login, password(&lines)).await;

        let relations = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
            UNION ALL SELECT format('%I.%I', schemaname, viewname) FROM pg_views WHERE schemaname = 'bi_other' ORDER BY 1";
        let relations = said(world.store.db(), relations).await;
        assert!(relations.len() > 60, "{relations:?}");
        for name in ["public.account", "public.contact", "public.journey_event", "journey_bi_acme.bi_metric", "journey_bi_other.bi_metric", "bi_other.bi_metric"] {
            assert!(relations.contains(&name.to_owned()), "{name}");
        }
        for name in &relations {
            for text in [
                format!("SELECT count(*) FROM {name}"),
                format!("INSERT INTO {name} DEFAULT VALUES"),
                format!("DELETE FROM {name}"),
            ] {
                let why = denied(&db, &text).await;
                assert!(why.contains("permission denied") || why.contains("read-only transaction"), "{text}: {why}");
            }
        }
        for text in ["SELECT rolpassword FROM pg_authid", "SELECT passwd FROM pg_shadow", "SELECT * FROM pg_statistic", "SELECT pg_read_file('PG_VERSION')"] {
            assert!(denied(&db, text).await.contains("permission denied"), "{text}");
        }
        // What a session may set for itself opens nothing.
        db.execute_unprepared("SET default_transaction_read_only = off").await.unwrap();
        for name in &relations {
            for text in [
                format!("INSERT INTO {name} DEFAULT VALUES"),
                format!("DELETE FROM {name}"),
                format!("SELECT count(*) FROM {name}"),
            ] {
                assert!(denied(&db, &text).await.contains("permission denied"), "{text}");
            }
        }
        for text in [
            "INSERT INTO bi_metric (row_key) VALUES ('x')",
            "UPDATE about SET tenant = 'x'",
            "DELETE FROM dim_date",
            "CREATE TABLE x (n int)",
            "CREATE TABLE public.x (n int)",
            "CREATE TEMP TABLE x (n int)",
            "CREATE VIEW x AS SELECT 1",
            "CREATE SCHEMA x",
            "CREATE FUNCTION x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE ROLE x",
            "CREATE DATABASE x",
            "SELECT lo_create(0)",
            "SELECT lo_creat(-1)",
            "SELECT lo_from_bytea(0, '')",
            "SET ROLE pg_monitor",
            "COPY about TO PROGRAM 'cat'",
            "ALTER VIEW about RENAME TO x",
            "DROP VIEW about",
            "TRUNCATE journey_bi_acme.about",
            "COMMENT ON VIEW about IS 'x'",
        ] {
            let why = denied(&db, text).await;
            assert!(why.contains("permission denied") || why.contains("must be "), "{text}: {why}");
        }
        // A function in the condition sees no more than the view does.
        assert_eq!(said(&db, "SELECT tenant FROM about WHERE tenant || 'x' <> ''").await, ["acme"]);
        db.close().await.unwrap();

        // As it begins, whatever the session before it did.
        let db = as_login(&world, &login, password(&lines)).await;
        for (option, value) in [
            ("statement_timeout", "12345ms"),
            ("default_transaction_read_only", "on"),
            ("search_path", "bi_acme"),
            ("idle_in_transaction_session_timeout", "1min"),
        ] {
            assert_eq!(said(&db, &format!("SHOW {option}")).await, [value], "{option}");
        }
        db.close().await.unwrap();
        let role = format!(
            "SELECT concat_ws(' ', rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolinherit, rolreplication, rolbypassrls, rolconnlimit)
             FROM pg_roles WHERE rolname = '{login}'"
        );
        assert_eq!(said(world.store.db(), &role).await, ["t f f f f f f 3"]);
        let zone = format!("SELECT unnest(rolconfig) FROM pg_roles WHERE rolname = '{login}' ORDER BY 1");
        assert!(said(world.store.db(), &zone).await.contains(&"TimeZone=Europe/Berlin".to_owned()));

        // What the server keeps of the password is no password.
        let kept = said(world.store.db(), &format!("SELECT rolpassword FROM pg_authid WHERE rolname = '{login}'")).await;
        assert!(kept[0].starts_with("SCRAM-SHA-256$4096:") && !kept[0].contains(password(&lines)));
        for tenant in [world.acme.slug, world.other.slug] {
            tells(&world, Way::Revoke(of(tenant))).await.unwrap();
        }
    })
    .await;
}

/// All that a grant makes, in the words of the catalogue.
async fn stands(world: &World) -> Vec<String> {
    let text = format!(
        "SELECT concat_ws(' ', 'schema', nspname, nspowner::regrole, nspacl, obj_description(oid, 'pg_namespace')) FROM pg_namespace WHERE nspname ~ '^(journey_)?bi_'
         UNION ALL SELECT concat_ws(' ', c.relkind, c.relname, c.relowner::regrole, c.relacl, obj_description(c.oid, 'pg_class')) FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname ~ '^(journey_)?bi_'
         UNION ALL SELECT concat_ws(' ', 'column', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum))
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname ~ '^bi_' AND a.attnum > 0
         UNION ALL SELECT concat_ws(' ', 'role', r.rolname, r.rolcanlogin, r.rolconfig, a.rolpassword, shobj_description(r.oid, 'pg_authid'))
            FROM pg_roles r JOIN pg_authid a ON a.oid = r.oid WHERE r.rolname ~ '^{login}'
         UNION ALL SELECT concat_ws(' ', 'right', unnest(datacl)) FROM pg_database WHERE datname = current_database() ORDER BY 1",
        login = login_of(world)
    );
    said(world.store.db(), &text).await
}

#[tokio::test]
async fn a_grant_may_be_repeated_and_is_taken_back_whole() {
    on_postgres(async |world: World| {
        let (login, slug) = (login_of(&world), world.acme.slug);
        assert!(stands(&world).await.is_empty(), "nobody was granted anything");
        touched(&world).await;
        let first = tells(&world, grant(&world)).await.unwrap();
        let database = said(world.store.db(), "SELECT current_database()::text").await.remove(0);
        assert_eq!(first[0], format!("bi_acme is there for the login {login}"));
        assert_eq!(password(&first).len(), 32);
        assert_eq!(first[2], "Nobody can tell it again; `journey bi grant --new-password` makes another.");
        assert_eq!(first[3], format!("psql \"host=db.example port=5432 dbname={database} user={login}\""));
        let made = stands(&world).await;
        let answered = figures(&world).await;

        // What a session has left of its own is taken back, too.
        let db = as_login(&world, &login, password(&first)).await;
        db.execute_unprepared("SET default_transaction_read_only = off").await.unwrap();
        db.execute_unprepared(&format!("ALTER ROLE \"{login}\" SET statement_timeout = 0")).await.unwrap();
        db.execute_unprepared(&format!("ALTER ROLE \"{login}\" IN DATABASE \"{database}\" SET search_path = public")).await.unwrap();
        db.close().await.unwrap();
        let again = tells(&world, grant(&world)).await.unwrap();
        assert_eq!(again[1], "Its password stays as it is.");
        assert_eq!(stands(&world).await, made);
        let settings = "SELECT count(*)::text FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database() AND s.setrole <> 0";
        assert_eq!(said(world.store.db(), settings).await, ["0"]);
        assert_eq!(figures(&world).await, answered);

        // Without a name it is the login that there is; another one does not come beside it.
        let unnamed = Wanted { login: None, ..wanted(&world, slug) };
        let renewed = tells(&world, Way::Grant { wanted: unnamed, new_password: true }).await.unwrap();
        assert_eq!(renewed[0], first[0]);
        assert_ne!(password(&renewed), password(&first));
        let second = Wanted { login: Some(format!("{login}_2")), ..wanted(&world, slug) };
        let why = refused(&world, Way::Grant { wanted: second, new_password: false }).await;
        assert!(matches!(&why, Refused::OtherLogin { login: known } if *known == login), "{why}");

        // A change of the wish is a change of the answer.
        let yearly = Wanted { grain: Grain::Year, by: "".parse().unwrap(), ..wanted(&world, slug) };
        tells(&world, Way::Grant { wanted: yearly, new_password: false }).await.unwrap();
        assert_eq!(said(world.store.db(), "SELECT DISTINCT grouped_by FROM bi_acme.question").await, [""]);
        assert_eq!(said(world.store.db(), "SELECT concat_ws(' ', grain, years) FROM bi_acme.about").await, ["YEAR 1"]);

        // Whoever reads is sent away.
        let reader = as_login(&world, &login, password(&renewed)).await;
        let reading = reader.begin().await.unwrap();
        assert_eq!(said(&reading, "SELECT tenant FROM about").await, ["acme"]);
        assert_eq!(tells(&world, Way::Revoke(of(slug))).await.unwrap(), [format!("bi_acme and the login {login} are gone")]);
        assert!(reading.execute_unprepared("SELECT 1").await.is_err());
        drop(reading);
        let _ = reader.close().await;
        // PUBLIC does not get temporary tables back; nothing else is left.
        let left = stands(&world).await;
        assert!(left.iter().all(|line| line.starts_with("right ") && !line.contains(&login)), "{left:?}");

        for way in [Way::Refresh(of(slug)), Way::Revoke(of(slug))] {
            let why = refused(&world, way).await;
            assert!(matches!(why, Refused::NotGranted(_)), "{why}");
        }
        // And it can be given anew.
        let anew = tells(&world, grant(&world)).await.unwrap();
        assert_ne!(password(&anew), password(&first));
        tells(&world, Way::Revoke(of(slug))).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_stands_in_the_way_is_said_and_nothing_is_done() {
    each_engine(async |world: World| {
        if world.engine == Engine::Sqlite {
            for way in [
                Way::Show(Wanted { login: None, ..wanted(&world, "acme") }),
                Way::Refresh(of("acme")),
                Way::Revoke(of("acme")),
            ] {
                let why = refused(&world, way).await;
                assert!(matches!(why, Refused::NotPostgres) && why.to_string().contains("/bi/v1/"), "{why}");
            }
        }
    })
    .await;
    on_postgres(async |world: World| {
        let (db, login) = (world.store.db(), login_of(&world));
        let nobody = Way::Grant { wanted: wanted(&world, "nobody"), new_password: false };
        assert_eq!(refused(&world, nobody).await.to_string(), "there is no tenant \"nobody\" in this database");
        let wrong = Wanted { login: Some("pg_x".to_owned()), ..wanted(&world, "acme") };
        assert!(matches!(refused(&world, Way::Show(wrong)).await, Refused::BadLogin(_)));

        // Somebody else's schema, and somebody else's role.
        db.execute_unprepared("CREATE SCHEMA bi_acme").await.unwrap();
        let why = refused(&world, grant(&world)).await;
        assert!(matches!(&why, Refused::Taken { what: "schema", name } if name == "bi_acme"), "{why}");
        db.execute_unprepared("DROP SCHEMA bi_acme").await.unwrap();
        db.execute_unprepared(&format!("CREATE ROLE \"{login}\"")).await.unwrap();
        let why = refused(&world, grant(&world)).await;
        assert!(matches!(&why, Refused::Taken { what: "role", name } if *name == login), "{why}");
        db.execute_unprepared(&format!("DROP ROLE \"{login}\"")).await.unwrap();

        // What PUBLIC may do, the login might do.
        for text in [
            "GRANT SELECT ON contact TO PUBLIC",
            "GRANT UPDATE (name) ON account TO PUBLIC",
            "GRANT TRUNCATE ON lead TO PUBLIC",
            "CREATE VIEW leak AS SELECT * FROM ticket; GRANT SELECT ON leak TO PUBLIC",
            "CREATE FUNCTION leak() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM public.contact'",
            "GRANT CREATE ON SCHEMA public TO PUBLIC",
        ] {
            db.execute_unprepared(text).await.unwrap();
        }
        let why = refused(&world, grant(&world)).await;
        let Refused::Open { rights, .. } = &why else { panic!("{why}") };
        assert_eq!(
            *rights,
            [
                "CREATE in the schema public",
                "EXECUTE with its owner's rights on leak()",
                "SELECT on contact",
                "SELECT on leak",
                "TRUNCATE on lead",
                "UPDATE on account"
            ]
        );
        assert!(stands(&world).await.is_empty(), "nothing was done");
        for text in [
            "REVOKE SELECT ON contact FROM PUBLIC",
            "REVOKE UPDATE (name) ON account FROM PUBLIC",
            "REVOKE TRUNCATE ON lead FROM PUBLIC",
            "DROP VIEW leak",
            "DROP FUNCTION leak()",
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        ] {
            db.execute_unprepared(text).await.unwrap();
        }

        // What would be run is told, and nothing is.
        let script = tells(&world, Way::Show(wanted(&world, "acme"))).await.unwrap();
        assert_eq!((script[0].as_str(), script.last().unwrap().as_str()), ("BEGIN;", "COMMIT;"));
        assert_eq!(
            script[2],
            format!(
                "CREATE ROLE \"{login}\" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 3 PASSWORD '…';"
            )
        );
        assert!(script.contains(&format!("GRANT SELECT ON \"bi_acme\".\"bi_metric\" TO \"{login}\";")));
        assert!(stands(&world).await.is_empty());

        // Two tenants of one name, as a schema has it.
        let alike = NewTenant {
            slug: "ACME".to_owned(),
            name: "Acme".to_owned(),
            zone: "UTC".to_owned(),
            currency: "EUR".to_owned(),
            language: "en".to_owned(),
        };
        Box::pin(tenancy::found(&world.store, &world.clock, alike)).await.unwrap();
        let why = refused(&world, grant(&world)).await;
        assert_eq!(why.to_string(), "the tenants \"acme\" and \"ACME\" would both have the schema bi_acme: neither gets it");

        // Who may make no roles.
        let owner = format!("{login}_3");
        db.execute_unprepared(&format!("CREATE ROLE \"{owner}\" LOGIN PASSWORD 'x'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO \"{owner}\"")).await.unwrap();
        let store = Store::connect(&Options::new(address(&world, &owner, "x"))).await.unwrap();
        let other = Way::Grant { wanted: wanted(&world, "other"), new_password: false };
        let why = tells_to(&world, &store, other).await.unwrap_err();
        assert!(matches!(why.downcast_ref::<Refused>(), Some(Refused::NotAllowed)), "{why}");
        store.db().clone().close().await.unwrap();
    })
    .await;
}

/// As it is meant to be run: an administrator grants, and the server's own user, who owns the tables and nothing else, refreshes.
#[tokio::test]
async fn the_servers_own_user_refreshes_what_an_administrator_granted() {
    on_postgres(async |world: World| {
        let (db, owner) = (world.store.db(), format!("{}_3", login_of(&world)));
        db.execute_unprepared(&format!("CREATE ROLE \"{owner}\" LOGIN PASSWORD 'x'")).await.unwrap();
        let tables = said(db, "SELECT format('ALTER TABLE %s OWNER TO ', oid::regclass) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'").await;
        for table in tables {
            db.execute_unprepared(&format!("{table}\"{owner}\"")).await.unwrap();
        }
        tells(&world, grant(&world)).await.unwrap();
        let owners = "SELECT DISTINCT relowner::regrole::text FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace IN ('bi_acme'::regnamespace, 'journey_bi_acme'::regnamespace)";
        assert_eq!(said(db, owners).await, std::slice::from_ref(&owner));

        world.pass(TimeDelta::hours(1));
        let store = Store::connect(&Options::new(address(&world, &owner, "x"))).await.unwrap();
        Box::pin(refresh(&store, &world.clock, world.acme.slug)).await.unwrap();
        assert_eq!(said(db, "SELECT refreshed_at::text FROM bi_acme.about").await, ["2026-11-23 13:00:00+00"]);
        let why = tells_to(&world, &store, Way::Revoke(of("acme"))).await.unwrap_err();
        assert!(matches!(why.downcast_ref::<Refused>(), Some(Refused::NotAllowed)), "{why}");
        tells(&world, Way::Revoke(of(world.acme.slug))).await.unwrap();

        // An administrator need not be a superuser; one is told what only a superuser can take away.
        let database = said(db, "SELECT current_database()::text").await.remove(0);
        for text in [
            format!("ALTER ROLE \"{owner}\" CREATEROLE"),
            format!("ALTER DATABASE \"{database}\" OWNER TO \"{owner}\""),
            "GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC".to_owned(),
        ] {
            db.execute_unprepared(&text).await.unwrap();
        }
        let lines = tells_to(&world, &store, grant(&world)).await.unwrap();
        assert!(lines[4].starts_with("It may make large objects, as everybody in this database. A superuser forbids that: REVOKE EXECUTE ON"), "{lines:?}");
        let reader = as_login(&world, &login_of(&world), password(&lines)).await;
        assert_eq!(said(&reader, "SELECT tenant FROM about").await, ["acme"]);
        reader.execute_unprepared("SET default_transaction_read_only = off").await.unwrap();
        let object = said(&reader, "SELECT lo_create(0)::text").await.remove(0);
        reader.close().await.unwrap();
        let told = tells_to(&world, &store, Way::Revoke(of("acme"))).await.unwrap();
        assert_eq!(told, [format!("bi_acme and the login {} are gone", login_of(&world))]);
        let left = format!("SELECT oid::text FROM pg_largeobject_metadata WHERE oid = {object}");
        assert_eq!(said(db, &left).await, [""; 0], "what it has made went with it");
        store.db().clone().close().await.unwrap();
    })
    .await;
}
