// Whatever a client sends, it gets the specification's answer, and nobody else notices.
//
// Through each test a second caller keeps asking: every one of its answers must be right.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import net from "node:net";
import test, { afterEach, beforeEach } from "node:test";
import { ask, bearer, graphql, post, token, url } from "./support/journey.js";
import { within } from "./support/within.js";

let bystander;

beforeEach(() => {
  let over = false;
  let answers = 0;
  const asking = (async () => {
    do {
      const { accounts } = await ask(`{ accounts(filter: { name: { contains: "Alpenland" } }) { nodes { name } } }`, {}, "service");
      assert.deepEqual(accounts.nodes, [{ name: "Molkerei Alpenland AG" }]);
      answers += 1;
    } while (!over);
    return answers;
  })();
  bystander = { end: () => ((over = true), asking) };
});

afterEach(async () => assert.ok((await within(bystander.end(), "the second caller")) > 0));

// -- documents and variables

const named = (names) => `query ($n: String) { accounts(filter: { name: { contains: ${names} } }) { totalCount } }`;
const paged = `query ($n: Int) { accounts(first: $n) { nodes { id } } }`;

const refused = {
  "no body": ["", /not valid JSON/],
  "half a body": ['{"query":"{ me { ro', /not valid JSON/],
  "bytes that are not UTF-8": [Buffer.from('{"query":"{ me { roles } } # \xff"}', "latin1"), /not valid JSON/],
  "a lone surrogate in JSON": [`{"query":${JSON.stringify(named("$n"))},"variables":{"n":"\\ud800"}}`, /not valid JSON/],
  "a lone surrogate in the document": [{ query: named('"\\ud800"') }, /expected/],
  "two surrogates as escapes": [{ query: named('"\\ud83d\\udeb2"') }, /expected/],
  "a code point that there is not": [{ query: named('"\\u{110000}"') }, /expected/],
  "a number without end in JSON": [`{"query":${JSON.stringify(paged)},"variables":{"n":1e999}}`, /number out of range/],
  "JSON nested 100,000 deep": [`{"query":"{ me { roles } }","variables":${"[".repeat(100_000)}`, /recursion limit/],
  "a list": ["[]", /Batches are not supported/],
  "null": ["null", /JSON object/],
  "a text": ['"{ me { roles } }"', /JSON object/],
  "no query": [{}, /needs a `query`/],
  "a query that is a number": [{ query: 7 }, /`query` must be a string/],
  "an empty query": [{ query: "" }, /expected/],
  "half a query": [{ query: "{ me {" }, /expected/],
  "the same operation twice": [{ query: "query A { me { roles } } query A { me { roles } }" }, /operation A is defined twice/],
  "two operations and no name": [{ query: "query A { me { roles } } query B { me { roles } }" }, /say which/],
  "a name of no operation": [{ query: "query A { me { roles } }", operationName: "B" }, /no operation named/],
  "a missing variable": [{ query: "query ($id: ID!) { node(id: $id) { id } }" }, /`\$id` of type `ID!` needs a value/],
  "a variable that is not declared": [{ query: "{ node(id: $id) { id } }" }, /id/],
  "an integer above 2³¹": [{ query: paged, variables: { n: 2 ** 31 } }, /The value of `\$n` is no `Int`/],
  "an integer of 400 digits": [{ query: `{ accounts(first: ${"9".repeat(400)}) { nodes { id } } }` }, /number/],
  "an integer as text": [{ query: paged, variables: { n: "10" } }, /Int/],
  "a fragment in itself": [{ query: "{ me { ...F } } fragment F on Me { ...F }" }, /spread themselves/],
  "a field that there is not": [{ query: "{ secrets }" }, /Unknown field/],
};

for (const [what, [body, message]] of Object.entries(refused)) {
  test(`${what} is refused with 400`, async () => {
    const { status, json } = await post(body);
    assert.equal(status, 400);
    assert.equal(json.data, undefined);
    assert.match(json.errors[0].message, message);
    assert.equal(json.errors[0].extensions.code, "BAD_USER_INPUT");
  });
}

test("fragments that double thirty times over are refused at once", async () => {
  const fragments = Array.from({ length: 30 }, (_, n) => `fragment F${n} on Me { ...F${n + 1} ...F${n + 1} }`).join(" ");
  const { status, json } = await within(post({ query: `{ me { ...F0 } } ${fragments} fragment F30 on Me { roles }` }), "the refusal", 5_000);
  assert.deepEqual([status, json.errors[0].extensions.code], [400, "COST_EXCEEDED"]);
});

