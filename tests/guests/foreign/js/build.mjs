// node build.mjs APP WIT OUTPUT

import { componentize } from "@bytecodealliance/componentize-js";
import { readFile, writeFile } from "node:fs/promises";

const [app, witPath, output] = process.argv.slice(2);
const { component } = await componentize(await readFile(app, "utf8"), {
  witPath,
  worldName: "actor",
  // There is no HTTP for actors.
  disableFeatures: ["http", "fetch-event"],
});
await writeFile(output, component);
