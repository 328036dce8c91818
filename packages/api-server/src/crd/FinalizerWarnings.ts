/** Finalizers without a domain are taken, but not without a word. */
import type { ObjectMeta } from "@fairlead/kube"
import { goQuote } from "../builtin/GoText.ts"
import { qualifiedNameErrors } from "../internal/nameRules.ts"
import { standardFinalizers } from "../rest/MetadataRules.ts"

/** Adds a warning for each new finalizer that could collide with those of others. */
export const warnOfFinalizers = (warnings: Array<string>, { finalizers }: ObjectMeta, previous: ObjectMeta | undefined): void => {
  if (finalizers === undefined || finalizers.length === 0 || finalizers === previous?.finalizers) return
  const added = new Set(finalizers)
  for (const finalizer of previous?.finalizers ?? []) added.delete(finalizer)
  for (const finalizer of [...added].sort()) {
    const named = (): string => `metadata.finalizers: ${goQuote(finalizer)}`
    for (const error of qualifiedNameErrors(finalizer)) warnings.push(`${named()}: ${error}`)
    if (finalizer.includes("/") || standardFinalizers.has(finalizer)) continue
    const form = finalizer.includes(".") ? "name including a path (/)" : "name"
    warnings.push(`${named()}: prefer a domain-qualified finalizer ${form} to avoid accidental conflicts with other finalizer writers`)
  }
}
