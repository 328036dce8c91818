/** The fields that a scale shows must have values that it can show. */
import type { StatusCause } from "@fairlead/kube"
import { goPrint, goTypeOf } from "../builtin/GoText.ts"
import { isObject } from "../builtin/Sharing.ts"
import type { ScalePaths } from "../subresources/Scale.ts"
import { invalid } from "./Causes.ts"

const replicasMax = 2 ** 31 - 1

/** What is wrong with the wanted number of replicas. */
export const checkScaleSpec = (object: object, { spec }: ScalePaths): ReadonlyArray<StatusCause> => checkReplicas(object, spec)

/** What is wrong with the actual number of replicas and with the selector. */
export const checkScaleStatus = (object: object, { status, selector }: ScalePaths): ReadonlyArray<StatusCause> => {
  const problem = selector === undefined ? undefined : find(object, selector, "string")
  return [...checkReplicas(object, status), ...(typeof problem === "string" ? [invalid(`.${selector!.join(".")}`, "", problem)] : [])]
}

const checkReplicas = (object: object, path: ReadonlyArray<string>): ReadonlyArray<StatusCause> => {
  const field = `.${path.join(".")}`
  const found = find(object, path, "int64")
  if (typeof found === "string") return [invalid(field, 0, found)]
  const value = found.value as number | undefined
  if (value === undefined) return []
  if (value < 0) return [invalid(field, value, "should be a non-negative integer")]
  return value > replicasMax ? [invalid(field, value, `should be less than or equal to ${replicasMax}`)] : []
}

/** The value at a path, or Go's error for what stands there or on the way. */
const find = (object: object, path: ReadonlyArray<string>, type: "int64" | "string"): { readonly value: unknown } | string => {
  let value: unknown = object
  for (const [i, key] of path.entries()) {
    if (!isObject(value)) return value === null ? { value: undefined } : mismatch(path.slice(0, i + 1), value, "map[string]interface{}")
    if (!Object.hasOwn(value, key)) return { value: undefined }
    value = value[key]
  }
  const fits = type === "string" ? typeof value === "string" : typeof value === "number" && Number.isInteger(value)
  return fits ? { value } : mismatch(path, value, type)
}

const mismatch = (path: ReadonlyArray<string>, value: unknown, type: string): string =>
  `.${path.join(".")} accessor error: ${goPrint(value)} is of the type ${value === null ? "<nil>" : goTypeOf(value)}, expected ${type}`
