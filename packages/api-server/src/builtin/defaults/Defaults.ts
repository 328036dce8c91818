/** What the API fills in where a built-in object says nothing, by Go type. */
import type { Defaults, DefaultsOf, TypeDefaults } from "../Decode.ts"
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

let byNode: Map<SchemaNode, TypeDefaults> | undefined

const readAll = (): Map<SchemaNode, TypeDefaults> => {
  const found = new Map<SchemaNode, TypeDefaults>()
  for (const name of new Set([...Object.keys(constants), ...Object.keys(rules)])) {
    const dot = name.lastIndexOf(".")
    const node = schemaOfType(name.slice(0, dot), name.slice(dot + 1))
    if (node !== undefined) found.set(node, { constants: constants[name], rule: rules[name] })
  }
  return found
}

const amounts: TypeDefaults = { each: roundedUp }

/** The defaults of a type; `undefined` where it has none. */
export const defaultsOf: DefaultsOf = (node) =>
  node.goType === "v1.ResourceList" ? amounts : (byNode ??= readAll()).get(node.base)
