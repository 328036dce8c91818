/** Plugin state between its form for plugins and its form in the status. */
import type { PluginState, TaskAction } from "@fairlead/core"
import { Result } from "effect"
import * as Base64 from "effect/encoding/Base64"

type Status = TaskAction.TaskActionStatus

/** Texts that were made before: a state is compared and stored in several rounds. States never change. */
const texts = new WeakMap<PluginState, string>()

/** The form in which the status holds a state. */
export const textOf = (state: PluginState): string => {
  let text = state.text ?? texts.get(state)
  if (text === undefined) {
    text = Base64.encode(state.bytes)
    texts.set(state, text)
  }
  return text
}

/** True when the status holds exactly `state`. */
export const holds = (status: Status, state: PluginState): boolean =>
  status.pluginState !== undefined && (status.pluginStateVersion ?? 0) === state.version && status.pluginState === textOf(state)

/** The stored state. Text that is not base64 comes back as bytes that no plugin can take for its own. */
export const fromStatus = (status: Status | undefined): PluginState | undefined => {
  if (status?.pluginState === undefined || status.pluginState === "") return undefined
  const bytes = Result.getOrElse(Base64.decode(status.pluginState), () => new TextEncoder().encode(status.pluginState))
  return { version: status.pluginStateVersion ?? 0, bytes }
}
