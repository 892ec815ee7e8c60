// The server under test, as tests/run.js started it, and the shortest way to ask it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder `web`, and the repository. */
export const web = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const repository = join(web, "..");

export const url = process.env.JOURNEY_URL;
export const graphql = `${url}/graphql`;
export const socket = graphql.replace(/^http/, "ws");

const tokens = JSON.parse(process.env.JOURNEY_TOKENS ?? "{}");
export const token = (role = "sales") => tokens[role];
export const bearer = (role) => `Bearer ${token(role)}`;

/** One answer over HTTP, as it came. */
export async function post(body, { role = "sales", headers = {}, to = graphql } = {}) {
  const response = await fetch(to, {
    method: "POST",
    headers: {
      accept: "application/graphql-response+json",
      "content-type": "application/json",
      authorization: bearer(role),
      ...headers,
    },
    body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parsed(text) };
}

/** The data of an answer that must have no errors. */
export async function ask(query, variables = {}, role = "sales") {
  const { json } = await post({ query, variables }, { role });
  assert.equal(json?.errors, undefined);
  return json.data;
}

/** A result without what it cost, which every result says. */
export function free({ extensions: { cost, ...extensions }, ...result }) {
  assert.ok(cost.actual <= cost.limit, "a cost");
  return Object.keys(extensions).length ? { ...result, extensions } : result;
}

const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The demo's key account: 580 events that nobody adds to. */
export async function keyAccount(role) {
  const { accounts } = await ask(`{ accounts(filter: { name: { contains: "Alpenland" } }) { nodes { id } } }`, {}, role);
  assert.equal(accounts.nodes.length, 1);
  return accounts.nodes[0].id;
}

/** An account of a test's own. */
export async function newAccount(name, role) {
  const { createAccount } = await ask(
    `mutation ($input: CreateAccountInput!) {
       createAccount(input: $input) { account { id version } userErrors { code message } }
     }`,
    { input: { name } },
    role,
  );
  assert.deepEqual(createAccount.userErrors, []);
  return createAccount.account;
}

/** Changes an account as often as told: one event each, `account.updated`. */
export async function change(id, times = 1) {
  const query = `mutation ($input: UpdateAccountInput!) { updateAccount(input: $input) { userErrors { code message } } }`;
  for (let turn = 0; turn < times; turn++) {
    const { updateAccount } = await ask(query, { input: { id, description: `Change ${crypto.randomUUID()}` } });
    assert.deepEqual(updateAccount.userErrors, []);
  }
}

/** The ids of a whole timeline, newest first, read in pages of 100. */
export async function timelineIds(subject, filter = null) {
  const ids = [];
  for (let after = null; ; ) {
    const { timeline } = await ask(
      `query ($subject: ID!, $after: String, $filter: TimelineFilter) {
         timeline(subject: $subject, first: 100, after: $after, filter: $filter) {
           totalCount nodes { id } pageInfo { hasNextPage endCursor }
         }
       }`,
      { subject, after, filter },
    );
    ids.push(...timeline.nodes.map((node) => node.id));
    if (!timeline.pageInfo.hasNextPage) {
      assert.equal(ids.length, timeline.totalCount);
      return ids;
    }
    after = timeline.pageInfo.endCursor;
  }
}

/** Where a live timeline starts that shall miss nothing from now on. */
export async function liveCursor(subject) {
  const { timeline } = await ask(
    `query ($subject: ID!) { timeline(subject: $subject, first: 1) { pageInfo { liveCursor } } }`,
    { subject },
  );
  return timeline.pageInfo.liveCursor;
}

/** Every kind of event, plain changes of records too. */
export const everything = { minImportance: 0 };

export const LIVE = `subscription Live($subject: ID!, $after: String, $filter: TimelineFilter) {
  timelineChanged(subject: $subject, after: $after, filter: $filter) { cursor event { id kind } }
}`;

/** Runs a program to its end. */
export const run = (program, args, options = {}) =>
  new Promise((done) => {
    execFile(program, args, { maxBuffer: 64 << 20, timeout: 240_000, ...options }, (error, stdout, stderr) =>
      done({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr }),
    );
  });

/** Runs a program of an npm package, which must succeed. */
export async function runBin(name, args, options) {
  const ran = await run(join(web, "node_modules/.bin", name), args, options);
  assert.equal(ran.code, 0, `${name} ${args.join(" ")}\n${ran.stdout}\n${ran.stderr}`);
  return ran;
}
