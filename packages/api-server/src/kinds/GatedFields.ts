/** Fields of features that are off unless somebody turns them on: what is sent in them is dropped without a word. */
import type { KubeObject } from "@fairlead/kube"
import { type Fields, isObject } from "../builtin/Sharing.ts"
import type { Draft } from "../Draft.ts"

/** By `group/plural`: paths below the object. */
const gated: Readonly<Record<string, ReadonlyArray<string>>> = {
  "apps/statefulsets": ["spec.updateStrategy.rollingUpdate.maxUnavailable"],
  "coordination.k8s.io/leases": ["spec.strategy", "spec.preferredHolder"]
}

/** Drops what the old object does not have either. */
export const dropGatedFields = (key: string): ((draft: Draft, previous?: KubeObject) => void) | undefined => {
  const paths = gated[key]?.map((path) => path.split("."))
  if (paths === undefined) return undefined
  return (draft, previous) => {
    for (const [first, ...rest] of paths) {
      const part = draft[first!]
      const before = previous === undefined ? undefined : (previous as unknown as Draft)[first!]
      if (isObject(part)) draft[first!] = without(part, rest, isObject(before) ? before : undefined)
    }
  }
}

const without = (part: Fields, [key, ...rest]: ReadonlyArray<string>, before: Fields | undefined): Fields => {
  const found = part[key!]
  if (found === undefined) return part
  const had = before?.[key!]
  if (rest.length > 0) return isObject(found) ? { ...part, [key!]: without(found, rest, isObject(had) ? had : undefined) } : part
  if (had !== undefined) return part
  const { [key!]: _, ...kept } = part
  return kept
}