for (const [what, query] of Object.entries({
  "1,000 aliases": `{ ${Array.from({ length: 1_000 }, (_, n) => `a${n}: me { roles }`).join(" ")} }`,
  "brackets nested 10,000 deep": `${"{ me ".repeat(10_000)}${"}".repeat(10_000)}`,
  "lists nested 10,000 deep": `{ nodes(ids: ${"[".repeat(10_000)}${"]".repeat(10_000)}) { id } }`,
  "a document of 100 kB": `{ me { roles } } # ${"x".repeat(100_000)}`,
})) {
  test(`${what} cost too much`, async () => {
    const { status, json } = await post({ query });
    assert.deepEqual([status, json.errors[0].extensions.code], [400, "COST_EXCEEDED"]);
  });
}

test("a document of 10 MB is refused with 413, which the client reads", async () => {
  const { status, json } = await post({ query: `{ me { roles } } # ${"x".repeat(10 << 20)}` });
  assert.equal(status, 413);
  assert.match(json.errors[0].message, /1048576/);
});

test("a query of 10 MB in the address is refused", async () => {
  const answer = await sent(`GET /graphql?query=${"x".repeat(10 << 20)} HTTP/1.1\r\nhost: x\r\nauthorization: ${bearer()}\r\n\r\n`);
  assert.match(answer, /^$|^HTTP\/1.1 4(14|31) /);
});

const create = `mutation ($name: String!) { createAccount(input: { name: $name }) { account { name } userErrors { code path } } }`;

test("every character comes back as it was sent", async () => {
  const name = `Ä 🚲 \u2028 " \\ ' \\u0041 </script> ${String.fromCodePoint(0x10ffff)}`;
  assert.deepEqual(await ask(create, { name }), { createAccount: { account: { name }, userErrors: [] } });
  const inline = create.replace("($name: String!)", "").replace("$name", JSON.stringify(name));
  assert.deepEqual(await ask(inline), { createAccount: { account: { name }, userErrors: [] } });
});

for (const [what, character] of Object.entries({ "a NUL": "\u0000", "a line break": "\n", "a delete": "\u007f" })) {
  test(`${what} in a name is refused, and nothing is written`, async () => {
    const mark = randomBytes(8).toString("hex");
    const { createAccount } = await ask(create, { name: `${mark}${character}${mark}` });
    assert.deepEqual(createAccount, { account: null, userErrors: [{ code: "INVALID", path: ["name"] }] });
    assert.deepEqual(await ask(named(`"${mark}"`).replace("($n: String)", "")), { accounts: { totalCount: 0 } });
  });
}

// -- requests

for (const type of ["text/plain", "application/graphql", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""]) {
  test(`the content type "${type}" is refused with 415`, async () => {
    const { status, json } = await post({ query: "mutation { __typename }" }, { headers: { "content-type": type } });
    assert.deepEqual([status, json.errors[0].extensions.code], [415, "BAD_USER_INPUT"]);
  });
}

for (const charset of ["utf-16", "latin1"]) {
  test(`a body in ${charset} is refused with 415`, async () => {
    const { status } = await post({ query: "{ me { roles } }" }, { headers: { "content-type": `application/json; charset=${charset}` } });
    assert.equal(status, 415);
  });
}

