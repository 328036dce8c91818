/** Every setting of `fairlead start`, in sections, with a default for each. */
import { ObjectRunnerConfig, PodPluginConfig } from "@fairlead/k8s-executor"
import { EngineConfig } from "@fairlead/reconciler"
import { ConnectorConfig, connectorConfigProblems, deploymentsOf, HttpJsonConfig, httpJsonProblems, parsePluginConfig } from "@fairlead/webapi-runtime"
import { Duration, Effect, Result, Schema } from "effect"
import { addressForms, parseCatalog } from "../cache/CachePlace.ts"

const withDefault = <S extends Schema.Constraint>(schema: S, value: S["Encoded"]) =>
  Schema.withDecodingDefaultKey<S>(Effect.succeed(value))(schema)

const isPositive = Schema.makeFilter((it: Duration.Duration) => Duration.toMillis(it) > 0 || "Expected a duration longer than zero")
const duration = (text: string) => withDefault(Schema.DurationFromString.check(isPositive), text)
const count = (value: number, least: number) => withDefault(Schema.Int.check(Schema.isGreaterThanOrEqualTo(least)), value)
const flag = (value: boolean) => withDefault(Schema.Boolean, value)
const text = (value: string) => withDefault(Schema.String, value)
const HttpUrl = Schema.String.check(Schema.makeFilter((it: string) => /^https?:\/\/[^/\s]+(\/\S*)?$/.test(it) || "Expected an http or https address such as http://localhost:8090"))
const Headers = withDefault(Schema.Record(Schema.String, Schema.String), {})

/** Which cluster, and how much may be asked of it. */
const Kubernetes = Schema.Struct({
  /** Path of a kubeconfig. If left out: `KUBECONFIG`, the service account of the pod, the file in the home directory, in this order. */
  kubeconfig: Schema.optionalKey(Schema.String),
  /** Context of the kubeconfig; its current one if left out. */
  context: Schema.optionalKey(Schema.String),
  /** Calls in a second, on average; leases and watches are not counted. */
  requestsPerSecond: count(100, 1),
  /** Calls at once after a quiet time. */
  requestBurst: count(200, 1)
})

/** One of several engines works, the others stand by with full caches. */
const LeaderElection = Schema.Struct({
  enabled: flag(true),
  /** Namespace of the lease; the namespace of the pod or of the kubeconfig's context if left out. */
  namespace: Schema.optionalKey(Schema.String),
  name: text("fairlead-engine"),
  /** Must be different for every process; the host's name and something random if left out. */
  identity: Schema.optionalKey(Schema.String),
  leaseDuration: duration("15 seconds"),
  renewDeadline: duration("10 seconds"),
  retryPeriod: duration("2 seconds"),
  /**
   * With more than 1 all engines work at the same time: they divide the actions into so many shares, and the shares among themselves.
   * Some times the number of engines, the same for all of them, and never changed while one runs.
   */
  shares: count(1, 1)
})

/** Where `/livez`, `/readyz` and `/metrics` are served. */
const Server = Schema.Struct({
  enabled: flag(true),
  host: text("0.0.0.0"),
  /** Any free one for 0. */
  port: withDefault(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 })), 8080)
})

/** Buckets of S3 and of what speaks its language, for `s3://` and `gs://`; keys come from the variables, the role or the files that AWS's tools use. */
const S3 = Schema.Struct({
  region: text("us-east-1"),
  /** Address of the server; that of AWS if left out. */
  endpoint: Schema.optionalKey(HttpUrl),
  /** Where the bucket stands in URLs; in the path if there is an endpoint, else in the host, if left out. */
  addressing: Schema.optionalKey(Schema.Literals(["path", "virtual"]))
})

/** Where files of tasks are kept, by the scheme of their URI. */
const Datastore = Schema.Struct({
  /** For `file://`: the folder that may be used, nothing outside of it is touched. */
  fileRoot: text("/var/lib/fairlead"),
  s3: withDefault(S3, {})
})

