// What the tests bring in: free licences, pinned by their hash, from whichever registry the machine has.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { web } from "./support/journey.js";

const FREE = ["MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "BlueOak-1.0.0", "Python-2.0", "Unlicense", "(MIT OR Apache-2.0)"];
// a table of browsers, which a code generator's parser reads
const DATA = { "caniuse-lite": "CC-BY-4.0" };

test("every package is free, pinned, and bound to no registry", () => {
  const { packages } = JSON.parse(readFileSync(join(web, "package-lock.json"), "utf8"));
  const { "": ours, ...others } = packages;
  for (const [path, { version, license, integrity, resolved }] of Object.entries(others)) {
    const name = path.split("node_modules/").pop();
    assert.ok(FREE.includes(license) || DATA[name] === license, `${name} ${version} is under ${license}`);
    assert.match(integrity, /^sha512-/, name);
    assert.equal(resolved, undefined, name);
  }
  for (const [name, version] of Object.entries(ours.devDependencies)) assert.match(version, /^\d+\.\d+\.\d+$/, name);
});
