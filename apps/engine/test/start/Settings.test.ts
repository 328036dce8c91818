import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { type ReadSettings, readSettings } from "../../src/start/SettingsRead.ts"
import { settingLines, toSettingsTable } from "../../src/start/SettingsReport.ts"
import { allSettings } from "../../src/start/SettingsTree.ts"
import { formatProblem } from "../../src/tasks/YamlFile.ts"

const read = (text: string, environment: { readonly [name: string]: string } = {}) => readSettings({ file: { file: "fairlead.yaml", text }, environment })

const good = (text: string, environment: { readonly [name: string]: string } = {}): ReadSettings => {
  const result = read(text, environment)
  if (Result.isFailure(result)) throw new Error(result.failure.map(formatProblem).join("\n"))
  return result.success
}

const problems = (text: string, environment: { readonly [name: string]: string } = {}): ReadonlyArray<string> => {
  const result = read(text, environment)
  return Result.isFailure(result) ? result.failure.map(formatProblem) : []
}

const line = (settings: ReadSettings, name: string) => settingLines(settings).find((it) => it.setting === name)

describe("the settings", () => {
  it("have a default for everything that must be known", () => {
    expect(problems("")).toEqual([])
    expect(good("").settings.engine.workers).toBe(64)
  })

  it("have a variable of their own each", () => {
    expect(new Set(allSettings.map((it) => it.variable)).size).toBe(allSettings.length)
    expect(allSettings.length).toBeGreaterThan(90)
    expect(allSettings.find((it) => it.path.join(".") === "leaderElection.leaseDuration")?.variable).toBe("FAIRLEAD_LEADER_ELECTION_LEASE_DURATION")
  })

  it("come from the environment before the file before the defaults, and say so", () => {
    const settings = good("engine:\n  workers: 3\n  gcTtl: 2 hours\n", { FAIRLEAD_ENGINE_WORKERS: "5" })
    expect(settings.settings.engine.workers).toBe(5)
    expect(line(settings, "engine.workers")).toEqual({ setting: "engine.workers", value: 5, default: 64, origin: "FAIRLEAD_ENGINE_WORKERS", variable: "FAIRLEAD_ENGINE_WORKERS" })
    expect(line(settings, "engine.gcTtl")).toMatchObject({ value: "2 hours", default: "1 hour", origin: "fairlead.yaml:3" })
    expect(line(settings, "engine.gcInterval")).toMatchObject({ value: "30 minutes", origin: "default" })
    expect(toSettingsTable(settingLines(settings))).toMatch(/^engine\.gcTtl +2 hours +1 hour +fairlead\.yaml:3$/m)
  })

  it("take lists, maps, flags and numbers from variables as YAML, and texts as they are", () => {
    const { settings } = good("", {
      FAIRLEAD_PODS_DEFAULT_NODE_SELECTOR: "{pool: tasks}",
      FAIRLEAD_PODS_COPILOT_COMMAND: "[/bin/flyte-copilot]",
      FAIRLEAD_LEADER_ELECTION_ENABLED: "false",
      FAIRLEAD_ENGINE_ORGANIZATION: "123",
      FAIRLEAD_EVENTS_SINK: "none"
    })
    expect(settings.pods.defaultNodeSelector).toEqual({ pool: "tasks" })
    expect(settings.pods.copilot.command).toEqual(["/bin/flyte-copilot"])
    expect(settings.leaderElection.enabled).toBe(false)
    expect(settings.engine.organization).toBe("123")
    expect(settings.events.sink).toBe("none")
  })

  it.each([
    ["an unknown setting", "engine:\n  worker: 3\n", "fairlead.yaml:2: engine.worker: is not a setting; did you mean workers?"],
    ["an unknown section", "server: {}\nleader: {}\n", "fairlead.yaml:2: leader: is not a setting; did you mean leaderElection?"],
    ["a wrong kind of value", "engine:\n\n  workers: many\n", "fairlead.yaml:3: engine.workers: expected number, but got \"many\""],
    ["no quantity", "pods:\n  defaultCpus: 3x\n", "fairlead.yaml:2: pods.defaultCpus: \"3x\" is no quantity such as 500m or 128Mi"],
    ["one of few values", "logs:\n  format: xml\n", "fairlead.yaml:2: logs.format: expected \"auto\" | \"json\" | \"pretty\", but got \"xml\""],
    ["a lease that is shorter than its renewal", "leaderElection:\n  leaseDuration: 5 seconds\n", "fairlead.yaml:2: leaderElection.leaseDuration: is 5s; it must be longer than renewDeadline, 10s"],
    ["shares that nobody divides", "leaderElection:\n  enabled: false\n  shares: 4\n", "fairlead.yaml:3: leaderElection.shares: is 4; engines can divide actions only where leaderElection.enabled is true"],
    ["a sink without an address", "events:\n  sink: flyte\n", "fairlead.yaml:1: events.url: is missing; the sink \"flyte\" needs the address"],
    ["a store that is not there", "engine:\n  dataRoot: abfs://bucket/x\n", "fairlead.yaml:2: engine.dataRoot: is \"abfs://bucket/x\", but there is no store for the scheme \"abfs\""],
    ["a catalog that is none", "catalog:\n  url: redis://x\n", "fairlead.yaml:2: catalog.url: is \"redis://x\", which is no catalog; it must be a path, sqlite:<path>"],
    ["a plugin that is not there", "plugins:\n  default: pods\n", "fairlead.yaml:2: plugins.default: is \"pods\", and there is no such plugin; there are: pod, job"],
    ["a connector without an address", "connectors:\n  defaultConnector:\n    endpoint: 'a b'\n", "fairlead.yaml:1: connectors: the endpoint of the connector \"defaultConnector\" is \"a b\"; it must be a host and a port"],
    ["files outside of the store", "engine:\n  dataRoot: file:///etc\n", "fairlead.yaml:2: engine.dataRoot: is \"file:///etc\", which is outside of datastore.fileRoot"],
    ["a list", "- engine\n", "fairlead.yaml:1: holds no map of settings"],
    ["two documents", "logs: {}\n---\nlogs: {}\n", "fairlead.yaml:3: is a second document"],
    ["broken YAML", "engine: [\n", "fairlead.yaml:2: not valid YAML"]
  ])("refuse %s with its place", (_, text, expected) => {
    expect(problems(text)).toEqual([expect.stringContaining(expected)])
  })

  it.each([
    [{ FAIRLEAD_ENGINE_WORKER: "3" }, "FAIRLEAD_ENGINE_WORKER: is not the variable of a setting; did you mean FAIRLEAD_ENGINE_WORKERS?"],
    [{ FAIRLEAD_ENGINE_WORKERS: "many" }, "FAIRLEAD_ENGINE_WORKERS: engine.workers: expected number, but got \"many\""],
    [{ FAIRLEAD_EVENTS_HEADERS: "{a: " }, "FAIRLEAD_EVENTS_HEADERS: events.headers: is no YAML"]
  ])("refuse the variables %j", (environment, expected) => {
    expect(problems("", environment)).toEqual([expect.stringContaining(expected)])
  })

  it("leave out the variables of other commands", () => {
    expect(problems("", { FAIRLEAD_CACHE: "catalog.db", FAIRLEAD_CONFIG: "x", OTHER: "y" })).toEqual([])
  })

  it("are all refused at once", () => {
    expect(problems("engine:\n  workers: 0\n  nonsense: 1\n", { FAIRLEAD_SERVER_PORT: "70000" })).toHaveLength(3)
  })

  it("show no secret, neither in the list nor in a refusal", () => {
    const settings = good("pods:\n  defaultEnvVars: {API_TOKEN: hush, COLOUR: red}\nevents: {sink: flyte, url: \"http://me:hush@events\"}\n", {
      FAIRLEAD_EVENTS_HEADERS: "{authorization: Bearer hush}",
      FAIRLEAD_TRACES_HEADERS: "{x-key: hush}"
    })
    const shown = JSON.stringify(settingLines(settings))
    expect(shown).not.toContain("hush")
    expect(shown).toContain("red")
    expect(problems("", { FAIRLEAD_EVENTS_HEADERS: "{authorization: [hush]}" }).join()).toMatch(/^FAIRLEAD_EVENTS_HEADERS: (?!.*hush)/)
  })
})
