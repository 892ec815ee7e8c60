// What each role's tools are told is a valid schema, and the same by both ways of asking.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import {
  buildClientSchema,
  buildSchema,
  getIntrospectionQuery,
  lexicographicSortSchema,
  LoneAnonymousOperationRule,
  parse,
  printSchema,
  specifiedRules,
  UniqueOperationNamesRule,
  validate,
  validateSchema,
} from "graphql";
import { ask, bearer, repository, url } from "./support/journey.js";

const ROLES = ["marketing", "sales", "service", "technical", "manager", "analyst", "integrator", "admin"];

for (const role of ROLES) {
  test(`the schema of ${role} is valid, as text and by introspection`, async () => {
    const response = await fetch(`${url}/schema.graphql`, { headers: { authorization: bearer(role) } });
    assert.equal(response.status, 200);
    const printed = buildSchema(await response.text());
    assert.deepEqual(validateSchema(printed), []);

    // what the text leaves out (descriptions of the schema, where scalars are specified) is not asked for
    const options = { directiveIsRepeatable: true, inputValueDeprecation: true, oneOf: true };
    const told = buildClientSchema(await ask(getIntrospectionQuery(options), {}, role));
    assert.deepEqual(validateSchema(told), []);
    assert.equal(printSchema(lexicographicSortSchema(told)), printSchema(lexicographicSortSchema(printed)));
  });
}

// -- the documents in the docs

const whole = buildSchema(readFileSync(join(repository, "schema.graphql"), "utf8"));
const pages = ["README.md", ...readdirSync(join(repository, "docs")).filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`)];

/** A block may hold several operations for the reader to choose from. */
const rules = specifiedRules.filter((rule) => ![UniqueOperationNamesRule, LoneAnonymousOperationRule].includes(rule));

for (const page of pages) {
  const documents = [...readFileSync(join(repository, page), "utf8").matchAll(/^```graphql\n(.*?)^```/gms)].map((match) => match[1]);
  if (!documents.length) continue;
  test(`every document in ${page} is one that some role may send`, () => {
    for (const document of documents) assert.deepEqual(validate(whole, parse(document), rules).map(String), [], document);
  });
}
