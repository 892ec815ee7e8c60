#!/usr/bin/env node
// The race: Journey against hand-written servers and PostGraphile, all over the same rows. See README.md.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual, parseArgs } from "node:util";

import { fromPostgraphile } from "./peers/postgraphile/shape.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const HELP = `node benches/race.mjs --database-url postgres://… | sqlite://path

  --journey FILE       the program                        [target/release/journey]
  --byhand FILE        the hand-written servers           [benches/peers/byhand/target/release/byhand]
  --node FILE          Node.js of 22 or later, for PostGraphile [this one]
  --tenant SLUG        whose rows, made by journey generate [synthetic]
  --connections LIST   connections at once                [1,8,64]
  --rounds N           rounds of each, in turn            [3]
  --seconds N          length of a round                  [6]
  --warm N             seconds before the first round     [2]
  --questions LIST     timeline, filtered, lookup, account360, worklist-sales, worklist-marketing, worklist-service, write [all]
  --sides LIST         journey, json, rows, postgraphile  [all that can answer]
  --sample N           accounts whose answers are compared [20]
  --out FILE           all figures as JSON, too
  --check              compare the answers, and race nothing`;

const given = parseArgs({
  options: {
    "database-url": { type: "string" },
    journey: { type: "string", default: "target/release/journey" },
    byhand: { type: "string", default: join(HERE, "peers/byhand/target/release/byhand") },
    node: { type: "string", default: process.execPath },
    tenant: { type: "string", default: "synthetic" },
    connections: { type: "string", default: "1,8,64" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "6" },
    warm: { type: "string", default: "2" },
    questions: { type: "string" },
    sides: { type: "string" },
    sample: { type: "string", default: "20" },
    out: { type: "string" },
    check: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
}).values;

/** Two of the twenty kinds that the made-up journeys have: one frequent, one rare. */
const KINDS = ["email.clicked", "meeting.held"];
/** The colleague of the made-up house whose token a role gets. */
const COLLEAGUES = { sales: "colleague-4", marketing: "colleague-1", service: "colleague-2" };
/** Each question: who asks it, and which sides answer it. */
const QUESTIONS = {
  timeline: { role: "sales", sides: ["journey", "json", "rows", "postgraphile"] },
  filtered: { role: "sales", sides: ["journey", "json", "rows", "postgraphile"] },
  lookup: { role: "sales", sides: ["journey", "json", "rows", "postgraphile"] },
  account360: { role: "sales", sides: ["journey", "rows", "postgraphile"] },
  "worklist-sales": { role: "sales", sides: ["journey", "rows"] },
  "worklist-marketing": { role: "marketing", sides: ["journey", "rows"] },
  "worklist-service": { role: "service", sides: ["journey", "rows"] },
  write: { role: "marketing", sides: ["journey", "rows"] },
};
/** The page of the key account that lies deep. */
const DEEP = 200;
/** At most so many accounts are asked for, and so many of them looked at for the named cases. */
const [MOST, LOOKED_AT] = [2000, 300];

class Wrong extends Error {}
const say = (text) => process.stderr.write(`${text}\n`);
const list = (text) => text.split(",").map((word) => word.trim()).filter(Boolean);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

// ---- what is started ends with this

const children = new Set();
let folder;

function start(name, command, args, env) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"] });
  children.add(child);
  child.said = "";
  child.stderr.on("data", (data) => (child.said = (child.said + data).slice(-4000)));
  child.ended = new Promise((done) => {
    child.once("error", (error) => done(`${name}: ${error.message}`));
    child.once("exit", (code) => done(`${name} ended with ${code}:\n${child.said}`));
  });
  child.ended.then((words) => {
    children.delete(child);
    child.over = words;
  });
  return child;
}

let ending;

/** Once: a second signal would cut short what a server has to put away. */
const end = () => (ending ??= endAll());

async function endAll() {
  const left = [...children];
  left.forEach((child) => child.kill("SIGTERM"));
  await Promise.race([Promise.all(left.map((child) => child.ended)), sleep(5000)]);
  children.forEach((child) => child.kill("SIGKILL"));
  if (folder) rmSync(folder, { recursive: true, force: true });
}

const freePort = () =>
  new Promise((done, failed) => {
    const server = createServer().once("error", failed);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

/** A line of /proc/PID/status, in MB. */
function memory(pid, line) {
  const found = new RegExp(`^${line}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found[1]) / 1024;
}

