// HTTP/2, as a proxy speaks it to the server: many requests on one line, and a broken one that leaves the others alone.
import assert from "node:assert/strict";
import { once } from "node:events";
import http2 from "node:http2";
import test from "node:test";
import { bearer, free, url } from "./support/journey.js";
import { within } from "./support/within.js";

async function post(session, body, headers = {}) {
  const stream = session.request({
    ":method": "POST",
    ":path": "/graphql",
    "content-type": "application/json",
    accept: "application/graphql-response+json",
    authorization: bearer(),
    ...headers,
  });
  stream.end(body);
  const [answer] = await within(once(stream, "response"), "an answer");
  let text = "";
  for await (const piece of stream.setEncoding("utf8")) text += piece;
  return { status: answer[":status"], json: JSON.parse(text) };
}

test("a hundred requests at once on one line, every tenth of them bad", async () => {
  const session = http2.connect(url);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) => post(session, n % 10 ? `{"query":"{ me { roles } a${n}: __typename }"}` : "garbage")),
  );
  answers.forEach(({ status, json }, n) => {
    if (n % 10) assert.deepEqual([status, free(json)], [200, { data: { me: { roles: ["SALES"] }, [`a${n}`]: "Query" } }]);
    else assert.deepEqual([status, json.errors[0].extensions.code], [400, "BAD_USER_INPUT"]);
  });
  session.close();
  await once(session, "close");
});
