// Drives a YAML language server over stdio: `node language_client.mjs SERVER SCHEMA`.
//
// Takes a JSON list of {text, at: [[line, character, "hover" | "completion"], …]} on standard input
// and gives, for each, {diagnostics: [[line, message]], answers: [what was asked for]}: the text of
// a hover, and of a completion all that is offered, each with what it would insert.
import { spawn } from "child_process";
import fs from "fs";
import { pathToFileURL } from "url";

const [, , program, schema] = process.argv;
const server = spawn("node", [program, "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
const settings = { validate: true, hover: true, completion: true, schemaStore: { enable: false } };
const waiting = new Map();
const published = new Map();
let count = 0;
let received = Buffer.alloc(0);

function send(message) {
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
  server.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
  server.stdin.write(body);
}

function ask(method, params) {
  count += 1;
  const id = count;
  send({ id, method, params });
  return new Promise((resolve) => waiting.set(id, resolve));
}

function take(message) {
  if (message.method === "textDocument/publishDiagnostics") {
    published.get(message.params.uri)?.(message.params.diagnostics);
  } else if (message.method === "workspace/configuration") {
    const items = message.params.items.map((item) => (item.section === "yaml" ? settings : null));
    send({ id: message.id, result: items });
  } else if (message.method && message.id !== undefined) {
    send({ id: message.id, result: null });
  } else if (waiting.has(message.id)) {
    waiting.get(message.id)(message.result);
  }
}

server.stdout.on("data", (data) => {
  received = Buffer.concat([received, data]);
  for (;;) {
    const end = received.indexOf("\r\n\r\n");
    const length = end < 0 ? 0 : Number(/Content-Length: (\d+)/i.exec(received.subarray(0, end))[1]);
    if (end < 0 || received.length < end + 4 + length) return;
    const body = received.subarray(end + 4, end + 4 + length);
    received = received.subarray(end + 4 + length);
    take(JSON.parse(body));
  }
});

function told(kind, answer) {
  if (kind === "hover") return answer?.contents?.value ?? null;
  const items = answer?.items ?? answer ?? [];
  return items.map((item) => [item.label, item.textEdit?.newText ?? item.insertText]);
}

async function look(job, number) {
  const uri = pathToFileURL(schema).href.replace(/[^/]*$/, `m${number}.yaml`);
  const text = `# yaml-language-server: $schema=${pathToFileURL(schema).href}\n${job.text}`;
  const diagnostics = new Promise((resolve) => published.set(uri, resolve));
  const textDocument = { uri, languageId: "yaml", version: 1, text };
  send({ method: "textDocument/didOpen", params: { textDocument } });
  const found = (await diagnostics).map((d) => [d.range.start.line, d.message]);
  const answers = [];
  for (const [line, character, kind] of job.at ?? []) {
    const params = { textDocument: { uri }, position: { line, character } };
    answers.push(told(kind, await ask(`textDocument/${kind}`, params)));
  }
  return { diagnostics: found, answers };
}

const completionItem = { snippetSupport: true };
const textDocument = { completion: { completionItem }, hover: {}, publishDiagnostics: {} };
const capabilities = { workspace: { configuration: true }, textDocument };
await ask("initialize", { processId: process.pid, rootUri: null, capabilities });
send({ method: "initialized", params: {} });
const jobs = JSON.parse(fs.readFileSync(0, "utf8"));
const results = [];
for (const [number, job] of jobs.entries()) results.push(await look(job, number));
process.stdout.write(JSON.stringify(results));
server.kill();