// ---- the servers

/** A server with its start-up time and its memory. */
async function serve(name, command, args, env, ready) {
  const port = await freePort();
  const began = performance.now();
  const child = start(name, command, args(port), { ...env(port) });
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (child.over) throw new Wrong(child.over);
    if (await ready(url).catch(() => false)) break;
    if (performance.now() - began > 120_000) throw new Wrong(`${name} does not answer`);
    await sleep(5);
  }
  return { name, url, pid: child.pid, child, startup: performance.now() - began, before: memory(child.pid, "VmRSS") };
}

const probe = async (url) => (await fetch(`${url}/readyz`)).ok;

async function startJourney(database) {
  const secret = randomBytes(32).toString("hex");
  const config = join(folder, "journey.toml");
  const files = join(folder, "files");
  mkdirSync(files);
  const issuer = `[[auth.issuers]]\nissuer = "race"\naudience = "race"\nalgorithm = "HS256"\nsecret = "${secret}"\n`;
  writeFileSync(config, `[files]\ndir = ${JSON.stringify(files)}\n[log]\nfilter = "error"\n${issuer}`, { mode: 0o600 });
  const env = (port) => ({ JOURNEY_CONFIG: config, JOURNEY_DATABASE_URL: database, JOURNEY_LISTEN: `127.0.0.1:${port}` });
  const server = await serve("journey", given.journey, () => ["serve"], env, probe);
  server.tokens = {};
  for (const [role, colleague] of Object.entries(COLLEAGUES)) {
    const args = ["token", "--config", config, "--tenant", given.tenant, "--role", role, "--colleague", colleague, "--ttl", "24h"];
    const made = spawnSync(given.journey, args, { encoding: "utf8" });
    if (made.status !== 0) throw new Wrong(`journey token: ${made.stderr}`);
    server.tokens[role] = made.stdout.trim();
  }
  return server;
}

const startByHand = (database) =>
  serve("byhand", given.byhand, () => [], (port) => ({ DATABASE_URL: database, PORT: String(port), TENANT: given.tenant }), probe);

async function startPostgraphile(database) {
  const home = join(HERE, "peers/postgraphile");
  if (!existsSync(join(home, "node_modules"))) throw new Wrong(`PostGraphile is not installed: npm ci --prefix ${home}`);
  const version = spawnSync(given.node, ["--version"], { encoding: "utf8" }).stdout ?? "";
  if (!(Number(/^v(\d+)/.exec(version)?.[1]) >= 22)) throw new Wrong("PostGraphile needs Node.js 22 or later: name one with --node, or leave it out with --sides");
  const env = (port) => ({ DATABASE_URL: database, PORT: String(port), NODE_ENV: "production", GRAPHILE_ENV: "production" });
  const ready = async (url) => (await post(`${url}/graphql`, { query: "{ __typename }" })).ok;
  const server = await serve("postgraphile", given.node, () => [join(home, "server.mjs")], env, ready);
  const query = "query ($slug: String!) { tenantBySlug(slug: $slug) { rowId } }";
  const found = await (await post(`${server.url}/graphql`, { query, variables: { slug: given.tenant } })).json();
  server.tenant = found.data?.tenantBySlug?.rowId;
  if (!server.tenant) throw new Wrong(`PostGraphile finds no tenant ${given.tenant}: ${JSON.stringify(found)}`);
  return server;
}

const post = (url, body, headers = {}) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });

// ---- the questions as each side is asked them

