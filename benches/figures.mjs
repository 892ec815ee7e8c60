#!/usr/bin/env node
// The numbers: how long figures take with ten times the events, beside the same figure as plain SQL, and beside COPY. See README.md.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";

const HELP = `node benches/figures.mjs --small postgres://… [--large postgres://…]

Two databases of journey generate, the second with ten times the events of the first. Each is asked the same questions in turn.

  --journey FILE    the program          [target/release/journey]
  --tenant SLUG     whose rows           [synthetic]
  --rounds N        how often, in turn   [5]
  --questions LIST  some of them         [all]
  --without         set what is kept aside first: every figure from the rows
  --exports         how fast files are, beside COPY, and nothing else`;

const given = parseArgs({
  options: {
    small: { type: "string" },
    large: { type: "string" },
    journey: { type: "string", default: "target/release/journey" },
    tenant: { type: "string", default: "synthetic" },
    rounds: { type: "string", default: "5" },
    questions: { type: "string" },
    without: { type: "boolean", default: false },
    exports: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
}).values;

class Wrong extends Error {}
const say = (text) => process.stderr.write(`${text}\n`);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Two years that end with the day of the last event, and the last of them: midnights where the tenant lives. */
function periods(database) {
  const sql = `SELECT to_char((d - interval '24 months') AT TIME ZONE z AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      to_char((d - interval '12 months') AT TIME ZONE z AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      to_char(d AT TIME ZONE z AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), z, t
    FROM (SELECT date_trunc('month', max(p.occurred_at) AT TIME ZONE t.zone) AS d, t.zone AS z, t.id AS t
      FROM tenant t JOIN touchpoint p ON p.tenant_id = t.id WHERE t.slug = '${given.tenant}' GROUP BY t.zone, t.id) x`;
  const [twoYears, year, end, zone, tenant] = psql(database, ["-c", sql]).trim().split("|");
  return { twoYears, year, end, zone, tenant };
}

function psql(database, args) {
  const made = spawnSync("psql", [database, "-X", "-q", "-At", ...args], { encoding: "utf8", maxBuffer: 1 << 30 });
  if (made.status !== 0) throw new Wrong(`psql: ${made.stderr}`);
  return made.stdout;
}

const aggregate = (metrics, by, from, to) =>
  `{ analytics { aggregate(metrics: [${metrics}], groupBy: [${by}], from: "${from}", to: "${to}", first: 1000) {
     rows { keys { key } bucket { from } values { numerator denominator value } } } } }`;

/** The questions; `sql` is the same figure over the rows, by hand. `kept` says what serves it. */
const QUESTIONS = {
  touches: {
    kept: "sums",
    query: ({ twoYears, end }) => aggregate("TOUCHES", "{ dimension: CHANNEL }, { grain: MONTH }", twoYears, end),
    sql: ({ twoYears, end, zone, tenant }) => `SELECT channel_id, date_trunc('month', occurred_at AT TIME ZONE '${zone}'), count(*)
      FROM touchpoint WHERE tenant_id = ${tenant} AND deleted_at IS NULL AND occurred_at >= '${twoYears}' AND occurred_at < '${end}' GROUP BY 1, 2`,
  },
  leads: {
    kept: "sums",
    query: ({ year, end }) => aggregate("LEADS, MQL_RATE", "{ grain: MONTH }", year, end),
    sql: ({ year, end, zone, tenant }) => `SELECT date_trunc('month', created_at AT TIME ZONE '${zone}'), count(*), count(mql_at)
      FROM lead WHERE tenant_id = ${tenant} AND deleted_at IS NULL AND created_at >= '${year}' AND created_at < '${end}' GROUP BY 1`,
  },
  won: {
    kept: "sums",
    query: ({ year, end }) => aggregate("WON_VALUE", "{ grain: QUARTER }", year, end),
    sql: ({ year, end, zone, tenant }) => `SELECT date_trunc('quarter', s.entered_at AT TIME ZONE '${zone}'), sum(o.amount_minor)
      FROM opportunity o JOIN stage_interval s ON s.tenant_id = o.tenant_id AND s.object_type = 'OPPORTUNITY' AND s.object_id = o.id AND s.exited_at IS NULL
      JOIN stage g ON g.tenant_id = o.tenant_id AND g.pipeline_id = o.pipeline_id AND g.code = s.stage AND g.is_won
      WHERE o.tenant_id = ${tenant} AND o.deleted_at IS NULL AND s.entered_at >= '${year}' AND s.entered_at < '${end}' GROUP BY 1`,
  },
  persons: {
    kept: "rows",
    query: ({ year, end }) => aggregate("PERSONS_REACHED", "", year, end),
    sql: ({ year, end, tenant }) => `SELECT count(DISTINCT coalesce(contact_id, visitor_id))
      FROM touchpoint WHERE tenant_id = ${tenant} AND deleted_at IS NULL AND occurred_at >= '${year}' AND occurred_at < '${end}'`,
  },
  tickets: {
    kept: "rows",
    query: ({ year, end }) => aggregate("FIRST_RESPONSE_TIME", "{ dimension: PRIORITY }", year, end),
    sql: ({ year, end, tenant }) => `SELECT priority, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM first_response_at - created_at))
      FROM ticket WHERE tenant_id = ${tenant} AND deleted_at IS NULL AND created_at >= '${year}' AND created_at < '${end}' GROUP BY 1`,
  },
  scoreboard: {
    query: ({ year, end }) =>
      `{ analytics { scoreboard(from: "${year}", to: "${end}") { lines { metric values { numerator denominator value suppressed } } } } }`,
  },
  funnel: {
    query: ({ twoYears, end }) =>
      `{ analytics { funnel(input: { from: "${twoYears}", to: "${end}", groupBy: CHANNEL }) { groups { key { key } steps { stage count } } } } }`,
  },
  attribution: {
    query: ({ year, end }) =>
      `{ analytics { attribution(input: { conversion: CLOSED_WON, models: [ALL], from: "${year}", to: "${end}", by: CHANNEL }) { rows { id highest { amount } lowest { amount } } } } }`,
  },
};

// ---- the servers

const children = new Set();
let folder;

async function serve(name, database) {
  const port = await new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
  const home = join(folder, name);
  mkdirSync(join(home, "files"), { recursive: true });
  const config = join(home, "journey.toml");
  const issuer = `[[auth.issuers]]\nissuer = "figures"\naudience = "figures"\nalgorithm = "HS256"\nsecret = "${randomBytes(32).toString("hex")}"\n`;
  const limits = `[limits]\nrequest_timeout = "5m"\n`;
  writeFileSync(config, `[files]\ndir = ${JSON.stringify(join(home, "files"))}\n[log]\nfilter = "error"\n${limits}${issuer}`, { mode: 0o600 });
  const env = { ...process.env, JOURNEY_CONFIG: config, JOURNEY_DATABASE_URL: database, JOURNEY_LISTEN: `127.0.0.1:${port}` };
  const child = spawn(given.journey, ["serve"], { env, stdio: ["ignore", "ignore", "inherit"] });
  children.add(child);
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false)); tries++) {
    if (tries > 2000 || child.exitCode !== null) throw new Wrong(`${name} does not answer`);
    await sleep(10);
  }
  const args = ["token", "--config", config, "--tenant", given.tenant, "--role", "manager", "--colleague", "colleague-1", "--ttl", "24h"];
  const made = spawnSync(given.journey, args, { encoding: "utf8" });
  if (made.status !== 0) throw new Wrong(`journey token: ${made.stderr}`);
  return { name, database, url, child, token: made.stdout.trim(), periods: periods(database) };
}

