// A line to the server that a test can cut.
import { once } from "node:events";
import net from "node:net";

/** A relay on a port of its own. `cut` breaks every connection, without a farewell; new ones are taken. */
export async function line(to) {
  const { hostname, port } = new URL(to);
  const open = new Set();
  let cuts = 0;
  const relay = net.createServer((near) => {
    const far = net.connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => {});
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  relay.listen(0, "127.0.0.1");
  await once(relay, "listening");
  const cut = () => {
    cuts += 1;
    open.forEach((one) => one.resetAndDestroy());
  };
  return {
    url: `http://127.0.0.1:${relay.address().port}`,
    cut,
    get cuts() {
      return cuts;
    },
    close: async () => {
      cut();
      relay.close();
      await once(relay, "close");
    },
  };
}
