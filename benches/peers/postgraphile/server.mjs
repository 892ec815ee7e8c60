// PostGraphile over Journey's own tables: what somebody would take who wants GraphQL from PostgreSQL and writes no server.
//
// DATABASE_URL and PORT. A schema of its own, `race`, holds three views; it is made at the start and dropped at the end.
import { createServer } from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { addPgTableCondition, jsonPgSmartTags, pgSmartTags } from "postgraphile/utils";
import { TYPES, listOfCodec } from "postgraphile/@dataplan/pg";

const connectionString = process.env.DATABASE_URL;
const port = Number(process.env.PORT);

// Whom an event is about stands in the journal's JSON, which PostGraphile cannot follow. Of what can be done about it:
// - this view, which takes both ids out of the JSON of the events of the page: nothing is written twice, nothing is stale;
// - columns that PostgreSQL generates would be faster to read, but they change Journey's own table, for all sides of the race;
// - by way of `touchpoint`, which has both columns, meetings, calls, deals and tickets would have nobody.
const subject = (type) =>
  `(SELECT (x ->> 1)::uuid FROM json_array_elements(e.subjects) x WHERE x ->> 0 = '${type}' LIMIT 1)`;
const happened = (id) => `timestamptz 'epoch' + interval '1 microsecond' * (
  ('x' || translate(left(${id}::text, 13), '-', ''))::bit(48)::bigint * 1000
  + (('x' || substr(${id}::text, 16, 3))::bit(12)::integer * 1000 + 4095) / 4096)`;
const views = `
  CREATE SCHEMA IF NOT EXISTS race;
  CREATE OR REPLACE VIEW race.event AS
    SELECT s.tenant_id, s.subject_id AS account_id, s.event_id, s.kind, s.domain, s.importance,
      ${happened("s.event_id")} AS occurred_at,
      ${subject("CONTACT")} AS contact_id, ${subject("CAMPAIGN")} AS campaign_id
    FROM event_subject s JOIN journey_event e ON e.tenant_id = s.tenant_id AND e.id = s.event_id
    WHERE s.subject_type = 'ACCOUNT' AND s.superseded_at IS NULL;
  CREATE OR REPLACE VIEW race.open_opportunity AS
    SELECT * FROM opportunity o WHERE o.deleted_at IS NULL AND o.stage IN (
      SELECT code FROM stage g WHERE g.tenant_id = o.tenant_id AND g.object_type = 'OPPORTUNITY' AND g.is_open AND g.deleted_at IS NULL);
  CREATE OR REPLACE VIEW race.open_ticket AS
    SELECT * FROM ticket WHERE deleted_at IS NULL AND status NOT IN ('SOLVED', 'CLOSED');`;

// PostgreSQL takes every account for an average one, and would rather join all its events with hashes, sort them and then take 50: 194 ms
// instead of 2.8 for a page of a key account. Without these joins it reads the page in the index's order.
const options = "-c enable_hashjoin=off -c enable_mergejoin=off";

// What the questions need, and no more: all of Journey would start for half a minute.
const wanted = ["account", "account_team_member", "campaign", "colleague", "contact", "meeting", "tenant", "event", "open_opportunity", "open_ticket"];
const narrow = pgSmartTags([
  { kind: "class", match: (table) => !wanted.includes(table.relname), tags: { behavior: "-*" } },
  { kind: "class", match: (table) => wanted.includes(table.relname), tags: { behavior: "-insert -update -delete" } },
]);
const keys = jsonPgSmartTags({
  version: 1,
  config: {
    class: {
      "public.tenant": { tags: { unique: "slug" } },
      // Rows that were taken away are no part of an answer.
      "public.contact": { attribute: { deleted_at: { tags: { behavior: "+filterBy" } } } },
      "public.meeting": { attribute: { deleted_at: { tags: { behavior: "+filterBy" } } } },
      "race.event": {
        tags: {
          primaryKey: "tenant_id,account_id,event_id",
          foreignKey: [
            "(tenant_id,account_id) references public.account (tenant_id,id)|@foreignFieldName events",
            "(tenant_id,contact_id) references public.contact (tenant_id,id)|@fieldName contact",
            "(tenant_id,campaign_id) references public.campaign (tenant_id,id)|@fieldName campaign",
          ],
        },
      },
      "race.open_opportunity": {
        tags: {
          primaryKey: "tenant_id,id",
          foreignKey: "(tenant_id,account_id) references public.account (tenant_id,id)|@foreignFieldName openOpportunities",
        },
      },
      "race.open_ticket": {
        tags: {
          primaryKey: "tenant_id,id",
          foreignKey: "(tenant_id,account_id) references public.account (tenant_id,id)|@foreignFieldName openTickets",
        },
      },
    },
  },
});

const events = { schemaName: "race", tableName: "event" };
const important = addPgTableCondition(
  events,
  "minImportance",
  ({ graphql }) => ({ type: graphql.GraphQLInt }),
  (least, { sql, sqlTableAlias, sqlValueWithCodec }) => sql`${sqlTableAlias}.importance >= ${sqlValueWithCodec(least, TYPES.int)}`,
);
const ofKinds = addPgTableCondition(
  events,
  "kinds",
  ({ graphql }) => ({ type: new graphql.GraphQLList(new graphql.GraphQLNonNull(graphql.GraphQLString)) }),
  (kinds, { sql, sqlTableAlias, sqlValueWithCodec }) =>
    sql`${sqlTableAlias}.kind = ANY (${sqlValueWithCodec(kinds, listOfCodec(TYPES.text))})`,
);

async function run(text) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

await run(views);
const server = createServer();
const graphile = postgraphile({
  extends: [PostGraphileAmberPreset],
  plugins: [narrow, keys, important, ofKinds],
  pgServices: [makePgService({ connectionString, schemas: ["public", "race"], poolConfig: { max: 8, options } })],
  grafserv: { graphiql: false, port },
  grafast: { explain: false },
});
await graphile.createServ(grafserv).addTo(server);
server.listen(port, "127.0.0.1");

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    server.close();
    server.closeAllConnections();
    await run("SET lock_timeout = '3s'; DROP SCHEMA IF EXISTS race CASCADE");
    process.exit(0);
  });
}
