/** Every class and function of the original is here under its own name, where the README says. */
import { readFileSync } from "node:fs"
import { KubeClient, KubeTransport } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import * as Package from "../src/index.ts"
import { contribConfig, inWorld, newWire, startExecutor, wired } from "./support/world.ts"

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")
const tables = readme.split("\n\n").filter((it) => /^\| .* \| here \| module \|/.test(it))
const rowsOf = (table: string | undefined) => (table ?? "").trim().split("\n").slice(2).map((line) => line.split("|").slice(1, 4).map((it) => it.trim().replaceAll("`", "")))
const [seed, provider] = tables.map(rowsOf)

/** `airflow.contrib.executors.kubernetes_executor` of 1.10, in its own order. */
const members = {
  KubernetesExecutorConfig: ["__repr__", "from_dict", "as_dict"],
  KubeConfig: ["core_section", "kubernetes_section", "_validate"],
  KubernetesJobWatcher: ["run, _run", "process_error", "process_status"],
  AirflowKubernetesScheduler: [
    "_make_kube_watcher", "_health_check_kube_watcher", "run_next", "delete_pod", "sync", "process_watcher_task", "_strip_unsafe_kubernetes_special_chars", "_make_safe_pod_id",
    "_make_safe_label_value", "_create_pod_id", "_label_safe_datestring_to_datetime", "_datetime_to_label_safe_datestring", "_labels_to_key"
  ],
  KubernetesExecutor: ["clear_not_launched_queued_tasks", "_inject_secrets", "start", "execute_async", "sync", "_change_state", "end"]
}
const names = Object.entries(members).flatMap(([name, its]) => [name, ...its.map((it) => `${name}.${it}`)])
const camel = (name: string): string => name.replace(/^_+/, "").replace(/_+([a-z])/g, (_, letter: string) => letter.toUpperCase())
const last = (path: string): string => path.split(/[.#]/).at(-1)!

/** One of each. */
const instances = inWorld({ nodes: 0 }, () => Effect.gen(function*() {
  const config = contribConfig()
  const pods = { config, worker: "1", airflowVersion: "1", naming: "contrib" as const, template: () => undefined, mutationHook: undefined, workloadCommand: [] }
  const options = { config, worker: "1", pods, requestTimeout: "1 second" as const, instancesOn: () => Effect.succeed([]), onNews: () => undefined }
  const scheduler = yield* Effect.provideService(Package.AirflowKubernetesScheduler.make(options), KubeTransport, wired(newWire(), yield* KubeTransport)).pipe(Effect.provideService(KubeClient, yield* KubeClient))
  return { KubeConfig: config, KubernetesExecutorConfig: new Package.KubernetesExecutorConfig(), AirflowKubernetesScheduler: scheduler, KubernetesExecutor: yield* startExecutor() }
})) as unknown as { readonly [name: string]: { readonly [member: string]: unknown } }

const valueOf = (path: string): unknown => {
  const [owner = "", member] = path.split("#")
  if (member !== undefined) return instances[owner]?.[member]
  return path.split(".").reduce<unknown>((value, name) => (value as { readonly [name: string]: unknown } | undefined)?.[name], Package)
}

describe("the tables of the README", () => {
  it("have the whole of Airflow 1.10's module", () => {
    expect(seed?.map(([there]) => there)).toEqual(names)
  })

  it.each(seed ?? [])("%s is %s", (there, here, module) => {
    const own = there.replace(", _run", "").split(".").at(-1)!
    if (own !== "__repr__" && there !== "KubeConfig") expect(last(here)).toBe(camel(own))
    expect(valueOf(here)).toBeDefined()
    expect(readFileSync(new URL(`../src/${module}`, import.meta.url), "utf8")).toMatch(new RegExp(`\\b${last(here) === "KubeConfigContrib" ? "validate" : last(here)}\\b`))
  })

  it.each(provider ?? [])("what the provider calls %s is %s", (there, here, module) => {
    const own = here.split(", ")
    expect(own).toHaveLength(there.split(", ").length)
    for (const path of own) {
      expect(valueOf(path)).toBeDefined()
      expect(readFileSync(new URL(`../src/${module}`, import.meta.url), "utf8")).toMatch(new RegExp(`\\b${last(path)}\\b`))
    }
  })
})
