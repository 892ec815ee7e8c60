// Webhooks, received with the libraries of the specification: as the examples do it, and as a receiver does that was told a wrong secret.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test from "node:test";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { ask, repository, runBin, web } from "./support/journey.js";
import { missing as noPython, python } from "./support/python.js";
import { arrivals, within } from "./support/within.js";

const INTEGRATOR = "integrator";

/** An endpoint that is told of new and changed records: its id, secret and public key. */
async function endpoint(t, url, more = {}) {
  const input = { url, eventTypes: ["record.created", "record.updated"], ...more };
  const { createWebhookEndpoint } = await ask(
    `mutation ($input: CreateWebhookEndpointInput!) {
       createWebhookEndpoint(input: $input) { webhookEndpoint { id publicKey } secret userErrors { code path message } }
     }`,
    { input },
    INTEGRATOR,
  );
  assert.deepEqual(createWebhookEndpoint.userErrors, []);
  const { webhookEndpoint: { id, publicKey }, secret } = createWebhookEndpoint;
  t.after(() => ask(`mutation ($id: ID!) { deleteWebhookEndpoint(input: { id: $id }) { userErrors { code } } }`, { id }, INTEGRATOR));
  return { id, secret, publicKey };
}

/** Puts a product into the catalogue, and gives its id. */
async function create() {
  const code = crypto.randomUUID();
  const { createProduct } = await ask(
    `mutation ($input: CreateProductInput!) { createProduct(input: $input) { product { id } userErrors { code } } }`,
    { input: { code, name: code } },
    INTEGRATOR,
  );
  return createProduct.product.id;
}

/** A new product that is called something else. */
async function product() {
  const id = await create();
  await ask(
    `mutation ($input: UpdateProductInput!) { updateProduct(input: $input) { userErrors { code } } }`,
    { input: { id, name: `Product ${crypto.randomUUID()}` } },
    INTEGRATOR,
  );
  return { id };
}

/** Two products that come and go; nobody else takes anything away. What an endpoint is told of that, in whatever order. */
async function gone() {
  const ids = [await create(), await create()];
  for (const id of ids)
    await ask(`mutation ($id: ID!) { deleteProduct(input: { id: $id }) { userErrors { code } } }`, { id }, INTEGRATOR);
  return ids.map((id) => `record.deleted ${id} 2`);
}

/** A receiver in this process: what came, and the answers it gives. */
async function receiver(t, answer = () => 204) {
  const { items, put, upTo } = arrivals();
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    put({ headers: request.headers, body });
    response.writeHead(answer(items.length)).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${server.address().port}/`, items, upTo };
}

/** A program of the examples: its lines, the address that it names in the first, and its end. */
async function program(t, command, args, options) {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill());
  const { items, put, upTo } = arrivals();
  createInterface(child.stdout).on("line", put);
  let complaints = "";
  child.stderr.on("data", (data) => (complaints += data));
  const ended = once(child, "close");
  await upTo(1);
  return {
    url: items[0].replace("receiving at ", ""),
    items,
    upTo,
    end: async () => assert.deepEqual(await within(ended, "the example to end"), [0, null], complaints),
  };
}

/** A free port, for a program whose secret is known only once its address is. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** An example, from the endpoint to its end: it must print two messages, once each. */
async function receives(t, start, more) {
  const port = await freePort();
  const { secret, publicKey } = await endpoint(t, `http://127.0.0.1:${port}/`, { eventTypes: ["record.deleted"], ...more });
  const example = await program(t, ...(await start(port, secret ?? publicKey)));
  const lines = await gone();
  await example.end();
  assert.deepEqual(example.items.slice(1).sort(), lines.sort());
}

test("a message is what the library of the specification verifies", async (t) => {
  const { url, items, upTo } = await receiver(t);
  const { secret } = await endpoint(t, url);
  const { id } = await product();
  const own = () => items.filter(({ body }) => body.includes(id));
  for (let count = 1; own().length < 2; count++) await upTo(count);
  const [created, updated] = own().map(({ headers, body }) => new Webhook(secret).verify(body, headers));
  assert.deepEqual(created.data, { id, version: 1, changedFields: [] });
  assert.deepEqual(updated.data, { id, version: 2, changedFields: ["name"] });
  const [{ headers, body }] = own();
  const wrong = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  for (const attempt of [
    () => new Webhook(wrong).verify(body, headers),
    () => new Webhook(secret).verify(`${body} `, headers),
    () => new Webhook(secret).verify(body, { ...headers, "webhook-id": "evt_other" }),
    () => new Webhook(secret).verify(body, { ...headers, "webhook-timestamp": String(Number(headers["webhook-timestamp"]) - 600) }),
  ])
    assert.throws(attempt, WebhookVerificationError);
});

test("after a rotation both secrets verify", async (t) => {
  const { url, items, upTo } = await receiver(t);
  const { id: endpointId, secret: old } = await endpoint(t, url);
  const { rotateWebhookSecret } = await ask(
    `mutation ($id: ID!) { rotateWebhookSecret(input: { id: $id }) { secret userErrors { code } } }`,
    { id: endpointId },
    INTEGRATOR,
  );
  const { id } = await product();
  const own = () => items.find(({ body }) => body.includes(id));
  for (let count = 1; !own(); count++) await upTo(count);
  const { headers, body } = own();
  assert.notEqual(rotateWebhookSecret.secret, old);
  for (const secret of [old, rotateWebhookSecret.secret]) assert.equal(new Webhook(secret).verify(body, headers).data.id, id);
});

test("what was not taken comes again under the same id", async (t) => {
  const { url, items, upTo } = await receiver(t, (count) => (count === 1 ? 500 : 204));
  const { id, secret } = await endpoint(t, url, { eventTypes: ["record.deleted"] });
  await ask(`mutation ($id: ID!) { testWebhookEndpoint(input: { id: $id }) { userErrors { code } } }`, { id }, INTEGRATOR);
  await upTo(2);
  const [first, second] = items.map(({ headers, body }) => ({ id: headers["webhook-id"], message: new Webhook(secret).verify(body, headers) }));
  assert.deepEqual(first, second);
  assert.equal(first.message.type, "webhook.test");
});

test("typescript", async (t) => {
  const app = join(web, ".build/examples/webhook");
  rmSync(app, { recursive: true, force: true });
  mkdirSync(join(app, "src"), { recursive: true });
  for (const file of ["package.json", "tsconfig.json", "src/webhook.ts"]) cpSync(join(repository, "examples/typescript", file), join(app, file));
  const { dependencies } = JSON.parse(readFileSync(join(app, "package.json"), "utf8"));
  assert.equal(dependencies.standardwebhooks, JSON.parse(readFileSync(join(web, "package.json"), "utf8")).devDependencies.standardwebhooks);
  await runBin("tsc", [], { cwd: app });
  const start = async (port, secret) => [
    process.execPath,
    ["build/webhook.js", String(port), "2"],
    { cwd: app, env: { ...process.env, WEBHOOK_SECRET: secret } },
  ];
  await t.test("HMAC", (t) => receives(t, start));
  await t.test("Ed25519", (t) => receives(t, start, { scheme: "ED25519" }));
});

if (noPython) console.error(noPython);

test("python", { skip: noPython }, async (t) => {
  const start = async (port, secret) => [
    await python(),
    ["webhook.py", String(port), "2"],
    { cwd: join(repository, "examples/python"), env: { ...process.env, WEBHOOK_SECRET: secret, PYTHONDONTWRITEBYTECODE: "1" } },
  ];
  await receives(t, start);
});