const read = (file) => readFileSync(join(HERE, file), "utf8").replace(/\s+/g, " ").trim();
const documents = {};
for (const question of Object.keys(QUESTIONS)) {
  documents[question] = { journey: read(`queries/${question === "filtered" ? "timeline" : question}.graphql`) };
  if (QUESTIONS[question].sides.includes("postgraphile")) {
    documents[question].postgraphile = read(`peers/postgraphile/queries/${question}.graphql`);
  }
}

/** Path, headers and body of a question on a side. `deep` holds a cursor for each side: theirs differ. */
function asked(servers, side, question, { deep, ...variables }) {
  const { role } = QUESTIONS[question];
  if (side === "journey") {
    const query = documents[question].journey;
    const headers = { accept: "application/graphql-response+json", authorization: `Bearer ${servers.journey.tokens[role]}` };
    return { url: servers.journey.url, path: "/graphql", headers, body: { query, variables: { ...variables, after: deep?.journey } } };
  }
  if (side === "postgraphile") {
    const { id, filter } = variables;
    const cursor = deep?.postgraphile;
    const mapped = { tenant: servers.postgraphile.tenant, id: id.slice(4), kinds: filter?.kinds, after: cursor };
    return { url: servers.postgraphile.url, path: "/graphql", headers: {}, body: { query: documents[question].postgraphile, variables: mapped } };
  }
  const body = { variables: { ...variables, after: deep?.journey, me: servers.journey.me?.[role] } };
  return { url: servers.byhand.url, path: `/${side}/${question}`, headers: {}, body };
}

async function answer(servers, side, question, variables) {
  const { url, path, headers, body } = asked(servers, side, question, variables);
  const response = await post(`${url}${path}`, body, headers);
  const text = await response.text();
  if (!response.ok) throw new Wrong(`${side} answers ${question} with ${response.status}: ${text}`);
  const { data, errors } = JSON.parse(text);
  if (errors) throw new Wrong(`${side} answers ${question} with errors: ${JSON.stringify(errors)}`);
  return side === "postgraphile" ? fromPostgraphile[question](data) : data;
}

async function ask(servers, role, query, variables = {}) {
  const headers = { authorization: `Bearer ${servers.journey.tokens[role]}` };
  const response = await (await post(`${servers.journey.url}/graphql`, { query, variables }, headers)).json();
  if (!response.data || response.errors) throw new Wrong(`journey: ${JSON.stringify(response)}`);
  return response.data;
}

// ---- whom is asked about

