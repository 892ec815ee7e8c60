// Relay's compiler takes the whole schema, and the contract of every role that may use what the app asks for.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { repository, runBin, web } from "./support/journey.js";

for (const schema of ["schema.graphql", ...["marketing", "sales", "manager", "admin"].map((role) => `schema/${role}.graphql`)]) {
  test(`relay-compiler accepts ${schema}`, async (t) => {
    const app = mkdtempSync(join(tmpdir(), "journey-relay-"));
    t.after(() => rmSync(app, { recursive: true }));
    cpSync(join(web, "tests/relay"), join(app, "src"), { recursive: true });
    cpSync(join(repository, schema), join(app, "schema.graphql"));
    const config = { src: "./src", schema: "./schema.graphql", language: "typescript", eagerEsModules: true };
    writeFileSync(join(app, "relay.config.json"), JSON.stringify(config));

    await runBin("relay-compiler", ["relay.config.json"], { cwd: app });

    assert.deepEqual(readdirSync(join(app, "src/__generated__")).sort(), [
      "accountContactsPageQuery.graphql.ts",
      "accountHeaderRefetchQuery.graphql.ts",
      "accountListQuery.graphql.ts",
      "accountLiveSubscription.graphql.ts",
      "accountPageQuery.graphql.ts",
      "accountRenameMutation.graphql.ts",
      "accountTimelinePageQuery.graphql.ts",
      "account_contacts.graphql.ts",
      "account_event.graphql.ts",
      "account_header.graphql.ts",
      "account_timeline.graphql.ts",
    ]);
  });
}
