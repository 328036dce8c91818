/** Secrets for plugins: fetched when they are used, never stored. */
import { PluginError, type SecretReference } from "@fairlead/core"
import { Context, Effect, Layer, Redacted } from "effect"

/** The action that a secret is fetched for: drivers that keep secrets apart by tenant look at it. */
export interface SecretScope {
  readonly namespace: string
  readonly project: string
  readonly domain: string
}

/** Fetches what references stand for. Without it in its surroundings the engine knows no secrets. */
export class LaunchSecrets extends Context.Service<LaunchSecrets, {
  /** `plugin` names the asker in errors. The value must not be kept longer than the call that needs it. */
  readonly get: (plugin: string, scope: SecretScope, reference: SecretReference) => Effect.Effect<Redacted.Redacted<string>, PluginError>
}>()("@fairlead/reconciler/LaunchSecrets") {
  /** Knows no secret. */
  static readonly none: LaunchSecrets["Service"] = {
    get: (plugin, _scope, reference) => Effect.fail(secretNotFound(plugin, reference, "no source of secrets is configured"))
  }

  /**
   * Secrets in variables named `<prefix><GROUP>_<KEY>`, in capitals and with `_` for what variables cannot be named with, as
   * Flyte's `FLYTE_SECRET_` variables are. `variables` is read on every call.
   */
  static readonly layerVariables = (variables: () => { readonly [name: string]: string | undefined }, prefix: string): Layer.Layer<LaunchSecrets> =>
    Layer.succeed(LaunchSecrets, {
      get: (plugin, _scope, reference) => Effect.suspend(() => {
        const name = variableOf(prefix, reference)
        const value = variables()[name]
        return value === undefined ? Effect.fail(secretNotFound(plugin, reference, `the variable ${name} is not set`)) : Effect.succeed(Redacted.make(value))
      })
    })
}

/** The name of the variable that holds a secret. */
export const variableOf = (prefix: string, { group, key }: SecretReference): string =>
  prefix + [group ?? "", key].filter((part) => part !== "").map((part) => part.toUpperCase().replace(/[^A-Z0-9]/g, "_")).join("_")

/** The error for a secret that is not there; it may appear, so it is worth a retry. */
export function secretNotFound(plugin: string, { group, key }: SecretReference, why: string): PluginError {
  const name = group === undefined || group === "" ? key : `${group}/${key}`
  return new PluginError({ plugin, code: "SecretNotFound", description: `there is no secret "${name}": ${why}`, kind: "USER", retryable: true })
}
