/** Watches over secrets that plugins read, so that none of them is stored or shown. */
import type { SecretAccessor } from "@fairlead/core"
import { Effect, Redacted } from "effect"

/** Values that are remembered; with more in use the oldest are no longer looked for. */
const valuesMax = 1000
/** Shorter texts stand by chance in too many others. */
const lengthMin = 6

/** Knows the secrets that were read through it. One for each plugin: the same few secrets serve many jobs. */
export class SecretGuard {
  readonly #values = new Set<string>()

  /** The accessor, watched. */
  watch(accessor: SecretAccessor): SecretAccessor {
    return {
      get: (reference) => Effect.map(accessor.get(reference), (secret) => {
        this.#remember(Redacted.value(secret))
        return secret
      })
    }
  }

  /** Takes every known secret out of a text for people. */
  scrub(text: string): string {
    let clean = text
    for (const value of this.#values) if (clean.includes(value)) clean = clean.replaceAll(value, "<redacted>")
    return clean
  }

  /** True when a text that is to be stored holds a known secret, as it is or escaped as in JSON. */
  isIn(text: string): boolean {
    for (const value of this.#values) if (text.includes(value) || text.includes(JSON.stringify(value).slice(1, -1))) return true
    return false
  }

  #remember(value: string): void {
    if (value.length < lengthMin || this.#values.has(value)) return
    if (this.#values.size >= valuesMax) for (const oldest of this.#values) {
      this.#values.delete(oldest)
      break
    }
    this.#values.add(value)
  }
}
