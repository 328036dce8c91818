/** Defaults of flow schemas and priority levels, where zero says nothing. */
import type { Defaults } from "../Decode.ts"

const orElse = (values: Readonly<Record<string, number>>): Defaults => {
  const entries = Object.entries(values)
  return (out) => {
    for (const [name, value] of entries) if (!out[name]) out[name] = value
  }
}

const unlessGiven = (values: Readonly<Record<string, number>>): Defaults => {
  const entries = Object.entries(values)
  return (out) => {
    for (const [name, value] of entries) out[name] ??= value
  }
}

/** Rules by Go type. */
export const flowRules: Readonly<Record<string, Defaults>> = {
  "flowcontrol/v1.FlowSchemaSpec": orElse({ matchingPrecedence: 1000 }),
  "flowcontrol/v1.QueuingConfiguration": orElse({ queues: 64, handSize: 8, queueLengthLimit: 50 }),
  "flowcontrol/v1.LimitedPriorityLevelConfiguration": unlessGiven({ nominalConcurrencyShares: 30, lendablePercent: 0 }),
  "flowcontrol/v1.ExemptPriorityLevelConfiguration": unlessGiven({ nominalConcurrencyShares: 0, lendablePercent: 0 })
}
