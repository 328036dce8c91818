/** Which connector service carries out which task: what the services say, what is configured, and where the two differ. */
import { type ConnectorConfig, defaultConnectorId, deploymentsOf } from "./ConnectorConfig.ts"

/** A kind of task. */
export interface TaskCategory {
  readonly name: string
  readonly version: number
}

/** What a service said it supports, and when it said so. */
export interface Discovery {
  readonly categories: ReadonlyArray<TaskCategory>
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Where a task goes. */
export interface Route {
  readonly id: string
  /** The service says that it supports the task in this version; otherwise it is only configured so. */
  readonly isDiscovered: boolean
}

/** Routes of one moment. */
export interface ConnectorRegistry {
  /** Finds the service: exact project and domain first, then the project alone, the domain alone, anybody's, the default. */
  readonly route: (project: string, domain: string, category: TaskCategory) => Route | undefined
  /** Task types that somebody supports, sorted, each once. */
  readonly taskTypes: ReadonlyArray<string>
  /** Claims that clash: the first service in the order of the configuration wins. */
  readonly conflicts: ReadonlyArray<string>
}

const keyOf = (project: string, domain: string, name: string, version: number): string => [project, domain, name, version].join("\u0000")

/**
 * Builds the routes. Explicit settings win over what services say; for a task type of theirs every version goes to the same service.
 * Services without a project or a domain serve all of them.
 */
export const makeRegistry = (config: ConnectorConfig, discoveries: ReadonlyMap<string, Discovery>): ConnectorRegistry => {
  const deployments = deploymentsOf(config)
  const routes = new Map<string, Route>()
  const conflicts: Array<string> = []
  const types = new Set<string>([...config.supportedTaskTypes, ...Object.keys(config.connectorForTaskTypes)])
  for (const [id, { domain = "", project = "" }] of deployments) {
    for (const { name, version } of discoveries.get(id)?.categories ?? []) {
      types.add(name)
      const key = keyOf(project, domain, name, version)
      const earlier = routes.get(key)
      if (earlier === undefined) routes.set(key, { id, isDiscovered: true })
      else if (earlier.id !== id && config.connectorForTaskTypes[name] === undefined) conflicts.push(`"${name}" (version ${version}) is supported by ${earlier.id} and ${id}; ${earlier.id} gets it`)
    }
  }
  const fallback = deployments.has(defaultConnectorId) ? { id: defaultConnectorId, isDiscovered: false } : undefined
  const places = (project: string, domain: string) => [[project, domain], [project, ""], ["", domain], ["", ""]] as const
  return {
    taskTypes: [...types].sort(),
    conflicts,
    route: (project, domain, { name, version }) => {
      const explicit = config.connectorForTaskTypes[name]
      if (explicit !== undefined && deployments.has(explicit)) return { id: explicit, isDiscovered: false }
      for (const [p, d] of places(project, domain)) {
        const found = routes.get(keyOf(p, d, name, version))
        if (found !== undefined) return found
      }
      return fallback
    }
  }
}
