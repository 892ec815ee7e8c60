#!/usr/bin/env node
// How fast batches of another system go in, beside plain INSERTs of the very same rows. See README.md.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { finished } from "node:stream/promises";
import { parseArgs } from "node:util";

const HELP = `node benches/upsert.mjs [--server postgres://postgres@127.0.0.1]

Two empty databases: into the first, batches go by the front door; what is in it afterwards goes into the second as multi-row INSERTs,
through psql or sqlite3. Rows, journal, subjects, words to search by, keys: the same rows.

  --server URL      a PostgreSQL server; without it, SQLite
  --journey FILE    the program                 [target/release/journey]
  --rows N          touchpoints, and a fifth as many contacts  [50000]
  --batch N         rows of a batch             [1000]
  --rounds N        how often                   [3]`;

const given = parseArgs({
  options: {
    server: { type: "string" },
    journey: { type: "string", default: "target/release/journey" },
    rows: { type: "string", default: "50000" },
    batch: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
    help: { type: "boolean", default: false },
  },
}).values;

class Wrong extends Error {}
const say = (text) => process.stderr.write(`${text}\n`);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

function run(command, args, options = {}) {
  const made = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1 << 30, ...options });
  if (made.status !== 0) throw new Wrong(`${command} ${args[0]}: ${made.stderr || made.error}`);
  return made.stdout;
}

const children = new Set();
let folder;
const databases = [];

/** An empty database, as a URL. */
function empty(name) {
  if (!given.server) return `sqlite://${join(folder, `${name}.sqlite`)}`;
  const database = `journey_upsert_${name}_${randomBytes(3).toString("hex")}`;
  run("psql", [given.server, "-X", "-q", "-c", `CREATE DATABASE ${database}`]);
  databases.push(database);
  return `${given.server}/${database}`;
}

async function serve(database) {
  const port = await new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
  const config = join(folder, "journey.toml");
  const issuer = `[[auth.issuers]]\nissuer = "bench"\naudience = "bench"\nalgorithm = "HS256"\nsecret = "${randomBytes(32).toString("hex")}"\n`;
  const limits = `[limits]\nrequest_timeout = "5m"\nmax_body_bytes = 16_777_216\n`;
  mkdirSync(join(folder, "files"), { recursive: true });
  writeFileSync(config, `[files]\ndir = ${JSON.stringify(join(folder, "files"))}\n[log]\nfilter = "error"\n${limits}${issuer}`, { mode: 0o600 });
  const env = { ...process.env, JOURNEY_CONFIG: config, JOURNEY_DATABASE_URL: database, JOURNEY_LISTEN: `127.0.0.1:${port}` };
  run(given.journey, ["migrate", "up"], { env });
  // An import founds the tenant.
  const seed = join(folder, "seed.ndjson");
  writeFileSync(seed, '{"type":"account","id":"seed","name":"Seed"}\n');
  run(given.journey, ["import", "--source", "journey", "--tenant", "bench", seed], { env });
  const child = spawn(given.journey, ["serve"], { env, stdio: ["ignore", "ignore", "inherit"] });
  children.add(child);
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; !(await fetch(`${url}/readyz`).then((answer) => answer.ok, () => false)); tries++) {
    if (tries > 2000 || child.exitCode !== null) throw new Wrong("the server does not answer");
    await sleep(10);
  }
  const token = run(given.journey, ["token", "--config", config, "--tenant", "bench", "--role", "integrator", "--ttl", "24h"]).trim();
  return { url, child, token };
}

async function upsert(server, kind, rows) {
  const query = `mutation($input: Upsert${kind}Input!) { upsert${kind}(input: $input) { totals { created failed } userErrors { message } } }`;
  const response = await fetch(`${server.url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${server.token}` },
    body: JSON.stringify({ query, variables: { input: { source: "bench", rows } } }),
  });
  const answer = await response.json();
  if (answer.errors || answer.data[`upsert${kind}`].totals.created !== rows.length) throw new Wrong(JSON.stringify(answer).slice(0, 2000));
}

const contact = (n) => ({
  externalId: `c${n}`,
  set: {
    givenName: "Jane", familyName: `Doe ${n}`, jobTitle: "Buyer", language: "de",
    contactPoints: [{ kind: "EMAIL", label: "work", value: `jane.${n}@customer-${n % 5000}.example` }],
  },
  relations: { account: { externalId: `a${n % 100}` } },
});
const touchpoint = (n, contacts) => ({
  externalId: `t${n}`,
  set: { interaction: "PAGE_VIEWED", occurredAt: new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString(), pageUrl: `https://shop.example/${n % 100}` },
  relations: { contact: { externalId: `c${n % contacts}` } },
});

