/** How much of what a container gets: requests and limits from the task, its overrides and the platform. */
import { Idl, type TaskResources } from "@fairlead/core"
import { Quantity } from "@fairlead/kube"

/** Amounts by resource name, as Kubernetes quantities. */
export type Amounts = { readonly [resource: string]: string }

/** The generic name that tasks use for whatever accelerator they ask for. */
const genericAccelerator = "gpu"

/** Size of copilot's volumes; no resource that a container could have. */
const volumeStorage = "storage"

/** Requests and limits of a container or of the platform. */
export interface Resources {
  readonly requests: Amounts
  readonly limits: Amounts
}

/** Nothing asked for. */
export const noResources: Resources = { requests: {}, limits: {} }

const namesOfEntries: Readonly<Record<number, string | undefined>> = {
  [Idl.Resources_ResourceName.CPU]: "cpu",
  [Idl.Resources_ResourceName.MEMORY]: "memory",
  [Idl.Resources_ResourceName.GPU]: genericAccelerator,
  [Idl.Resources_ResourceName.EPHEMERAL_STORAGE]: "ephemeral-storage"
}

const nanosOf = (text: string | undefined): bigint => (text === undefined ? 0n : (Quantity.parse(text)?.nanos ?? 0n))

const isZero = (text: string | undefined): boolean => nanosOf(text) === 0n

/** The first amount that is no quantity, in words; `undefined` when all are. */
export const faultIn = (resources: { readonly requests?: unknown; readonly limits?: unknown }): string | undefined => {
  return faultOf("requests", resources.requests) ?? faultOf("limits", resources.limits)
}

const faultOf = (part: string, amounts: unknown): string | undefined => {
  for (const name of Object.keys(amounts ?? {})) {
    const value = (amounts as { readonly [name: string]: unknown })[name]
    const problem = typeof value === "string" || typeof value === "number" ? Quantity.problemOf(value) : "it is neither text nor a number"
    if (problem !== undefined) return `${part}.${name} is ${JSON.stringify(value)}, which is no quantity such as 500m or 2Gi: ${problem}`
  }
  return undefined
}

/** Reads the resources of a container target. Zero amounts and `STORAGE` are left out. */
export const ofTemplate = (resources: Idl.Resources | undefined): Resources => ({
  requests: ofEntries(resources?.requests ?? []),
  limits: ofEntries(resources?.limits ?? [])
})

const ofEntries = (entries: ReadonlyArray<Idl.Resources_ResourceEntry>): Amounts => {
  const amounts: Record<string, string> = {}
  for (const { name, value } of entries) {
    const resource = namesOfEntries[name]
    // What is no quantity stays in, so that `faultIn` finds it.
    if (resource !== undefined && !(Quantity.parse(value) !== undefined && isZero(value))) amounts[resource] = value
  }
  return amounts
}

/** Reads `resources` of a container in a manifest; amounts may be numbers there. */
export const ofContainer = (resources: { readonly requests?: unknown; readonly limits?: unknown } | undefined): Resources => ({
  requests: texts(resources?.requests),
  limits: texts(resources?.limits)
})

const texts = (amounts: unknown): Amounts => {
  const out: Record<string, string> = {}
  for (const name of Object.keys(amounts ?? {})) out[name] = String((amounts as { readonly [name: string]: unknown })[name])
  return out
}

/** Gives the generic `gpu` the name under which the nodes offer it. */
export const nameAccelerator = (resources: Resources, resourceName: string): Resources => ({
  requests: renamed(resources.requests, resourceName),
  limits: renamed(resources.limits, resourceName)
})

const renamed = (amounts: Amounts, resourceName: string): Amounts => {
  if (amounts[genericAccelerator] === undefined) return amounts
  const { [genericAccelerator]: generic, ...rest } = amounts
  return { ...rest, [resourceName]: generic! }
}

/** Lays overrides over a container's own amounts. */
export const override = (resources: Resources, overrides: TaskResources | undefined): Resources => {
  if (overrides === undefined) return resources
  return {
    requests: { ...resources.requests, ...withoutVolume(overrides.requests) },
    limits: { ...resources.limits, ...withoutVolume(overrides.limits) }
  }
}

const withoutVolume = ({ [volumeStorage]: _volume, ...amounts }: Amounts): Amounts => amounts

/** Size that overrides give to copilot's volumes. */
export const volumeSize = (overrides: TaskResources | undefined): string | undefined =>
  overrides?.limits[volumeStorage] ?? overrides?.requests[volumeStorage]

/** What one resource of a container comes to. */
export interface Adjusted {
  readonly request: string
  readonly limit: string
}

const atMost = (value: string, limit: string | undefined): string =>
  limit === undefined || isZero(value) || isZero(limit) || nanosOf(value) <= nanosOf(limit) ? value : limit

/** Lowers request and limit to the platform's limit, and the request to the limit. Zero is no limit. */
export const inRange = (request = "0", limit = "0", platformLimit?: string): Adjusted => {
  const cappedLimit = atMost(limit, platformLimit)
  return { request: atMost(atMost(request, platformLimit), cappedLimit), limit: cappedLimit }
}

/** Fills a missing request from the limit or the platform's default and a missing limit from the request, then lowers both. */
export const adjustOrDefault = (request?: string, limit?: string, platformDefault?: string, platformLimit?: string): Adjusted => {
  const filled = !isZero(request) ? request! : !isZero(limit) ? limit! : (platformDefault ?? "0")
  return inRange(filled, isZero(limit) ? filled : limit!, platformLimit)
}

/** What the platform grants: defaults as requests, ceilings as limits. */
export interface Platform {
  readonly resources: TaskResources
  readonly defaultCpus: string
  readonly defaultMemory: string
  /** Names under which accelerators are offered. */
  readonly acceleratorNames: ReadonlySet<string>
}

/**
 * Fits the resources of a container into the platform. CPU and memory always get a request and a limit; ephemeral
 * storage and accelerators only if asked for. `fill` is for primary containers; others are only lowered.
 */
export const fit = (resources: Resources, platform: Platform, fill: boolean): Resources => {
  const requests: Record<string, string> = { ...resources.requests }
  const limits: Record<string, string> = { ...resources.limits }
  const asked = (name: string): boolean => requests[name] !== undefined || limits[name] !== undefined
  const names = ["cpu", "memory", ...["ephemeral-storage", ...platform.acceleratorNames].filter(asked)]
  for (const name of names) {
    const platformLimit = platform.resources.limits[name]
    const { request, limit } = fill
      ? adjustOrDefault(requests[name], limits[name], defaultOf(platform, name), platformLimit)
      : inRange(requests[name], limits[name], platformLimit)
    requests[name] = request
    limits[name] = limit
  }
  return { requests: sorted(requests), limits: sorted(limits) }
}

const defaultOf = ({ resources, defaultCpus, defaultMemory }: Platform, name: string): string | undefined =>
  resources.requests[name] ?? (name === "cpu" ? defaultCpus : name === "memory" ? defaultMemory : undefined)

const sorted = (amounts: Amounts): Amounts => {
  const out: Record<string, string> = {}
  for (const name of Object.keys(amounts).sort()) out[name] = amounts[name]!
  return out
}