async function ask(server, query) {
  const began = performance.now();
  const response = await fetch(`${server.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${server.token}` },
    body: JSON.stringify({ query }),
  });
  const answer = await response.json();
  const took = performance.now() - began;
  if (!answer.data || answer.errors) throw new Wrong(`${server.name}: ${query}\n${JSON.stringify(answer.errors ?? answer)}`);
  return { took, data: answer.data };
}

/** What PostgreSQL itself says a statement took: planning, running, and handing over. */
function byHand(server, sql) {
  const said = psql(server.database, ["-c", "\\timing on", "-c", "SET jit = off", "-c", sql]);
  return Number(/Time: ([\d.]+) ms/.exec(said.split("\n").filter((line) => line.startsWith("Time:")).at(-1))[1]);
}

const peak = (server) => Number(/VmHWM:\s+(\d+)/.exec(spawnSync("cat", [`/proc/${server.child.pid}/status`], { encoding: "utf8" }).stdout)[1]) / 1024;

async function figures(servers) {
  const names = given.questions ? given.questions.split(",") : Object.keys(QUESTIONS);
  const took = {};
  for (let round = 0; round <= Number(given.rounds); round++) {
    for (const name of names) {
      for (const server of servers) {
        const { query, sql } = QUESTIONS[name];
        const key = `${name} ${server.name}`;
        const { took: ms } = await ask(server, query(server.periods));
        if (round > 0) (took[key] ??= []).push(ms);
        if (sql) {
          const hand = byHand(server, sql(server.periods));
          if (round > 0) (took[`${key} by hand`] ??= []).push(hand);
        }
      }
    }
    say(`round ${round} of ${given.rounds}`);
  }
  const ms = (key) => (took[key] ? median(took[key]) : undefined);
  const number = (value, digits = 0) => (value === undefined ? "" : value.toFixed(digits));
  console.log("| question | served from | small, ms | large, ms | large / small | by hand, large, ms | by hand / Journey |");
  console.log("|---|---|---|---|---|---|---|");
  for (const name of names) {
    const [small, large, hand] = [ms(`${name} small`), ms(`${name} large`), ms(`${name} large by hand`) ?? ms(`${name} small by hand`)];
    const last = large ?? small;
    const cells = [name, QUESTIONS[name].kept ?? "", number(small, 1), number(large, 1), number(large && large / small, 2), number(hand, 1), number(hand && hand / last, 1)];
    console.log(`| ${cells.join(" | ")} |`);
  }
  for (const server of servers) console.log(`memory of ${server.name} at its most: ${peak(server).toFixed(0)} MB`);
}

