// Written by `portcullis plugin build`: makes a component of a policy's module, with nothing of WASI in it.
import { writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";

const [sourcePath, witPath, worldName, out] = process.argv.slice(2);
const disableFeatures = ["random", "stdio", "clocks", "http", "fetch-event"];
try {
  const { component } = await componentize({ sourcePath, witPath, worldName, disableFeatures });
  await writeFile(out, component);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