for (const method of ["PUT", "DELETE", "PATCH", "TRACE1"]) {
  test(`${method} is refused with 405`, async () => {
    const answer = await sent(`${method} /graphql HTTP/1.1\r\nhost: x\r\nauthorization: ${bearer()}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1.1 405 .*^allow: GET, ?(HEAD, ?)?POST/ims);
  });
}

test("a mutation by GET is refused with 405", async () => {
  const response = await fetch(`${graphql}?query=${encodeURIComponent("mutation { __typename }")}`, { headers: { authorization: bearer() } });
  assert.deepEqual([response.status, response.headers.get("allow")], [405, "POST"]);
});

test("what no client can read is refused with 406", async () => {
  const { status } = await post({ query: "{ me { roles } }" }, { headers: { accept: "image/png" } });
  assert.equal(status, 406);
});

for (const [what, value] of Object.entries({
  "none": undefined,
  "a wrong one": `Bearer ${token()}x`,
  "another scheme": `Basic ${token()}`,
  "one of 50 kB": `Bearer ${"x".repeat(50_000)}`,
  "one without an algorithm": `Bearer ${Buffer.from('{"alg":"none"}').toString("base64url")}.${token().split(".")[1]}.`,
})) {
  test(`a token (${what}) is refused with 401 before anything else is read`, async () => {
    const headers = { "content-type": "text/plain", ...(value && { authorization: value }) };
    const response = await fetch(graphql, { method: "POST", headers, body: "garbage" });
    const { errors } = await response.json();
    assert.deepEqual([response.status, errors[0].extensions.code], [401, "UNAUTHENTICATED"]);
    assert.equal(errors[0].message, "A valid bearer token is needed.");
  });
}

// -- bytes

/** What comes back for raw bytes, until the server closes. */
async function sent(...pieces) {
  const line = net.connect(Number(new URL(url).port), "127.0.0.1");
  let answer = "";
  line.setEncoding("latin1").on("data", (data) => (answer += data));
  line.on("error", () => {});
  for (const piece of pieces) line.write(piece);
  await within(new Promise((closed) => line.on("close", closed)), "the server to close", 40_000);
  return answer;
}

const head = (more) => `POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: ${bearer()}\r\ncontent-type: application/json\r\n${more}\r\n\r\n`;

for (const [what, bytes] of Object.entries({
  "no HTTP": "garbage\r\n\r\n",
  "a version that there is not": "GET / HTTP/9.9\r\n\r\n",
  "a handshake of TLS": Buffer.from("16030100a5010000a1030300", "hex"),
  "random bytes": Buffer.concat([Buffer.from([0]), randomBytes(4_000)]),
  "a header line without end": `GET / HTTP/1.1\r\nx: ${"y".repeat(2 << 20)}`,
  "100,000 headers": `GET / HTTP/1.1\r\n${"x: y\r\n".repeat(100_000)}\r\n`,
  "a length that is no number": head("content-length: many"),
  "a length below zero": head("content-length: -1"),
  "two lengths": head("content-length: 2\r\ncontent-length: 4"),
  "a chunk that is none": `${head("transfer-encoding: chunked")}zz\r\n`,
})) {
  test(`${what}: 4xx, or the line is closed`, async () => {
    assert.match(await sent(bytes), /^$|^HTTP\/1.[01] 4\d\d /);
  });
}

test("half requests end in their time: 408, or the line is closed", async () => {
  const halves = ["", "POST /gra", "POST /graphql HTTP/1.1\r\nhost: x\r\nauthor", `${head("content-length: 100")}{"query":`];
  const answers = await Promise.all(Array.from({ length: 25 }, () => halves).flat().map((half) => sent(half)));
  for (const answer of answers) assert.match(answer, /^$|^HTTP\/1.1 408 /);
  assert.match(answers[3], /^HTTP\/1.1 408 .*"BAD_USER_INPUT"/s);
});

test("a client that goes away in the middle of its answer harms nobody", async () => {
  const body = JSON.stringify({ query: "{ accounts(first: 100) { nodes { timeline(first: 20) { nodes { title } } } } }" });
  for (let turn = 0; turn < 20; turn++) {
    const line = net.connect(Number(new URL(url).port), "127.0.0.1");
    await once(line, "connect");
    line.write(`${head(`content-length: ${Buffer.byteLength(body)}`)}${body}`);
    line.resetAndDestroy();
    await once(line, "close");
  }
});

// -- frames

/** A frame of a client, by hand: masked, as it must be, unless told otherwise. */
function frame(opcode, payload, { fin = 1, rsv = 0, masked = 1 } = {}) {
  const data = Buffer.from(payload);
  const length = data.length < 126 ? [data.length] : [126, data.length >> 8, data.length & 255];
  const mask = [7, 11, 13, 17];
  return Buffer.concat([
    Buffer.from([(fin << 7) | (rsv << 4) | opcode, (masked << 7) | length[0], ...length.slice(1), ...(masked ? mask : [])]),
    masked ? data.map((byte, at) => byte ^ mask[at % 4]) : data,
  ]);
}

/** The close code that the server answers raw frames with. */
async function closedBy(...frames) {
  const handshake = [
    "GET /graphql HTTP/1.1",
    "host: x",
    "connection: upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    `sec-websocket-key: ${randomBytes(16).toString("base64")}`,
    "sec-websocket-protocol: graphql-transport-ws",
  ].join("\r\n");
  const answer = Buffer.from(await sent(`${handshake}\r\n\r\n`, ...frames), "latin1");
  const rest = answer.subarray(answer.indexOf("\r\n\r\n") + 4);
  assert.match(answer.toString("latin1"), /^HTTP\/1.1 101 /);
  assert.equal(rest[0], 0x88);
  return rest.readUInt16BE(2);
}

const foul = {
  "an unmasked frame": [1002, frame(1, "{}", { masked: 0 })],
  "an opcode that there is not": [1002, frame(3, "x")],
  "a reserved bit": [1002, frame(1, "{}", { rsv: 4 })],
  "a ping in pieces": [1002, frame(9, "x", { fin: 0 })],
  "a ping of 200 bytes": [1002, frame(9, "x".repeat(200))],
  "a piece of nothing": [1002, frame(0, "x")],
  "a text within a text": [1002, frame(1, "{", { fin: 0 }), frame(1, "}")],
  "text that is not UTF-8": [1007, frame(1, Buffer.from([0xff, 0xfe]))],
  "a text of 2⁶³ bytes": [1009, Buffer.from([0x81, 0xff, 0x7f, ...Array(7).fill(0xff), 7, 11, 13, 17])],
};

for (const [what, [code, ...frames]] of Object.entries(foul)) {
  test(`${what} closes the socket with ${code}`, async () => assert.equal(await closedBy(...frames), code));
}