/** A generator of the same numbers in each run. */
function dice(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(items) {
  const [some, throwDice] = [[...items], dice(1)];
  for (let place = some.length - 1; place > 0; place--) {
    const other = Math.floor(throwDice() * (place + 1));
    [some[place], some[other]] = [some[other], some[place]];
  }
  return some;
}

/** The accounts that the colleague of sales looks after, as it sees them itself. */
async function accounts(servers) {
  const page = "query ($after: String) { sales { myAccounts(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } } }";
  const all = [];
  for (let after; ; ) {
    const { nodes, pageInfo } = (await ask(servers, "sales", page, { after })).sales.myAccounts;
    all.push(...nodes.map((node) => node.id));
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  if (all.length === 0) throw new Wrong(`${COLLEAGUES.sales} looks after no account: has journey generate made the rows?`);
  const ids = shuffled(all).slice(0, MOST);
  const sizes = [];
  // The first made are the largest.
  const some = [...new Set([...all.slice(0, 50), ...ids.slice(0, LOOKED_AT)])];
  const count = "query ($ids: [ID]) { accounts(first: 10, filter: { id: $ids }) { nodes { id timeline(first: 1) { totalCount } } } }";
  for (let from = 0; from < some.length; from += 10) {
    const { nodes } = (await ask(servers, "sales", count, { ids: some.slice(from, from + 10) })).accounts;
    sizes.push(...nodes.map((node) => ({ id: node.id, events: node.timeline.totalCount })));
  }
  sizes.sort((a, b) => b.events - a.events);
  const small = sizes.toSorted((a, b) => Math.abs(a.events - 40) - Math.abs(b.events - 40))[0];
  return { ids, key: sizes[0], small };
}

/** The cursors before the deep page of an account, or before the last one that is full. */
async function deepPage(servers, sides, id) {
  const own = sides.includes("postgraphile") ? ["journey", "postgraphile"] : ["journey"];
  let deep = {};
  let page = 1;
  for (; page < DEEP; page++) {
    const next = {};
    for (const side of own) {
      const variables = { id, ...(side === "journey" && { first: 50 }), deep };
      const { pageInfo } = (await answer(servers, side, "timeline", variables)).account.timeline;
      if (!pageInfo.hasNextPage) return { deep, page };
      next[side] = pageInfo.endCursor;
    }
    deep = next;
  }
  return { deep, page };
}

/** What is raced: a question, and whom it is asked about. */
async function casesOf(servers, sides, questions) {
  const { ids, key, small } = await accounts(servers);
  const named = (account) => `${account.events.toLocaleString("en")} events`;
  const filter = { kinds: KINDS };
  const cases = [];
  for (const question of questions) {
    const add = (name, title, variables) => cases.push({ name, title, question, variables });
    if (question === "timeline") {
      add("timeline", "Timeline: the 50 newest events of random accounts", ids.map((id) => ({ id, first: 50 })));
      add("timeline, key account", `Timeline of the key account, ${named(key)}: page 1`, [{ id: key.id, first: 50 }]);
      const { deep, page } = await deepPage(servers, sides, key.id);
      add("timeline, deep page", `Timeline of the key account: page ${page}`, [{ id: key.id, first: 50, deep }]);
      add("timeline, small account", `Timeline of an account with ${named(small)}`, [{ id: small.id, first: 50 }]);
    } else if (question === "filtered") {
      add("filtered", `Timeline of two of twenty kinds (${KINDS.join(", ")}), random accounts`, ids.map((id) => ({ id, first: 50, filter })));
    } else if (question === "lookup") {
      add("lookup", "Look-up: an account by its id", ids.map((id) => ({ id })));
    } else if (question === "account360") {
      add("account360", "Account 360: a whole account in one answer", ids.map((id) => ({ id })));
    } else if (question === "write") {
      const input = { interaction: "PAGE_VIEWED", isInbound: true, pageUrl: "https://www.example.com/race/@@" };
      add("write", "Write: a touchpoint with its event", ids.map((accountId) => ({ input: { accountId, ...input } })));
    } else {
      add(question, `Work list of ${question.slice(9)}`, [{}]);
    }
  }
  return cases;
}

// ---- are the answers the same?

/** Times in one spelling; a cursor is there or not: whose it is only its own side knows. */
function plain(value, field) {
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, plain(held, name)]));
  }
  if (typeof value !== "string") return value;
  if (field === "endCursor") return "a cursor";
  const time = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]00:00)$/.exec(value);
  return time ? `${time[1]}.${(time[2] ?? "").padEnd(6, "0").slice(0, 6)}Z` : value;
}

function differences(ours, theirs, path = "data") {
  if (isDeepStrictEqual(ours, theirs)) return [];
  const both = [ours, theirs].every((value) => value && typeof value === "object");
  if (!both) return [`${path}: journey ${JSON.stringify(ours)}, here ${JSON.stringify(theirs)}`];
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...names].flatMap((name) => differences(ours[name], theirs[name], `${path}.${name}`));
}

function same(side, title, ours, theirs) {
  const found = differences(ours, theirs);
  if (found.length > 0) throw new Wrong(`${side} does not answer as journey does (${title}):\n  ${found.slice(0, 20).join("\n  ")}`);
}

