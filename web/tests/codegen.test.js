// GraphQL Code Generator's client preset, for the contract of every role; `tsc --strict` takes what it makes.
//
// The documents are the ones that the docs give each role, and an app of our own (codegen/desk.ts). A document
// in the docs that the role's contract does not allow fails here.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { before } from "node:test";
import { repository, runBin, web } from "./support/journey.js";

const SHARED = ["docs/frontends.md", "Shared by all desks"];
const DOCUMENTS = {
  marketing: [SHARED, ["docs/desks/marketing.md"]],
  sales: [SHARED, ["docs/desks/sales.md"]],
  service: [SHARED, ["docs/desks/service.md"]],
  technical: [SHARED],
  manager: [SHARED],
  admin: [SHARED],
  integrator: [],
  analyst: [],
};
const EVERYBODY = `query Me { me { roles whatMayI { type scope class read write } } serviceConfig { maxPageSize maxComplexity } }`;

/** The GraphQL of a page of the docs, or of one section of it. */
function documents([page, section]) {
  const text = readFileSync(join(repository, page), "utf8");
  const part = section ? text.split(/^## /m).find((part) => part.startsWith(`${section}\n`)) : text;
  assert.ok(part, `${page} has no section "${section}"`);
  return [...part.matchAll(/^```graphql\n(.*?)^```/gms)].map((match) => match[1]).join("\n");
}

const build = join(web, ".build/codegen");
const withAccounts = (role) => role !== "analyst";

before(() => {
  rmSync(build, { recursive: true, force: true });
  const generates = {};
  for (const [role, pages] of Object.entries(DOCUMENTS)) {
    mkdirSync(join(build, role), { recursive: true });
    writeFileSync(join(build, role, "docs.graphql"), [EVERYBODY, ...pages.map(documents)].join("\n"));
    if (withAccounts(role)) cpSync(join(web, "tests/codegen/desk.ts"), join(build, role, "desk.ts"));
    generates[`${role}/generated/`] = {
      preset: "client",
      schema: join(repository, `schema/${role}.graphql`),
      documents: [`${role}/docs.graphql`, ...(withAccounts(role) ? [`${role}/desk.ts`] : [])],
      presetConfig: { fragmentMasking: { unmaskFunctionName: "useFragment" } },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        scalars: { DateTime: "string", NaiveDate: "string", Decimal: "string", JSON: "unknown", ID: "string" },
      },
    };
  }
  writeFileSync(join(build, "codegen.json"), JSON.stringify({ generates, importExtension: ".js", emitLegacyCommonJSImports: false }));
  writeFileSync(
    join(build, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        verbatimModuleSyntax: true,
        target: "es2022",
        module: "nodenext",
        types: [],
        noEmit: true,
      },
      include: ["*/generated/*.ts", "*/desk.ts"],
    }),
  );
  writeFileSync(join(build, "package.json"), `{ "type": "module" }`);
});

test("every role's contract gives types that tsc --strict takes", async () => {
  await runBin("graphql-codegen", ["--config", "codegen.json"], { cwd: build });
  for (const role of Object.keys(DOCUMENTS)) {
    assert.match(readFileSync(join(build, role, "generated/graphql.ts"), "utf8"), /export type MeQuery = /);
  }
  await runBin("tsc", ["--project", "."], { cwd: build });
});
