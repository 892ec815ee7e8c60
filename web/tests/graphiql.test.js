// GraphiQL as the binary serves it, in a real browser: it runs a query and shows the answer, and it keeps to itself.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after, before } from "node:test";
import { launch, missing, openPage } from "./support/browser.js";
import { bearer, change, free, liveCursor, newAccount, token, url } from "./support/journey.js";

if (missing) console.error(missing);
const skip = missing;

let browser;
before(async () => {
  if (!skip) browser = await launch();
});
after(() => browser?.close());

/** The page, opened by the link that the demo prints; the test fails for whatever goes wrong on it. */
async function graphiql(t, { hash = `#token=${token()}`, allowed = () => false } = {}) {
  const { page, wrongs } = await openPage(browser, url);
  t.after(async () => {
    await page.close();
    assert.deepEqual(wrongs.filter((wrong) => !allowed(wrong)), []);
  });
  await page.goto(`${url}/graphiql${hash}`);
  await page.locator(".graphiql-query-editor .CodeMirror").waitFor();
  const answer = page.locator(".result-window");
  return {
    page,
    state: (text) => page.locator("#state", { hasText: text }).waitFor(),
    /** Writes an operation over what is there; its name on the tab says that GraphiQL has read it. */
    write: async (document) => {
      await page.locator(".graphiql-query-editor .CodeMirror").click();
      await page.keyboard.press("Control+a");
      await page.keyboard.insertText(document);
      await page.getByRole("tab", { name: document.split(" ")[1], exact: true }).waitFor();
    },
    shows: (text) => answer.filter({ hasText: text }).waitFor(),
    answer: async () => JSON.parse(await page.evaluate(() => document.querySelector(".result-window .CodeMirror").CodeMirror.getValue())),
  };
}

test("the link of the demo signs in, and takes the token out of the address", { skip }, async (t) => {
  const { page, state } = await graphiql(t);
  await state("signed in");
  assert.equal(page.url(), `${url}/graphiql/`);
});

test("the welcome query runs by its button", { skip }, async (t) => {
  const { page, state, shows, answer } = await graphiql(t);
  await state("signed in");
  await page.getByRole("button", { name: "Execute query" }).click();
  await shows("queryType");
  const { data } = await answer();
  assert.deepEqual(data.me.roles, ["SALES"]);
  assert.ok(data.__schema.queryType.fields.some((field) => field.name === "accounts" && field.description));
});

test("a query runs by Ctrl-Enter and its answer is shown", { skip }, async (t) => {
  const { page, state, write, shows, answer } = await graphiql(t);
  await state("signed in");
  await write(`query Alpenland { accounts(filter: { name: { contains: "Alpenland" } }) { nodes { name } } }`);
  await page.keyboard.press("Control+Enter");
  await shows("Molkerei Alpenland AG");
  assert.deepEqual(free(await answer()), { data: { accounts: { nodes: [{ name: "Molkerei Alpenland AG" }] } } });
});

test("the docs open on the caller's own schema", { skip }, async (t) => {
  const { page, state } = await graphiql(t);
  await state("signed in");
  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  const docs = page.locator(".graphiql-doc-explorer");
  await docs.getByRole("link", { name: "Subscription", exact: true }).click();
  await docs.getByText("Every event that is recorded about the subject").waitFor();
});

test("a live timeline runs over a socket", { skip }, async (t) => {
  const { id } = await newAccount("Browser GmbH");
  const { page, state, write, shows } = await graphiql(t);
  await state("signed in");
  const from = `subject: "${id}", after: "${await liveCursor(id)}", filter: { minImportance: 0 }`;
  await write(`subscription Live { timelineChanged(${from}) { event { kind title } } }`);
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "Stop query" }).waitFor();
  await change(id);
  await shows("record.updated");
});

test("the schema is given as a file", { skip }, async (t) => {
  const { page, state } = await graphiql(t);
  await state("signed in");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Schema" }).click()]);
  assert.equal(download.suggestedFilename(), "schema.graphql");
  const own = await (await fetch(`${url}/schema.graphql`, { headers: { authorization: bearer() } })).text();
  assert.equal(readFileSync(await download.path(), "utf8"), own);
});

test("another token has another schema", { skip }, async (t) => {
  const { page, state, write, shows } = await graphiql(t, { allowed: (wrong) => /status of 400/.test(wrong) });
  await state("signed in");
  await page.getByLabel("Access token").fill(`Bearer ${token("analyst")}`);
  await page.keyboard.press("Enter");
  await state("signed in");
  await write(`query Accounts { accounts { nodes { name } } }`);
  await page.keyboard.press("Control+Enter");
  await shows('Unknown field \\"accounts\\"');
});

test("a wrong token is told in words", { skip }, async (t) => {
  const { page, state, shows } = await graphiql(t, { hash: "#token=wrong", allowed: (wrong) => /status of 401/.test(wrong) });
  await state("token refused");
  await shows("A valid bearer token is needed.");
  await page.getByLabel("Access token").fill(token("service"));
  await page.keyboard.press("Enter");
  await state("signed in");
  await page.getByRole("button", { name: "Forget" }).click();
  await state("a token is needed");
});