/** Where results of tasks are remembered, so that equal work runs once. */
const Catalog = Schema.Struct({
  /** A path, `sqlite:<path>`, `postgres://<user>:<password>@<host>/<database>`, or the http address of a cache service. Nothing is remembered if left out. */
  url: Schema.optionalKey(Schema.String)
})

/** Which plugins there are. */
const Plugins = Schema.Struct({
  /** Id of the plugin for task types that nobody registered for; such tasks fail if it is empty. */
  default: text("pod"),
  /** Whether tasks of the type `job` run as batch Jobs. */
  job: flag(true),
  /** Whether Kubernetes Events about launched objects become reasons of their phase. Costs a watch on all events, and writes. */
  objectEvents: flag(false),
  /** Namespace of PodTemplates that the namespace of a task does not have; the engine's own if left out. */
  podTemplateNamespace: Schema.optionalKey(Schema.String)
})

/** Services that speak JSON over HTTP: name → what it takes and how it is asked. */
const WebApis = Schema.Record(Schema.String, Schema.Struct({
  /** Task types that run on the service. */
  taskTypes: Schema.Array(Schema.String).check(Schema.isMinLength(1)),
  service: HttpJsonConfig,
  /** Limits, quotas and pace. */
  settings: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
}))

/** Connectors written with Flyte's Python package. There are none unless one is named. */
const Connectors = ConnectorConfig

/** Where plugins find secrets: variables first, then files. */
const Secrets = Schema.Struct({
  /** A secret is in the variable `<prefix><GROUP>_<KEY>`. */
  variablePrefix: text("FLYTE_SECRET_"),
  /** Or in the file `<folder>/<group>/<key>`, in lower case: mount Kubernetes Secrets there. */
  folder: text("/etc/secrets")
})

/** Who hears of the phases of actions. */
const Events = Schema.Struct({
  sink: withDefault(Schema.Literals(["none", "log", "flyte"]), "log"),
  /** Address of Flyte's events service, for the sink `flyte`. */
  url: Schema.optionalKey(HttpUrl),
  headers: Headers,
  batchMax: count(400, 1),
  flushesMax: count(4, 1),
  flushTimeout: duration("30 seconds"),
  /** Whether warnings about actions become Kubernetes Events. */
  kubernetes: flag(true)
})

const Logs = Schema.Struct({
  level: withDefault(Schema.Literals(["trace", "debug", "info", "warn", "error"]), "info"),
  /** `auto`: for people on a terminal, JSON lines elsewhere. */
  format: withDefault(Schema.Literals(["auto", "json", "pretty"]), "auto")
})

const Traces = Schema.Struct({
  /** Address for OTLP over HTTP, with its path: `http://localhost:4318/v1/traces`. No traces are made if left out. */
  url: Schema.optionalKey(HttpUrl),
  headers: Headers
})

/** All settings. Each may stand in the file or in the environment. */
export const Settings = Schema.Struct({
  kubernetes: withDefault(Kubernetes, {}),
  leaderElection: withDefault(LeaderElection, {}),
  server: withDefault(Server, {}),
  engine: withDefault(EngineConfig, {}),
  plugins: withDefault(Plugins, {}),
  webApis: withDefault(WebApis, {}),
  connectors: withDefault(Connectors, {}),
  secrets: withDefault(Secrets, {}),
  pods: withDefault(PodPluginConfig, {}),
  objects: withDefault(ObjectRunnerConfig, {}),
  datastore: withDefault(Datastore, {}),
  catalog: withDefault(Catalog, {}),
  events: withDefault(Events, {}),
  logs: withDefault(Logs, {}),
  traces: withDefault(Traces, {})
})
export type Settings = typeof Settings.Type

/** Something wrong with settings that are good each by itself. */
export interface Clash {
  readonly path: ReadonlyArray<string>
  readonly message: string
}

/** Schemes of URIs that there is a datastore for. */
const datastoreSchemes = ["file", "s3", "gs"] as const

