/** Merges pod specs: a template below a task's pod, or an overlay above a base. Neither argument is ever changed. */
import type { Container, PodSpec } from "@fairlead/kube"

type Fields = { readonly [key: string]: unknown }

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value)

/** Lays `over` on `under`: maps unite, lists follow each other, of single values that of `over` counts. */
const merge = <A>(under: A, over: A): A => {
  if (over === undefined || over === null) return under
  if (Array.isArray(under) && Array.isArray(over)) return [...under, ...over] as A
  if (!isFields(under) || !isFields(over)) return over
  const merged: Record<string, unknown> = { ...under }
  for (const key of Object.keys(over)) {
    if (key !== "__proto__") merged[key] = Object.hasOwn(under, key) ? merge(under[key], over[key]) : over[key]
  }
  return merged as A
}

/** Names in templates that stand for roles instead of containers. */
interface MagicNames {
  readonly default: string
  readonly primary: string
}

const containerNames: MagicNames = { default: "default", primary: "primary" }
const initContainerNames: MagicNames = { default: "default-init", primary: "primary-init" }

const mergeContainers = (
  templates: ReadonlyArray<Container>,
  containers: ReadonlyArray<Container>,
  primaryName: string,
  magic: MagicNames
): ReadonlyArray<Container> =>
  containers.map((container) => {
    const named = (name: string): Container | undefined => templates.find((it) => it.name === name)
    const layers = [
      named(magic.default),
      container.name === primaryName ? named(magic.primary) : undefined,
      // A container that happens to have a magic name must not get that template's lists twice.
      container.name === magic.default || container.name === magic.primary ? undefined : named(container.name),
      container
    ]
    return layers.filter((it) => it !== undefined).reduce(merge)
  })

/**
 * Lays a task's pod on a template. Only the task's containers survive; each starts from the template's container
 * `default`, then `primary` if it is the primary one, then the one of its own name. `default-init` and `primary-init` do
 * the same for init containers.
 */
export const mergeOntoTemplate = (
  template: PodSpec,
  pod: PodSpec,
  primaryName: string,
  primaryInitName = ""
): PodSpec => {
  const { containers: _containers, initContainers: _init, ...rest } = merge(
    { ...template, containers: [], initContainers: [] } as PodSpec,
    { ...pod, containers: [], initContainers: [] } as PodSpec
  )
  const initContainers = mergeContainers(template.initContainers ?? [], pod.initContainers ?? [], primaryInitName, initContainerNames)
  return {
    ...rest,
    containers: mergeContainers(template.containers ?? [], pod.containers ?? [], primaryName, containerNames),
    ...(initContainers.length === 0 ? {} : { initContainers })
  }
}

const overlayContainers = (base: ReadonlyArray<Container>, overlay: ReadonlyArray<Container>): ReadonlyArray<Container> =>
  base.map((container) => overlay.filter((it) => it.name === container.name).reduce(merge, container))

/** Lays a customised pod on a base. Containers are matched by name; those that only the overlay has are left out. */
export const mergeOverlay = (base: PodSpec, overlay: PodSpec): PodSpec => {
  const initContainers = overlayContainers(base.initContainers ?? [], overlay.initContainers ?? [])
  const { initContainers: _init, ...rest } = merge(base, overlay)
  return {
    ...rest,
    containers: overlayContainers(base.containers ?? [], overlay.containers ?? []),
    ...(initContainers.length === 0 ? {} : { initContainers })
  }
}
