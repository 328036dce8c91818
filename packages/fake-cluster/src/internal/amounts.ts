/** Kubernetes quantities as plain numbers: close enough to compare requests with what a node has. */
import { Quantity } from "@fairlead/kube"

const known = new Map<string, number | undefined>()
const knownMost = 10_000

/** The number that a quantity stands for; `undefined` when it cannot be read. Answers are kept: few different ones occur. */
export const amountOf = (text: string): number | undefined => {
  if (known.has(text)) return known.get(text)
  const quantity = Quantity.parse(text)
  const amount = quantity === undefined ? undefined : Quantity.toNumber(quantity)
  if (known.size < knownMost) known.set(text, amount)
  return amount
}
