/** What the API fills in where a built-in object says nothing, by Go type. */
import type { Defaults, DefaultsOf } from "../Decode.ts"
import { schemaOfType } from "../SchemaData.ts"
import type { SchemaNode } from "../SchemaNode.ts"
import { constants } from "./ConstantDefaults.ts"
import { coreRules } from "./CoreDefaults.ts"
import { definitionRules } from "./DefinitionDefaults.ts"
import { flowRules } from "./FlowDefaults.ts"
import { podRules, roundedUp } from "./PodDefaults.ts"
import { serviceRules } from "./ServiceDefaults.ts"
import { workloadRules } from "./WorkloadDefaults.ts"

const rules: Readonly<Record<string, Defaults>> = { ...coreRules, ...definitionRules, ...flowRules, ...podRules, ...serviceRules, ...workloadRules }

/** Fields that are written out even when they are empty count as left out too. */
const isMissing = (value: unknown): boolean => value === undefined || value === null || value === ""

const setConstants = (values: Readonly<Record<string, unknown>>): Defaults => {
  const entries = Object.entries(values)
  return (out) => {
    for (const [name, value] of entries) if (isMissing(out[name])) out[name] = value
  }
}

const combined = (name: string): Defaults => {
  const values = constants[name]
  const rule = rules[name]
  if (values === undefined) return rule as Defaults
  const plain = setConstants(values)
  if (rule === undefined) return plain
  return (out) => {
    plain(out)
    rule(out)
  }
}

let byNode: Map<SchemaNode, Defaults> | undefined

const readAll = (): Map<SchemaNode, Defaults> => {
  const found = new Map<SchemaNode, Defaults>()
  for (const name of new Set([...Object.keys(constants), ...Object.keys(rules)])) {
    const dot = name.lastIndexOf(".")
    const node = schemaOfType(name.slice(0, dot), name.slice(dot + 1))
    if (node !== undefined) found.set(node, combined(name))
  }
  return found
}

/** The defaults of a type; `undefined` where it has none. */
export const defaultsOf: DefaultsOf = (node) =>
  node.goType === "v1.ResourceList" ? roundedUp : (byNode ??= readAll()).get(node.base)
