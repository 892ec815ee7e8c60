// Receives webhooks: verifies each message, does it once, answers at once. Copy `received`.
//
//   WEBHOOK_SECRET=whsec_… npm run webhook -- 9000          until Ctrl-C
//   WEBHOOK_SECRET=whsec_… npm run webhook -- 9000 3        until three messages are done
//
// WEBHOOK_SECRET is what createWebhookEndpoint told you, or the publicKey (whpk_…) of an endpoint with scheme ED25519.
import { createPublicKey, verify } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { Webhook } from "standardwebhooks";

type Message = { type: string; timestamp: string; data: { id: string; version: number | null; changedFields: string[] } };

const key = process.env.WEBHOOK_SECRET ?? "";
/** Messages come at least once: what is done is remembered by its id. A program that lives longer keeps them where its work is. */
const done = new Set<string>();

/** The message, if it is Journey's and of this moment; else an error. It must be given the very bytes that came. */
function verified(body: string, headers: IncomingHttpHeaders): Message {
  const named = (name: string) => String(headers[name] ?? "");
  const metadata = { "webhook-id": named("webhook-id"), "webhook-timestamp": named("webhook-timestamp"), "webhook-signature": named("webhook-signature") };
  if (!key.startsWith("whpk_")) return new Webhook(key).verify(body, metadata) as Message;
  // The library knows HMAC alone; what it does for Ed25519 is this.
  const age = Math.abs(Date.now() / 1000 - Number(metadata["webhook-timestamp"]));
  if (!(age <= 300)) throw new Error("Message timestamp too old or too new");
  const raw = Buffer.from(key.slice("whpk_".length), "base64").toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw }, format: "jwk" });
  const signed = Buffer.from(`${metadata["webhook-id"]}.${metadata["webhook-timestamp"]}.${body}`);
  for (const signature of metadata["webhook-signature"].split(" ")) {
    const [version, value] = signature.split(",");
    if (version === "v1a" && value && verify(null, signed, publicKey, Buffer.from(value, "base64"))) return JSON.parse(body) as Message;
  }
  throw new Error("No matching signature found");
}

/** What to answer. 2xx: never again. Anything else: Journey comes back. */
function received(body: string, headers: IncomingHttpHeaders): number {
  let message: Message;
  try {
    message = verified(body, headers);
  } catch (error) {
    console.log(`refused: ${(error as Error).message}`);
    return 400;
  }
  const id = String(headers["webhook-id"]);
  if (done.has(id)) return 204;
  // Here the work goes: quickly, or into a queue. To learn the record's state, ask for data.id.
  const { type, data } = message;
  console.log(`${type} ${data.id} ${data.version ?? "-"} ${data.changedFields.join(",")}`.trimEnd());
  done.add(id);
  return 204;
}

const [port = "9000", most] = process.argv.slice(2);
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > 64 * 1024) request.destroy();
    else chunks.push(chunk);
  });
  request.on("end", () => {
    response.writeHead(received(Buffer.concat(chunks).toString(), request.headers)).end(() => {
      if (most && done.size >= Number(most)) server.close().closeAllConnections();
    });
  });
});
server.listen(Number(port), "127.0.0.1", () => {
  const address = server.address();
  console.log(`receiving at http://127.0.0.1:${typeof address === "object" && address ? address.port : port}/`);
});
