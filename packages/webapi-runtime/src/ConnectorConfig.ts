/** Settings of the connector plugin: which connector services there are, and which tasks go where. */
import { Duration, Schema } from "effect"
import { duration, withDefault } from "./internal/settings.ts"

/** One connector service. */
export const ConnectorDeployment = Schema.Struct({
  /** Host and port, `connectors.flyte:8000`; Flyte's `dns:///` before it is understood. */
  endpoint: Schema.String.check(Schema.isMinLength(1, { expected: "a host and a port" })),
  /** Speaks without TLS. */
  insecure: withDefault(Schema.Boolean, false),
  /** Operation (`CreateTask`, `GetTask`, `DeleteTask`, `ListConnectors`) → its time limit. */
  timeouts: withDefault(Schema.Record(Schema.String, Schema.DurationFromString), {}),
  /** Time limit of all others. There is always one: a service that hangs must not hold up the engine. */
  defaultTimeout: duration("10 seconds"),
  /** Serves tasks of this project, of this domain only; of all if left out. */
  project: Schema.optionalKey(Schema.String),
  domain: Schema.optionalKey(Schema.String)
})
export type ConnectorDeployment = typeof ConnectorDeployment.Type

/** All settings, under Flyte's names. */
export const ConnectorConfig = Schema.Struct({
  /** Takes the tasks that no other one claims. */
  defaultConnector: Schema.optionalKey(ConnectorDeployment),
  /** Id → service; services are asked what they support. */
  connectors: withDefault(Schema.Record(Schema.String, ConnectorDeployment), {}),
  /** Task type → id of its service, whatever others say. */
  connectorForTaskTypes: withDefault(Schema.Record(Schema.String, Schema.String), {}),
  /** Task types that the default takes without having said so. */
  supportedTaskTypes: withDefault(Schema.Array(Schema.String), []),
  /** How often services are asked what they support. */
  pollInterval: duration("10 seconds"),
  /** Limits, quotas and pace, as of any web API plugin. */
  webApi: withDefault(Schema.Record(Schema.String, Schema.Unknown), {
    readRateLimiter: { qps: 10, burst: 100 },
    writeRateLimiter: { qps: 10, burst: 100 },
    resourceQuotas: { default: 1000 }
  }),
  /** Most jobs of one project, of one project and domain, within the quota. */
  projectScopeMax: withDefault(Schema.Int, 100),
  namespaceScopeMax: withDefault(Schema.Int, 50)
})
export type ConnectorConfig = typeof ConnectorConfig.Type

/** The id of the default service. */
export const defaultConnectorId = "defaultConnector"

/** The time limit of an operation: its own, else the default. */
export const timeoutOf = (deployment: ConnectorDeployment, operation: string): Duration.Duration => deployment.timeouts[operation] ?? deployment.defaultTimeout

/** All services with their ids, the default first, in the order of the configuration. */
export const deploymentsOf = (config: ConnectorConfig): ReadonlyMap<string, ConnectorDeployment> =>
  new Map([
    ...(config.defaultConnector === undefined ? [] : [[defaultConnectorId, config.defaultConnector] as const]),
    ...Object.entries(config.connectors)
  ])

/** `dns:///host:port`, `host:port` or an address with its scheme. */
export const baseUrlOf = ({ endpoint, insecure }: Pick<ConnectorDeployment, "endpoint" | "insecure">): string => {
  if (/^https?:\/\//.test(endpoint)) return endpoint
  return `${insecure ? "http" : "https"}://${endpoint.replace(/^(dns|passthrough):\/{2,3}/, "").replace(/^\/+/, "")}`
}

/** Endpoints that are no addresses, and names of services that are not there. */
export const connectorConfigProblems = (config: ConnectorConfig): ReadonlyArray<string> => [
  ...[...deploymentsOf(config)]
    .filter(([, deployment]) => !URL.canParse(baseUrlOf(deployment)))
    .map(([id, { endpoint }]) => `the endpoint of the connector "${id}" is ${JSON.stringify(endpoint)}; it must be a host and a port, such as connectors.flyte:8000`),
  ...Object.entries(config.connectorForTaskTypes)
    .filter(([, id]) => !deploymentsOf(config).has(id))
    .map(([type, id]) => `connectorForTaskTypes.${type} names the connector "${id}"; there are: ${[...deploymentsOf(config).keys()].join(", ") || "none"}`)
]
