/** The settings of a plugin as they are now: what it answers is checked when it is another answer than before. */
import { Result } from "effect"
import { parsePluginConfig, type PluginConfig, type PluginConfigInput, type PluginConfigInvalid } from "../PluginConfig.ts"
import { isSameValue } from "./sameValue.ts"

/** Keeps the last good settings. */
export class LiveSettings {
  readonly #ask: () => PluginConfigInput
  readonly #onChange: Array<(config: PluginConfig) => void> = []
  #input: PluginConfigInput
  #config: PluginConfig
  /** Why the newest settings are not in force. */
  #problem: PluginConfigInvalid | undefined

  private constructor(ask: () => PluginConfigInput, input: PluginConfigInput, config: PluginConfig) {
    this.#ask = ask
    this.#input = input
    this.#config = config
  }

  /** Reads the first settings, which must be good. */
  static make(ask: () => PluginConfigInput): Result.Result<LiveSettings, PluginConfigInvalid> {
    const input = ask()
    return Result.map(parsePluginConfig(input), (config) => new LiveSettings(ask, input, config))
  }

  /** Calls `listener` now and whenever the settings change. */
  follow(listener: (config: PluginConfig) => void): void {
    this.#onChange.push(listener)
    listener(this.#config)
  }

  /** The settings, and once what is wrong with new ones. */
  read(): { readonly config: PluginConfig; readonly problem: PluginConfigInvalid | undefined } {
    const input = this.#ask()
    if (input !== this.#input) {
      const isNew = !isSameValue(input, this.#input)
      this.#input = input
      if (isNew) this.#change(input)
    }
    const problem = this.#problem
    this.#problem = undefined
    return { config: this.#config, problem }
  }

  #change(input: PluginConfigInput): void {
    const parsed = parsePluginConfig(input)
    if (Result.isFailure(parsed)) {
      this.#problem = parsed.failure
      return
    }
    this.#config = parsed.success
    for (const listener of this.#onChange) listener(parsed.success)
  }
}