async function compare(servers, sides, { question, title, variables }) {
  const others = sides.filter((side) => side !== "journey" && QUESTIONS[question].sides.includes(side));
  if (question === "write") return compareWrites(servers, others, variables[0]);
  for (const some of variables.slice(0, Number(given.sample))) {
    const told = await answer(servers, "journey", question, some);
    const ours = plain(told);
    if (question.startsWith("worklist")) {
      for (const [name, held] of Object.entries(Object.values(ours)[0])) {
        if (held.nodes.length === 0) say(`  ! ${question}: ${name} is empty, which compares little`);
      }
    }
    for (const side of others) {
      const theirs = await answer(servers, side, question, some);
      same(side, `${title} ${JSON.stringify(some)}`, ours, plain(theirs));
      // The hand-written cursors are Journey's own, to the letter.
      const ends = (of) => JSON.stringify(of).match(/"endCursor":[^,}]*/g);
      if (side !== "postgraphile") same(side, `${title}: cursors`, ends(told), ends(theirs));
    }
  }
}

/** Writes on each side, and reads back through Journey: the answer, the touchpoint, and the newest event of the account. */
async function compareWrites(servers, others, { input }) {
  const query = `query ($id: ID!, $account: ID!) {
    touchpoint(id: $id) { interaction isInbound pageUrl version account { id } contact { id } campaign { id } }
    account(id: $account) { timeline(first: 1) { nodes { kind domain importance timeUncertain source title summary actor { id }
      subjects { subjectType id } object { __typename } ... on TouchEvent { isInbound } } } } }`;
  let ours;
  for (const side of ["journey", ...others]) {
    const once = { input: { ...input, pageUrl: input.pageUrl.replace("@@", "once") } };
    const { recordTouchpoint } = await answer(servers, side, "write", once);
    const { id, occurredAt, ...rest } = recordTouchpoint.touchpoint ?? {};
    if (!id || !occurredAt) throw new Wrong(`${side} wrote nothing: ${JSON.stringify(recordTouchpoint)}`);
    const read = await ask(servers, "marketing", query, { id, account: input.accountId });
    const written = { answer: { ...recordTouchpoint, touchpoint: rest }, ...read };
    ours ??= written;
    same(side, "write", ours, written);
  }
}

// ---- the rounds

/** A wrk script: the requests are made beforehand; one with @@ gets a number of its own each time. */
function script(side, name, requests) {
  const quote = (text) => `[==[${text}]==]`;
  const [{ path, headers }] = requests;
  const all = { "content-type": "application/json", ...headers };
  const lua = `
local bodies = { ${requests.map(({ body }) => quote(JSON.stringify(body))).join(",\n")} }
local path = ${quote(path)}
${Object.entries(all).map(([name, value]) => `wrk.headers[ ${quote(name)} ] = ${quote(value)}`).join("\n")}
local ready, numbered, number = {}, bodies[1]:find("@@", 1, true), 0
bad, sample = 0, ""
function init()
  math.randomseed(os.time() + tonumber(tostring({}):sub(8), 16) % 100000)
  for place, body in ipairs(bodies) do ready[place] = wrk.format("POST", path, nil, body) end
  run = tostring(math.random(1e9))
end
function request()
  if not numbered then return ready[math.random(#ready)] end
  number = number + 1
  local body = bodies[math.random(#bodies)]:gsub("@@", run .. "-" .. number)
  return wrk.format("POST", path, nil, body)
end
function response(status, headers, body)
  if status ~= 200 or body:find('"errors"', 1, true) or body:find('"userErrors":[{', 1, true) then
    bad = bad + 1
    sample = status .. " " .. body:sub(1, 300)
  end
end
local threads = {}
function setup(thread) table.insert(threads, thread) end
function done(summary, latency)
  local bad, sample = 0, ""
  for _, thread in ipairs(threads) do bad = bad + thread:get("bad"); sample = thread:get("sample") end
  local e = summary.errors
  io.write(string.format("\\nRACE %d %d %d %d %d %d %s\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), bad, e.connect + e.read + e.write + e.timeout, sample))
end
`;
  const file = join(folder, `${side}-${name.replace(/\W+/g, "-")}.lua`);
  writeFileSync(file, lua);
  return file;
}