/** What does not go together. */
export const clashesOf = ({ catalog, connectors, datastore, engine, events, leaderElection, plugins, webApis }: Settings): ReadonlyArray<Clash> => {
  const clashes: Array<Clash> = []
  const { leaseDuration, renewDeadline, retryPeriod } = leaderElection
  const longer = (more: Duration.Duration, less: Duration.Duration): boolean => Duration.toMillis(more) > Duration.toMillis(less)
  if (!longer(leaseDuration, renewDeadline)) {
    clashes.push({ path: ["leaderElection", "leaseDuration"], message: `is ${Duration.format(leaseDuration)}; it must be longer than renewDeadline, ${Duration.format(renewDeadline)}` })
  }
  if (!longer(renewDeadline, retryPeriod)) {
    clashes.push({ path: ["leaderElection", "renewDeadline"], message: `is ${Duration.format(renewDeadline)}; it must be longer than retryPeriod, ${Duration.format(retryPeriod)}` })
  }
  if (leaderElection.shares > 1 && !leaderElection.enabled) {
    clashes.push({ path: ["leaderElection", "shares"], message: `is ${leaderElection.shares}; engines can divide actions only where leaderElection.enabled is true` })
  }
  if (events.sink === "flyte" && events.url === undefined) {
    clashes.push({ path: ["events", "url"], message: "is missing; the sink \"flyte\" needs the address of the events service" })
  }
  if (!datastore.fileRoot.startsWith("/")) clashes.push({ path: ["datastore", "fileRoot"], message: `is "${datastore.fileRoot}"; it must be an absolute path` })
  if (catalog.url !== undefined && parseCatalog(catalog.url, (it) => it) === undefined) {
    clashes.push({ path: ["catalog", "url"], message: `is "${catalog.url}", which is no catalog; it must be ${addressForms}` })
  }
  const ids = ["pod", ...(plugins.job ? ["job"] : []), ...Object.keys(webApis), ...(deploymentsOf(connectors).size === 0 ? [] : ["connector-service"])]
  if (plugins.default !== "" && !ids.includes(plugins.default)) clashes.push({ path: ["plugins", "default"], message: `is "${plugins.default}", and there is no such plugin; there are: ${ids.join(", ")}` })
  const problem = engine.dataRoot === undefined ? undefined : problemOfDataRoot(engine.dataRoot, datastore.fileRoot)
  if (problem !== undefined) clashes.push({ path: ["engine", "dataRoot"], message: problem })
  return [...clashes, ...connectorConfigProblems(connectors).map((message) => ({ path: ["connectors"], message })), ...webApiClashes(webApis), ...limitClashes(["connectors", "webApi"], connectors.webApi)]
}

const webApiClashes = (webApis: Settings["webApis"]): ReadonlyArray<Clash> =>
  Object.entries(webApis).flatMap(([name, { service, settings }]) => [
    ...httpJsonProblems(service).map(({ path, problem }) => ({ path: ["webApis", name, "service", ...path], message: problem })),
    ...limitClashes(["webApis", name, "settings"], settings)
  ])

const limitClashes = (path: ReadonlyArray<string>, settings: unknown): ReadonlyArray<Clash> => {
  const parsed = parsePluginConfig(settings)
  if (Result.isSuccess(parsed)) return []
  const { problems, violations } = parsed.failure
  return [
    ...problems.map((message) => ({ path, message })),
    ...violations.map(({ field, max, min, provided }) => ({ path: [...path, ...field.split(".")], message: `is ${provided}; it must be between ${min} and ${max}` }))
  ]
}

const problemOfDataRoot = (uri: string, fileRoot: string): string | undefined => {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(uri)?.[1]?.toLowerCase()
  if (scheme === undefined) return `is "${uri}"; it must be a URI such as file://${fileRoot}/data`
  if (!(datastoreSchemes as ReadonlyArray<string>).includes(scheme)) {
    return `is "${uri}", but there is no store for the scheme "${scheme}" in this version; there are stores for: ${datastoreSchemes.join(", ")}`
  }
  if (scheme !== "file") return undefined
  const root = fileRoot.replace(/\/+$/, "")
  const path = uri.slice("file://".length)
  return path === root || path.startsWith(`${root}/`) ? undefined : `is "${uri}", which is outside of datastore.fileRoot, "${fileRoot}"`
}
