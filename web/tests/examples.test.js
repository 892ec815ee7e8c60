// The examples do what their pages say: each is run as its page tells, through a line that is cut in the middle.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test from "node:test";
import { ask, change, everything, newAccount, repository, run, runBin, token, url, web } from "./support/journey.js";
import { line } from "./support/line.js";
import { missing as noPython, python } from "./support/python.js";
import { arrivals, within } from "./support/within.js";

const examples = join(repository, "examples");

/** A program whose lines are read as they come. */
function program(command, args, { cwd, env }) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const { items, put, upTo } = arrivals();
  createInterface(child.stdout).on("line", put);
  let complaints = "";
  child.stderr.on("data", (data) => (complaints += data));
  const exit = once(child, "close");
  return {
    items,
    upTo,
    end: async () => {
      const [code] = await within(exit, "the example to end");
      assert.equal(code, 0, complaints);
      return items;
    },
    kill: () => child.kill(),
  };
}

/** What happened on an account, oldest first, as the examples print it. */
async function happened(id) {
  const { timeline } = await ask(
    `query ($id: ID!, $filter: TimelineFilter) { timeline(subject: $id, first: 100, filter: $filter) { nodes { occurredAt title } } }`,
    { id, filter: everything },
  );
  return timeline.nodes.reverse().map((event) => `${event.occurredAt} ${event.title}`);
}

/**
 * Follows an account with an example: two changes, a cut, two more. The example itself makes one change before, if
 * `itself`; it must print them all, in order, once.
 */
async function follows(t, name, { start, itself = 0 }) {
  const account = await newAccount(name);
  await change(account.id, 7);
  const before = (await happened(account.id)).length;
  const relay = await line(url);
  const example = start(name, itself + 4, { JOURNEY_URL: relay.url, JOURNEY_TOKEN: token() });
  t.after(async () => {
    example.kill();
    await relay.close();
  });
  const live = () => example.items.filter((line) => line.startsWith("live: ")).map((line) => line.slice("live: ".length));
  const heard = async (count) => {
    for (let lines = example.items.length; live().length < count; lines++) await example.upTo(lines + 1);
  };
  const ready = async () => {
    for (let lines = 1; !example.items.some((line) => line.startsWith(itself ? "changed: " : "following ")); lines++) await example.upTo(lines);
  };
  await ready();
  await change(account.id, 2);
  await heard(itself + 2);
  relay.cut();
  await change(account.id, 2);
  const lines = await example.end();
  assert.deepEqual(live(), (await happened(account.id)).slice(before));
  assert.equal(relay.cuts, 1);
  return { lines, account };
}

test("typescript", async (t) => {
  const app = join(web, ".build/examples/typescript");
  rmSync(app, { recursive: true, force: true });
  mkdirSync(app, { recursive: true });
  cpSync(join(examples, "typescript"), app, { recursive: true, filter: (file) => !/node_modules|generated|build$/.test(file.slice(examples.length)) });
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(app, "package.json"), "utf8"));
  const ours = JSON.parse(readFileSync(join(web, "package.json"), "utf8")).devDependencies;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) assert.equal(ours[name], version, name);

  await runBin("graphql-codegen", [], { cwd: app, env: { ...process.env, JOURNEY_URL: url, JOURNEY_TOKEN: token() } });
  await runBin("tsc", [], { cwd: app });
  const start = (name, count, env) => program(process.execPath, ["build/main.js", name, String(count)], { cwd: app, env });
  const { lines } = await follows(t, "Example TypeScript GmbH", { start, itself: 1 });
  assert.equal(lines[0], "Example TypeScript GmbH: 1 of 1 events");
  assert.match(lines[1], /^ {2}2\S+ Stage entered: Example TypeScript GmbH$/);
  assert.equal(lines[2], "changed: version 9");
});
