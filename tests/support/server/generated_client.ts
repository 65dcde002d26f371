// Drives a state server with the types that openapi-typescript made, as api.d.ts beside this file.
//
// Prints a JSON list of [operation, status], in the order of `generated_client.py`.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const client = createClient<paths>({
  baseUrl: process.env.URL ?? "",
  headers: { Authorization: `Bearer ${process.env.TOKEN}` },
});
const done: [string, number][] = [];
const row: components["schemas"]["InventoryRow"] = {
  upload_id: "u",
  checksum: "c",
  checksum_on_disk: "d",
};

async function called<T extends { response: Response }>(name: string, call: Promise<T>): Promise<T> {
  const answer = await call;
  done.push([name, answer.response.status]);
  return answer;
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

await called("getHealth", client.GET("/healthz"));
await called("getReadiness", client.GET("/readyz"));
await called("getInterface", client.GET("/v1/openapi.yaml", { parseAs: "text" }));
await called("getPlatform", client.GET("/v1/platform"));
const wanted = { owner: "ci", host: "runner", job_url: "", reason: "apply", seconds: 60 };
const lease = await called("acquireLock", client.POST("/v1/lock", { body: wanted }));
const fence = lease.data?.fence ?? 0;
await called("renewLock", client.PUT("/v1/lock", { body: { fence, seconds: 60 } }));
const created = await called(
  "createStorage",
  client.POST("/v1/storages", {
    params: { header: { "Idempotency-Key": "k", "Reconciler-Fence": fence } },
    body: { name: "nas", label: "", type: "local", default_url: "/data/nas" },
  }),
);
const path = { id: created.data?.id ?? "" };
const tag = created.response.headers.get("ETag") ?? "";
await called("getStorage", client.GET("/v1/storages/{id}", { params: { path } }));
const page = await called(
  "listStorages",
  client.GET("/v1/storages", { params: { query: { limit: 10 } } }),
);
check(page.data?.storages[0]?.name === "nas", "the storage is listed");
for (let n = 0; n < 2; n += 1) {
  const updated = await called(
    "updateStorage",
    client.PATCH("/v1/storages/{id}", {
      params: { path, header: { "If-Match": tag } },
      body: { label: "NAS" },
    }),
  );
  check(n === 0 ? updated.data?.label === "NAS" : updated.error?.code === "changed", "update");
}
const recorded = await called(
  "recordInventory",
  client.POST("/v1/storages/{id}/inventory", {
    params: { path },
    headers: { "Content-Type": "application/x-ndjson" },
    body: `${JSON.stringify(row)}\n`,
    bodySerializer: (lines) => lines,
  }),
);
check(recorded.data?.files === 1, "one file is recorded");
const rows = await called(
  "getInventory",
  client.GET("/v1/storages/{id}/inventory", { params: { path }, parseAs: "text" }),
);
check(JSON.parse(rows.data ?? "").upload_id === "u", "the inventory has the row");
await called("removeStorage", client.DELETE("/v1/storages/{id}", { params: { path } }));
await called(
  "removeStorage",
  client.DELETE("/v1/storages/{id}", {
    params: { path, query: { holds_files: "true" }, header: { "If-Match": "*" } },
  }),
);
const audit = await called(
  "listChanges",
  client.GET("/v1/audit", { params: { query: { limit: 100 } } }),
);
check(audit.data?.changes.at(-1)?.name === "nas", "the audit has it");
await called("getLock", client.GET("/v1/lock"));
await called("releaseLock", client.DELETE("/v1/lock", { params: { query: { fence } } }));
const metrics = await called("getMetrics", client.GET("/metrics", { parseAs: "text" }));
check(metrics.data?.includes("reconciler_storages 0.0") ?? false, "the metrics count");
console.log(JSON.stringify(done));