async function round(url, file, connections, seconds) {
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "--timeout", "10s", "--latency", "-s", file, url];
  const child = spawn("wrk", args, { stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  let said = "";
  child.stdout.on("data", (data) => (said += data));
  child.stderr.on("data", (data) => (said += data));
  child.ended = new Promise((done) => child.once("close", done));
  await child.ended;
  children.delete(child);
  const found = /^RACE (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (.*)/m.exec(said);
  if (!found) throw new Wrong(`wrk: ${said}`);
  const [requests, micros, p50, p99, bad, broken] = found.slice(1, 7).map(Number);
  if (bad > 0 || broken > 0) throw new Wrong(`${bad} wrong answers and ${broken} broken connections; for instance: ${found[7]}`);
  return { rate: requests / (micros / 1e6), p50: p50 / 1000, p99: p99 / 1000 };
}

async function race(servers, sides, cases) {
  const figures = [];
  const [rounds, seconds, warm] = [given.rounds, given.seconds, given.warm].map(Number);
  for (const one of cases) {
    const runners = sides.filter((side) => QUESTIONS[one.question].sides.includes(side));
    const lanes = runners.map((side) => {
      const requests = one.variables.map((variables) => asked(servers, side, one.question, variables));
      return { side, url: requests[0].url, file: script(side, one.name, requests) };
    });
    for (const { url, file } of lanes) if (warm > 0) await round(url, file, 8, warm);
    for (const connections of list(given.connections).map(Number)) {
      const runs = Object.fromEntries(runners.map((side) => [side, []]));
      for (let nth = 0; nth < rounds; nth++) {
        // Each begins once: whoever comes after another finds what that one left.
        for (let place = 0; place < lanes.length; place++) {
          const { side, url, file } = lanes[(place + nth) % lanes.length];
          const run = await round(url, file, connections, seconds);
          runs[side].push(run);
          say(`  ${one.name}, ${connections} connections, round ${nth + 1}: ${side} ${run.rate.toFixed(0)}/s p50 ${run.p50} ms p99 ${run.p99} ms`);
        }
      }
      for (const side of runners) {
        const of = (figure) => median(runs[side].map((run) => run[figure]));
        figures.push({ case: one.name, title: one.title, connections, side, rate: of("rate"), p50: of("p50"), p99: of("p99"), runs: runs[side] });
      }
    }
  }
  return figures;
}

// ---- what is told

const digits = (number) => number.toLocaleString("en", { maximumFractionDigits: number < 10 ? 2 : number < 100 ? 1 : 0 });

function told(figures, servers, began) {
  const lines = [];
  for (const title of new Set(figures.map((figure) => figure.title))) {
    const rows = figures.filter((figure) => figure.title === title);
    lines.push(`### ${title}`, "", "| connections | side | requests/s | p50 ms | p99 ms | journey does … times as many |", "|--:|---|--:|--:|--:|--:|");
    for (const { connections, side, rate, p50, p99 } of rows) {
      const ours = rows.find((row) => row.side === "journey" && row.connections === connections);
      const ratio = !ours || side === "journey" ? "" : (ours.rate / rate).toFixed(2);
      lines.push(`| ${connections} | ${side} | ${digits(rate)} | ${digits(p50)} | ${digits(p99)} | ${ratio} |`);
    }
    lines.push("");
  }
  lines.push("### Servers", "", "| server | ready after ms | memory then, MB | at rest | at its most |", "|---|--:|--:|--:|--:|");
  for (const { name, startup, before, rest, peak } of Object.values(servers)) {
    lines.push(`| ${name} | ${digits(startup)} | ${digits(before)} | ${digits(rest)} | ${digits(peak)} |`);
  }
  lines.push("", `Medians; rounds in turn: ${given.rounds} of ${given.seconds} s; ${digits((performance.now() - began) / 60_000)} minutes in all. Only ratios of one run count.`);
  return lines.join("\n");
}

/** The drivers differ in whether they encrypt where the server can: nobody does here, unless the URL says so. */
function spokenPlainly(database) {
  if (!database?.startsWith("postgres") || database.includes("sslmode=")) return database;
  return `${database}${database.includes("?") ? "&" : "?"}sslmode=disable`;
}

async function main() {
  if (given.help) return console.log(HELP);
  const began = performance.now();
  const database = spokenPlainly(given["database-url"]);
  if (!database) throw new Wrong(`--database-url is missing\n\n${HELP}`);
  const onSqlite = database.startsWith("sqlite://");
  if (!onSqlite && !/^postgres(ql)?:\/\//.test(database)) throw new Wrong("--database-url: postgres://… or sqlite://path");
  const able = ["journey", "json", "rows", ...(onSqlite ? [] : ["postgraphile"])];
  const questions = given.questions ? list(given.questions) : Object.keys(QUESTIONS);
  const chosen = given.sides ? list(given.sides) : able;
  for (const side of chosen) if (!able.includes(side)) throw new Wrong(`--sides: ${side} is none of ${able.join(", ")}`);
  for (const question of questions) if (!QUESTIONS[question]) throw new Wrong(`--questions: ${question} is none of ${Object.keys(QUESTIONS).join(", ")}`);
  const sides = chosen.filter((side) => questions.some((question) => QUESTIONS[question].sides.includes(side)));
  if (spawnSync("wrk", ["--version"]).error && !given.check) throw new Wrong("wrk is missing: apt-get install wrk");
  if (!existsSync(given.journey)) throw new Wrong(`${given.journey} is missing: cargo build --release --bin journey, or say --journey`);
  const byHand = sides.some((side) => side === "json" || side === "rows");
  if (byHand && !existsSync(given.byhand)) {
    throw new Wrong(`${given.byhand} is missing: cargo build --release --manifest-path benches/peers/byhand/Cargo.toml, or say --byhand`);
  }

  folder = mkdtempSync(join(tmpdir(), "race-"));
  // One after the other: so each starts alone. Journey comes always: it says which accounts there are, and what is right.
  const servers = { journey: await startJourney(database) };
  if (byHand) servers.byhand = await startByHand(database);
  if (sides.includes("postgraphile")) servers.postgraphile = await startPostgraphile(database);
  for (const { name, startup } of Object.values(servers)) say(`${name} is ready after ${startup.toFixed(0)} ms`);
  servers.journey.me = {};
  for (const role of Object.keys(COLLEAGUES)) {
    servers.journey.me[role] = (await ask(servers, role, "{ me { colleague { id } } }")).me.colleague?.id;
    if (!servers.journey.me[role]) throw new Wrong(`there is no ${COLLEAGUES[role]} in tenant ${given.tenant}`);
  }

  const cases = await casesOf(servers, sides, questions);
  // Writing comes last: it changes what the others read.
  cases.sort((a, b) => (a.question === "write") - (b.question === "write"));
  for (const one of cases) {
    await compare(servers, sides, one);
    say(`the same from all sides: ${one.name}`);
  }
  await sleep(3000);
  for (const server of Object.values(servers)) server.rest = memory(server.pid, "VmRSS");
  if (given.check) return;
  const figures = await race(servers, sides, cases);
  for (const server of Object.values(servers)) server.peak = memory(server.pid, "VmHWM");
  console.log(told(figures, servers, began));
  if (given.out) {
    const kept = Object.values(servers).map(({ name, startup, before, rest, peak }) => ({ name, startup, before, rest, peak }));
    writeFileSync(given.out, `${JSON.stringify({ figures, servers: kept }, null, 2)}\n`);
  }
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await end();
    process.exit(130);
  });
}
main()
  .catch((error) => {
    say(error instanceof Wrong ? error.message : error.stack);
    process.exitCode = 1;
  })
  .finally(end);
