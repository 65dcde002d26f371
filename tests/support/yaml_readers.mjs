// Reads YAML as editors and other programs do: a JSON list of texts on standard input, and for each
// [what the package `yaml` makes of it, what `js-yaml` does] on standard output; null is an error.
import fs from "fs";
import { createRequire } from "module";
import path from "path";

const require = createRequire(path.join(process.cwd(), "package.json"));
const { parseDocument } = require("yaml");
const jsYaml = require("js-yaml");

function attempt(read) {
  try {
    const value = read();
    return JSON.parse(JSON.stringify({ value }));
  } catch {
    return null;
  }
}

function byYaml(text) {
  const document = parseDocument(text);
  if (document.errors.length) throw document.errors[0];
  return document.toJS();
}

const texts = JSON.parse(fs.readFileSync(0, "utf8"));
const read = texts.map((text) => [
  attempt(() => byYaml(text)),
  attempt(() => jsYaml.load(text, { schema: jsYaml.CORE_SCHEMA })),
]);
process.stdout.write(JSON.stringify(read));
