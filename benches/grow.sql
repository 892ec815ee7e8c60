-- Makes a made-up tenant n times as large: more customers of the same house, each with touches, leads, offers, deals, tickets and calls of
-- its own. For measuring figures, which read rows: the journal stays as it is. For PostgreSQL, as a superuser.
--
--   psql figures -v times=10 -f benches/grow.sql && journey rebuild --database-url postgres://…/figures
\set ON_ERROR_STOP on
select set_config('grow.times', :'times', false);
set synchronous_commit = off;
set session_replication_role = replica;
do $$
declare
    of bigint := (select id from tenant where slug = 'synthetic');
    -- What belongs to customers. All else is the house's own, and stays.
    theirs text[] := array['account', 'account_team_member', 'contact', 'visitor', 'touchpoint', 'lead', 'handover', 'opportunity',
        'opportunity_contact', 'opportunity_snapshot', 'stage_interval', 'ticket', 'sla_clock', 'survey_answer', 'activity', 'meeting',
        'meeting_attendee', 'sales_order', 'contract'];
    held record;
    copy int;
    name text;
begin
    -- As it was before it grew.
    foreach name in array theirs loop
        execute format('create temporary table grow_%s as select * from %I where tenant_id = %s', name, name, of);
    end loop;
    for copy in 1 .. current_setting('grow.times')::int - 1 loop
        for held in
            select c.relname as name, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns,
                string_agg(case
                    when a.attname = 'number' and a.atttypid = 'text'::regtype then format('%I || %L', a.attname, '-' || copy)
                    when a.attname = 'number' then format('%I + %s * 100000000::bigint', a.attname, copy)
                    when a.atttypid <> 'uuid'::regtype then quote_ident(a.attname)
                    -- What refers to the house's own refers to the same.
                    when exists (select from pg_constraint k join pg_class t on t.oid = k.confrelid
                                 where k.contype = 'f' and k.conrelid = c.oid and a.attnum = any (k.conkey) and t.relname <> all (theirs))
                        or a.attname in ('colleague_id', 'owner_id', 'from_id', 'to_colleague_id', 'to_queue_id', 'queue_id', 'decided_by_id',
                                         'organizer_id', 'campaign_id', 'channel_id', 'primary_campaign_id', 'industry_id', 'pipeline_id')
                        then quote_ident(a.attname)
                    else format('overlay(%I::text placing %L from 20 for 4)::uuid', a.attname, 'a' || lpad(to_hex(copy), 3, '0'))
                end, ', ' order by a.attnum) as moved
            from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            where c.relnamespace = 'public'::regnamespace and c.relname = any (theirs)
            group by c.relname
        loop
            execute format('insert into %I (%s) select %s from grow_%s', held.name, held.columns, held.moved, held.name);
        end loop;
        raise notice '% times as large', copy + 1;
    end loop;
end $$;
vacuum analyze;
