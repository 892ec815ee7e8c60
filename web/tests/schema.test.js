// What each role's tools are told is a valid schema, and the same by both ways of asking.
import assert from "node:assert/strict";
import test from "node:test";
import { buildClientSchema, buildSchema, getIntrospectionQuery, lexicographicSortSchema, printSchema, validateSchema } from "graphql";
import { ask, bearer, url } from "./support/journey.js";

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
