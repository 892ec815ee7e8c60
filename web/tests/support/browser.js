// A real browser: Debian's Chromium.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PATH = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Why there is none, where there is none. With CI set, that is a failure. */
export const missing = existsSync(PATH) || process.env.CI ? false : `*** ${PATH} is not installed: GraphiQL was NOT opened ***`;

const QUIET = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launch = () => chromium.launch({ executablePath: PATH, args: ["--headless", "--no-sandbox", "--disable-gpu", ...QUIET] });

/** A page, and what went wrong on it: errors, breaches of its policy, requests to anywhere else. */
export async function openPage(browser, origin) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const wrongs = [];
  page.setDefaultTimeout(30_000);
  page.on("pageerror", (error) => wrongs.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) wrongs.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const to = new URL(request.url());
    if (!["data:", "blob:"].includes(to.protocol) && to.host !== new URL(origin).host) wrongs.push(`request: ${to.href}`);
  });
  await page.exposeFunction("breach", (what) => wrongs.push(`policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      window.breach(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return { page, wrongs };
}
