/** Sums and comparisons of amounts by resource name, such as requests and limits. */
import { type Container, type PodSpec, Quantity } from "@fairlead/kube"

/** Amounts as objects hold them. */
export type ResourceList = { readonly [name: string]: string }

/** Amounts to reckon with. */
export type Amounts = ReadonlyMap<string, Quantity.Quantity>

/** Reads an amount. What is no amount counts as nothing. */
export const amountOf = (text: string | number): Quantity.Quantity => Quantity.parse(text) ?? Quantity.zero

/** Reads a list. */
export const amountsOf = (list: ResourceList | undefined): Amounts => new Map(Object.entries(list ?? {}).map(([name, text]) => [name, amountOf(text)]))

/** Writes a list, names in order. */
export const formatAmounts = (amounts: Amounts): ResourceList =>
  Object.fromEntries([...amounts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, amount]) => [name, Quantity.format(amount)]))

/** `cpu=1,memory=1Gi`, names in order. */
export const printAmounts = (amounts: Amounts): string => Object.entries(formatAmounts(amounts)).map(([name, text]) => `${name}=${text}`).join(",")

/** Both together. */
export const addAmounts = (a: Amounts, b: Amounts): Amounts => {
  const sum = new Map(a)
  for (const [name, amount] of b) {
    const before = sum.get(name)
    sum.set(name, before === undefined ? amount : Quantity.add(before, amount))
  }
  return sum
}

/** The larger one of each. */
export const maxAmounts = (a: Amounts, b: Amounts): Amounts => {
  const most = new Map(a)
  for (const [name, amount] of b) {
    const other = most.get(name)
    if (other === undefined || Quantity.compare(amount, other) > 0) most.set(name, amount)
  }
  return most
}

/** Those whose names pass. */
export const keepAmounts = (amounts: Amounts, keeps: (name: string) => boolean): Amounts => new Map([...amounts].filter(([name]) => keeps(name)))

const ofPods = new Set(["cpu", "memory"])

/** Resources that may be asked for by the pod as a whole. */
const isPodLevel = (name: string): boolean => ofPods.has(name) || name.startsWith("hugepages-")

/**
 * Requests or limits of a pod: main containers and sidecars together, or an init container together with the sidecars
 * before it where that is more. What the pod asks for as a whole takes the place of that.
 */
export const podAmounts = (spec: PodSpec, kind: "requests" | "limits"): Amounts => {
  let steady: Amounts = new Map()
  let sidecars: Amounts = new Map()
  let peak: Amounts = new Map()
  const asked = (container: Container): Amounts => amountsOf(container.resources?.[kind])
  for (const container of spec.containers) steady = addAmounts(steady, asked(container))
  for (const container of spec.initContainers ?? []) {
    const together = addAmounts(sidecars, asked(container))
    if (container.restartPolicy === "Always") {
      steady = addAmounts(steady, asked(container))
      sidecars = together
    }
    peak = maxAmounts(peak, together)
  }
  const summed = maxAmounts(steady, peak)
  const own = keepAmounts(amountsOf(spec.resources?.[kind]), isPodLevel)
  return own.size === 0 ? summed : new Map([...summed, ...own])
}