/** Files beside COPY, of the same rows and columns. */
async function exports(servers) {
  const server = servers.at(-1);
  const { tenant } = server.periods;
  console.log("| file | Journey, MB/s | rows/s | COPY, rows/s | Journey / COPY |");
  console.log("|---|---|---|---|---|");
  for (const format of ["csv", "ndjson", "parquet"]) {
    const [mine, theirs] = [[], []];
    let bytes = 0;
    const rows = Number(psql(server.database, ["-c", `SELECT count(*) FROM touchpoint WHERE tenant_id = ${tenant} AND deleted_at IS NULL`]));
    for (let round = 0; round < Number(given.rounds); round++) {
      let began = performance.now();
      const answer = await fetch(`${server.url}/bi/v1/fact_touch.${format}`, { headers: { authorization: `Bearer ${server.token}` } });
      if (!answer.ok) throw new Wrong(await answer.text());
      bytes = 0;
      for await (const chunk of answer.body) bytes += chunk.length;
      mine.push((performance.now() - began) / 1000);
      const columns = "id, account_id, contact_id, visitor_id, campaign_id, channel_id, interaction, is_inbound, occurred_at";
      const copy = format === "ndjson" ? `SELECT row_to_json(t) FROM (SELECT ${columns} FROM touchpoint WHERE tenant_id = ${tenant} AND deleted_at IS NULL) t` : `SELECT ${columns} FROM touchpoint WHERE tenant_id = ${tenant} AND deleted_at IS NULL`;
      began = performance.now();
      const out = spawn("psql", [server.database, "-X", "-q", "-c", `COPY (${copy}) TO STDOUT${format === "ndjson" ? "" : " WITH (FORMAT csv)"}`], { stdio: ["ignore", "pipe", "inherit"] });
      for await (const chunk of out.stdout) void chunk;
      theirs.push((performance.now() - began) / 1000);
    }
    const [here, there] = [median(mine), median(theirs)];
    console.log(`| ${format} | ${(bytes / 1e6 / here).toFixed(1)} | ${(rows / here).toFixed(0)} | ${(rows / there).toFixed(0)} | ${(there / here).toFixed(2)} |`);
  }
  console.log(`memory at its most: ${peak(server).toFixed(0)} MB`);
}

async function main() {
  if (given.help || !given.small) {
    console.log(HELP);
    process.exitCode = given.help ? 0 : 2;
    return;
  }
  folder = mkdtempSync(join(tmpdir(), "figures-"));
  const servers = [await serve("small", given.small)];
  if (given.large) servers.push(await serve("large", given.large));
  if (given.without) {
    // The server would begin to keep a small tenant's figures anew: a zone that no tenant has makes them another's.
    for (const server of servers) psql(server.database, ["-c", "UPDATE figure_state SET zone = '-' || zone"]);
  }
  try {
    await (given.exports ? exports(servers) : figures(servers));
  } finally {
    if (given.without) for (const server of servers) psql(server.database, ["-c", "UPDATE figure_state SET zone = ltrim(zone, '-')"]);
  }
}

const end = () => {
  children.forEach((child) => child.kill("SIGTERM"));
  if (folder) rmSync(folder, { recursive: true, force: true });
};
process.on("SIGINT", () => (end(), process.exit(130)));
main()
  .catch((error) => {
    say(error instanceof Wrong ? error.message : error.stack);
    process.exitCode = 1;
  })
  .finally(end);
