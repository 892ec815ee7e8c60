// The examples do what their pages say: each is run as its page tells, through a line that is cut in the middle.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test from "node:test";
import { ask, change, everything, keyAccount, newAccount, repository, run, runBin, timelineIds, token, url, web } from "./support/journey.js";
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
  const broken = exit.then(([code]) => {
    if (code) throw new Error(`${command} ended with ${code}\n${complaints}`);
    return new Promise(() => {});
  });
  broken.catch(() => {});
  return {
    items,
    upTo: (count) => Promise.race([upTo(count), broken]),
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
async function follows(t, { start, itself = 0 }) {
  const name = `Example ${crypto.randomUUID()}`;
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
  return { lines, name };
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
  const { lines, name } = await follows(t, { start, itself: 1 });
  assert.equal(lines[0], `${name}: 1 of 1 events`);
  assert.match(lines[1], /^ {2}2\S+ Stage entered: Example /);
  assert.equal(lines[2], "changed: version 9");

  // A copy that goes on holds what a copy holds that is made only now.
  const copy = async (file) => {
    const env = { ...process.env, JOURNEY_URL: url, JOURNEY_TOKEN: token("integrator") };
    const ran = await run(process.execPath, ["build/feed.js", file, "--once"], { cwd: app, env });
    assert.equal(ran.code, 0, ran.stderr);
    return JSON.parse(readFileSync(join(app, file), "utf8")).rows;
  };
  await copy("copy.json");
  const made = await newAccount(`Copied ${crypto.randomUUID()}`);
  await change(made.id, 2);
  const [kept, fresh] = [await copy("copy.json"), await copy("fresh.json")];
  assert.equal(kept[made.id].version, 3);
  assert.deepEqual(kept[made.id], fresh[made.id]);
});

if (noPython) console.error(noPython);

test("python", { skip: noPython }, async (t) => {
  const interpreter = await python();
  const cwd = join(examples, "python");
  const start = (name, count, env) =>
    program(interpreter, ["journey.py", name, String(count)], { cwd, env: { ...env, PYTHONDONTWRITEBYTECODE: "1" } });
  const { lines, name } = await follows(t, { start });
  assert.equal(lines[0], `${name}: 1 events`);
});

test("python reads every page", { skip: noPython }, async () => {
  const env = { ...process.env, JOURNEY_URL: url, JOURNEY_TOKEN: token(), PYTHONDONTWRITEBYTECODE: "1" };
  const code = `import asyncio, journey
async def all():
    async with journey.Client(transport=journey.AIOHTTPTransport(url=journey.URL, headers=journey.AUTHORIZATION)) as session:
        events, live = await journey.read(session, "${await keyAccount()}")
        print(*[event["id"] for event in events], sep="\\n")
asyncio.run(all())`;
  const ran = await run(await python(), ["-c", code], { cwd: join(examples, "python"), env });
  assert.equal(ran.code, 0, ran.stderr);
  assert.deepEqual(ran.stdout.trim().split("\n"), await timelineIds(await keyAccount()));
});

const noJq = !process.env.CI && (await run("jq", ["--version"])).code !== 0 && "*** jq is not installed: the example with curl was NOT run ***";
if (noJq) console.error(noJq);

test("curl", { skip: noJq }, async (t) => {
  const start = (name, count, env) => program("sh", ["journey.sh", name, String(count)], { cwd: join(examples, "curl"), env });
  const { lines, name } = await follows(t, { start, itself: 1 });
  assert.deepEqual(lines.slice(0, 2), [`${name}: 1 events`, "changed: version 9"]);
});

test("curl says what the server refuses", { skip: noJq }, async () => {
  const env = { ...process.env, JOURNEY_URL: url, JOURNEY_TOKEN: "wrong" };
  const refused = await run("sh", ["journey.sh"], { cwd: join(examples, "curl"), env });
  assert.deepEqual([refused.code, refused.stderr], [1, "UNAUTHENTICATED: A valid bearer token is needed.\n"]);
});
