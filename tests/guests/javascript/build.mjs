// Makes a component of provider.js: node build.mjs WIT-FOLDER COMPONENT.
//
// Of the runtime's features only random numbers stay. Without the others it imports nothing of WASI but
// wasi:random, which every plugin may have; requests go through the contract's http, lines through its log.

import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { componentize } from "@bytecodealliance/componentize-js";

const [witPath, file] = process.argv.slice(2);
const { component } = await componentize({
  sourcePath: fileURLToPath(new URL("provider.js", import.meta.url)),
  witPath,
  worldName: "video-provider",
  disableFeatures: ["stdio", "clocks", "http", "fetch-event"],
});
await writeFile(file, component);
