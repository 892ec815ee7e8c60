// Starts the demo on a free port, runs the tests against it, and stops it.
//
//   npm test                         all of them
//   npm test -- socket events        those files alone: tests/socket.test.js, tests/events.test.js
//
// JOURNEY_BIN names the server (../target/debug/journey). At the end the server must have stopped by itself, and must
// neither have panicked nor called anything its own fault: no client may bring it there.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const bin = resolve(process.env.JOURNEY_BIN ?? join(here, "../../target/debug/journey"));
const START_WITHIN = 120_000;
// A test that fails in the middle of a conversation leaves its line open, and the process would wait for ever: it is ended instead.
const TEST_WITHIN = 300_000;

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`The clients need Node 20 or later; this is ${process.version}.`);
  process.exit(2);
}
if (!existsSync(bin)) {
  console.error(`There is no server at ${bin}. Build it (cargo build --workspace --all-targets), or name it in JOURNEY_BIN.`);
  process.exit(2);
}

// An app on an origin of its own: an empty page, from which a browser may call the API. Under the name `localhost` it is
// another origin, from which it may not.
const app = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!doctype html><title>App</title>"));
app.listen(0);
await once(app, "listening");
const origin = `http://127.0.0.1:${app.address().port}`;

const folder = mkdtempSync(join(tmpdir(), "journey-web-"));
const server = spawn(bin, ["demo", "--data", folder, "--listen", "127.0.0.1:0"], {
  env: {
    ...process.env,
    JOURNEY_SERVER__CORS_ORIGINS: origin,
    JOURNEY_LIMITS__SOCKET_INIT_TIMEOUT: "1s",
    JOURNEY_LOG__FILTER: "warn",
    // The receivers of webhooks are on this machine.
    JOURNEY_WEBHOOKS__ALLOW_PRIVATE_NETWORKS: "true",
  },
  stdio: ["ignore", "pipe", "inherit"],
});
const ended = once(server, "exit");

let failed = true;
try {
  const { url, tokens } = await started();
  const code = await tests(url, tokens);
  const faults = await blamed(url);
  faults.forEach((fault) => console.error(`The server took the blame for something: ${fault}`));
  failed = code !== 0 || faults.length > 0;
} catch (error) {
  console.error(error.message);
} finally {
  server.kill("SIGTERM");
  const [code] = await ended;
  if (code !== 0) {
    console.error(`The server ended with ${code ?? "a signal"}.`);
    failed = true;
  }
  rmSync(folder, { recursive: true, force: true });
  app.close();
}
process.exit(failed ? 1 : 0);

// Reads what the demo prints until it serves: a token after each `role: name`, and the address.
async function started() {
  const late = setTimeout(() => server.kill("SIGKILL"), START_WITHIN);
  const tokens = {};
  let role;
  for await (const line of createInterface(server.stdout)) {
    if (role && line) tokens[role] = line;
    role = line.match(/^(\w+): /)?.[1];
    const serving = line.match(/^Serving at (\S+)\/graphql/);
    if (!serving) continue;
    clearTimeout(late);
    server.stdout.resume();
    return { url: serving[1], tokens };
  }
  throw new Error("The server did not start.");
}

async function tests(url, tokens) {
  const named = process.argv.slice(2).map((name) => `${name}.test.js`);
  const files = readdirSync(here).filter((file) => file.endsWith(".test.js") && (!named.length || named.includes(file)));
  const runner = spawn(
    process.execPath,
    ["--test", "--test-reporter=spec", "--test-concurrency=2", "--test-force-exit", `--test-timeout=${TEST_WITHIN}`, ...files.map((file) => join(here, file))],
    { env: { ...process.env, JOURNEY_URL: url, JOURNEY_TOKENS: JSON.stringify(tokens), JOURNEY_APP: origin }, stdio: "inherit" },
  );
  return (await once(runner, "exit"))[0];
}

async function blamed(url) {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return metrics.split("\n").filter((line) => /^http_panics_total.* [1-9]|^http_errors_total\{.*code="INTERNAL"/.test(line));
}
