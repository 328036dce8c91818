/** Secrets of plugins in variables and files, read on every use, so that a rotated one is known at once. */
import type { SecretReference } from "@fairlead/core"
import { LaunchSecrets, secretNotFound, variableOf } from "@fairlead/reconciler"
import { Effect, Layer, Redacted } from "effect"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { Settings } from "./Settings.ts"

/** Steps of a path that a reference may be made of: nothing that leads out of the folder. */
const step = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/

const fileOf = (folder: string, { group = "", key }: SecretReference): string | undefined => {
  const steps = [group, key].filter((it) => it !== "")
  return steps.every((it) => step.test(it)) ? join(folder, ...steps.map((it) => it.toLowerCase())) : undefined
}

/** Provides them. */
export const layer = ({ folder, variablePrefix }: Settings["secrets"], environment: { readonly [name: string]: string | undefined }): Layer.Layer<LaunchSecrets> =>
  Layer.succeed(LaunchSecrets, {
    get: (plugin, _scope, reference) => Effect.gen(function*() {
      const name = variableOf(variablePrefix, reference)
      const value = environment[name]
      if (value !== undefined) return Redacted.make(value)
      const file = fileOf(folder, reference)
      if (file === undefined) return yield* secretNotFound(plugin, reference, "its name is none that a file can have")
      const text = yield* Effect.tryPromise({
        try: () => readFile(file, "utf8"),
        catch: () => secretNotFound(plugin, reference, `neither the variable ${name} nor the file ${file} is there`)
      })
      return Redacted.make(text.replace(/\r?\n$/, ""))
    })
  })
