// Python with the packages of examples/python, in a virtual environment that is kept from run to run.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { repository, run, web } from "./journey.js";

const requirements = join(repository, "examples/python/requirements.txt");
const found = await run("python3", ["-c", "import ensurepip, venv"]);

/** Why there is none, where there is none. With CI set, that is a failure. */
export const missing = found.code === 0 || process.env.CI ? false : "*** python3 with venv and pip is not installed: gql was NOT tried ***";

/** The interpreter. */
export async function python() {
  const key = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16);
  const home = join(web, ".cache", `python-${key}`);
  if (!existsSync(home)) {
    const half = `${home}.${process.pid}`;
    for (const [program, args] of [
      ["python3", ["-m", "venv", half]],
      [join(half, "bin/python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]],
    ]) {
      const ran = await run(program, args);
      if (ran.code !== 0) {
        rmSync(half, { recursive: true, force: true });
        throw new Error(`${program} ${args.join(" ")}\n${ran.stderr}`);
      }
    }
    renameSync(half, home);
  }
  return join(home, "bin/python");
}
