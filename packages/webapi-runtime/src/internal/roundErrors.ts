/** Errors of rounds, in the engine's terms. */
import { PluginError } from "@fairlead/core"
import type { WebApiError } from "../WebApiError.ts"
import type { SecretGuard } from "./secretGuard.ts"

/** A stored state that no version of the plugin can read: no retry helps. */
export const corrupt = (plugin: string, description: string): PluginError =>
  new PluginError({ plugin, code: "CorruptedPluginState", description, kind: "SYSTEM", retryable: false })

/** An error of the service where the engine has to try again. */
export const pluginErrorOf = ({ guard, id }: { readonly id: string; readonly guard: SecretGuard }, code: string, error: WebApiError): PluginError =>
  new PluginError({ plugin: id, code: error.code ?? code, description: guard.scrub(error.message), kind: "SYSTEM", retryable: error.retryable })
