// Keeps a copy of a tenant in a file: a snapshot first, then whatever changes. Needs nothing but Node.
//
//   npm run feed -- copy.json            until Ctrl-C
//   npm run feed -- copy.json --once     up to now
//
// Stop it wherever you like: the copy and its cursor are one file, which is replaced as a whole.
import { open, readFile, rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const url = `${process.env.JOURNEY_URL ?? "http://127.0.0.1:8080"}/graphql`;

// What is copied: the list, the type of its records, its name in the feed, and the fields. Names that mean another type elsewhere are
// called differently here: all of these stand in one document.
const copied = [
  ["accounts", "Account", "ACCOUNT", "name legalName tier country lifecycleStage annualRevenue { amount currency } owner { id }"],
  ["contacts", "Contact", "CONTACT", "givenName familyName jobTitle lifecycleStage account { id } owner { id }"],
  ["leads", "Lead", "LEAD", "leadStatus: status score account { id } contact { id } owner { id }"],
  ["opportunities", "Opportunity", "OPPORTUNITY", "name stage amount { amount currency } closeDate account { id } owner { id }"],
  ["products", "Product", "PRODUCT", "code name"],
  ["assets", "Asset", "ASSET", "name serial account { id } product { id }"],
  ["tickets", "Ticket", "TICKET", "number subject ticketStatus: status account { id } contact { id } asset { id } owner { id }"],
] as const;
const fragment = (name: string, fields: string) => `fragment ${name}Copied on ${name} { id version ${fields} }`;

const changes = `
query Changes($after: String, $entities: [FeedEntity!]) {
  changes(after: $after, entities: $entities, first: 200) {
    nodes { id record { __typename ${copied.map(([, name]) => `...${name}Copied`).join(" ")} } }
    endCursor
    hasNextPage
  }
}
${copied.map(([, name, , fields]) => fragment(name, fields)).join("\n")}`;

type Row = { id: string; version: number; [field: string]: unknown };
type Copy = { cursor: string; rows: Record<string, Row> };
type Change = { id: string; record: Row | null };
type List = { nodes: Row[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };

/** What the server said, with its code. */
class Refused extends Error {
  constructor(
    message: string,
    readonly code?: string,
  ) {
    super(message);
  }
}

/** The answer. While the server is away, it waits: nothing is lost by that. */
async function ask<Data>(query: string, variables: object = {}): Promise<Data> {
  for (;;) {
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${process.env.JOURNEY_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(60_000),
    }).catch(() => undefined);
    const answer = response && ![429, 500, 502, 503, 504].includes(response.status) ? await response.json().catch(() => undefined) : undefined;
    if (!answer) {
      await sleep(1_000);
      continue;
    }
    const { data, errors } = answer as { data: Data; errors?: { message: string; extensions?: { code?: string } }[] };
    // Half an answer is none: what is missing would look as if it were gone.
    if (errors?.[0]) throw new Refused(errors[0].message, errors[0].extensions?.code);
    return data;
  }
}

/** Everything, and the cursor from which the feed brings what changed meanwhile. */
async function snapshot(): Promise<Copy> {
  // First the cursor, then the lists. The other way round, what changes in between would be missed.
  const { feed } = await ask<{ feed: { position: string } }>("{ feed { position } }");
  const rows: Copy["rows"] = {};
  for (const [field, name, , fields] of copied) {
    const query = `query ($after: String) { list: ${field}(first: 100, after: $after) { nodes { ...${name}Copied } pageInfo { hasNextPage endCursor } } }
      ${fragment(name, fields)}`;
    let page: List["pageInfo"] = { hasNextPage: true, endCursor: null };
    while (page.hasNextPage) {
      const { list }: { list: List } = await ask<{ list: List }>(query, { after: page.endCursor });
      for (const row of list.nodes) rows[row.id] = { __typename: name, ...row };
      page = list.pageInfo;
    }
  }
  return { cursor: feed.position, rows };
}

/** Puts the record as it is now in the place of what is held: done twice, it does no harm. */
function apply(rows: Copy["rows"], { id, record }: Change): void {
  if (record) {
    rows[id] = record;
    return;
  }
  delete rows[id];
  // Nothing refers to what is gone.
  for (const row of Object.values(rows))
    for (const [field, value] of Object.entries(row))
      if (typeof value === "object" && value && "id" in value && value.id === id) row[field] = null;
}

/** The old file, or the new one: never half of it. */
async function save(path: string, copy: Copy): Promise<void> {
  const file = await open(`${path}.new`, "w");
  await file.writeFile(JSON.stringify(copy, null, 1));
  await file.sync();
  await file.close();
  await rename(`${path}.new`, path);
}

async function read(path: string): Promise<Copy> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Copy;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return snapshot();
  }
}

const [path = "copy.json", once] = process.argv.slice(2);
let copy = await read(path);
await save(path, copy);
const entities = copied.map(([, , entity]) => entity);
for (;;) {
  type Page = { nodes: Change[]; endCursor: string; hasNextPage: boolean };
  let page: Page;
  try {
    page = (await ask<{ changes: Page }>(changes, { after: copy.cursor, entities })).changes;
  } catch (error) {
    // The feed is no longer kept that far back, or was read with other rights: from the beginning.
    if (!(error instanceof Refused) || !["CURSOR_EXPIRED", "RIGHTS_CHANGED"].includes(error.code ?? "")) throw error;
    copy = await snapshot();
    await save(path, copy);
    continue;
  }
  for (const change of page.nodes) apply(copy.rows, change);
  if (page.endCursor !== copy.cursor) {
    copy.cursor = page.endCursor;
    await save(path, copy);
    console.log(`${page.nodes.length} changes, ${Object.keys(copy.rows).length} records`);
  }
  if (page.hasNextPage) continue;
  if (once === "--once") break;
  await sleep(1_000);
}