async function send(server, kind, count, row) {
  const size = Number(given.batch);
  const began = performance.now();
  for (let at = 0; at < count; at += size) {
    await upsert(server, kind, Array.from({ length: Math.min(size, count - at) }, (_, n) => row(at + n)));
  }
  return (performance.now() - began) / 1000;
}

/** The order in which rows can go in: what others refer to first. */
const TABLES = [
  "account", "contact", "contact_point", "employment", "touchpoint", "stage_interval",
  "journey_event", "event_subject", "change_log", "external_ref", "search_token",
];

/** The rows of a database as INSERTs of 500 rows, in a file. */
async function inserts(database, file) {
  const out = createWriteStream(file);
  if (given.server) {
    const tables = TABLES.flatMap((table) => ["-t", table]);
    out.write(run("pg_dump", ["--data-only", "--rows-per-insert=500", ...tables, database]));
  } else {
    out.write("BEGIN;\n");
    for (const table of TABLES) {
      const rows = run("sqlite3", [database.slice("sqlite://".length), "-cmd", `.mode insert ${table}`, `SELECT * FROM ${table}`]).split(/;\n/).filter(Boolean);
      for (let at = 0; at < rows.length; at += 500) {
        const values = rows.slice(at, at + 500).map((row) => row.slice(row.indexOf("VALUES") + 6));
        out.write(`INSERT INTO ${table} VALUES${values.join(",")};\n`);
      }
    }
    out.write("COMMIT;\n");
  }
  out.end();
  await finished(out);
}

/** The same rows by hand, into a database whose tables are empty. */
function byHand(database, file) {
  const began = performance.now();
  if (given.server) run("psql", [database, "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-c", "SET session_replication_role = DEFAULT", "-f", file]);
  else run("sqlite3", [database.slice("sqlite://".length), `.read ${file}`]);
  return (performance.now() - began) / 1000;
}

/** A second database with the tenant's own order and nothing else. */
function twin(database) {
  const copy = empty("b");
  if (given.server) {
    const schema = join(folder, "schema.sql");
    writeFileSync(schema, run("pg_dump", [database, ...TABLES.flatMap((table) => ["--exclude-table-data", table])]));
    run("psql", [copy, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", schema]);
  } else {
    const [from, to] = [database, copy].map((url) => url.slice("sqlite://".length));
    run("sqlite3", [from, `VACUUM INTO '${to}'`]);
    run("sqlite3", [to, `PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF; ${TABLES.map((table) => `DELETE FROM ${table};`).join(" ")} VACUUM;`]);
  }
  return copy;
}

const peak = (server) => Number(/VmHWM:\s+(\d+)/.exec(run("cat", [`/proc/${server.child.pid}/status`]))[1]) / 1024;

async function main() {
  if (given.help) return console.log(HELP);
  folder = mkdtempSync(join(tmpdir(), "upsert-"));
  const touches = Number(given.rows);
  const contacts = Math.ceil(touches / 5);
  const [mine, theirs] = [[], []];
  let memory = 0;
  for (let round = 0; round < Number(given.rounds); round++) {
    const database = empty(`a${round}`);
    const server = await serve(database);
    await send(server, "Accounts", 100, (n) => ({ externalId: `a${n}`, set: { name: `Account ${n}` } }));
    const took = (await send(server, "Contacts", contacts, contact)) + (await send(server, "Touchpoints", touches, (n) => touchpoint(n, contacts)));
    mine.push(took);
    memory = Math.max(memory, peak(server));
    const gone = new Promise((done) => server.child.once("exit", done));
    server.child.kill("SIGTERM");
    await gone;
    const file = join(folder, "rows.sql");
    await inserts(database, file);
    theirs.push(byHand(twin(database), file));
    say(`round ${round + 1}: ${took.toFixed(1)} s, by hand ${theirs.at(-1).toFixed(1)} s`);
  }
  const rows = contacts + touches;
  const [here, there] = [median(mine), median(theirs)];
  console.log("| rows | Journey, rows/s | INSERTs, rows/s | Journey / INSERTs | memory at its most |");
  console.log("|---|---|---|---|---|");
  console.log(`| ${rows} | ${(rows / here).toFixed(0)} | ${(rows / there).toFixed(0)} | ${(there / here).toFixed(2)} | ${memory.toFixed(0)} MB |`);
}

const end = () => {
  children.forEach((child) => child.kill("SIGKILL"));
  for (const database of databases) spawnSync("psql", [given.server, "-X", "-q", "-c", `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`]);
  if (folder) rmSync(folder, { recursive: true, force: true });
};
process.on("SIGINT", () => (end(), process.exit(130)));
main()
  .catch((error) => {
    say(error instanceof Wrong ? error.message : error.stack);
    process.exitCode = 1;
  })
  .finally(end);
