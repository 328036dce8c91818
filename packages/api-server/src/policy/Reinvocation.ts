/** Remembers, within one write, which changes must be tried a second time because later ones changed the object again. */

const none: ReadonlyArray<string> = []

/** Policies, or webhooks, that may look again: few or, mostly, none. */
export class Reinvoked {
  /** The object as they left it in the first round. */
  left: unknown
  private seen: ReadonlyArray<string> = none
  private wanted: ReadonlyArray<string> = none

  /** One that may look again has had its turn. */
  remember(key: string): void {
    this.seen = [...this.seen, key]
  }

  /** The object has changed: those that had their turn have to look again. */
  require(): void {
    this.wanted = [...this.wanted, ...this.seen]
    this.seen = none
  }

  /** Whether one has to look again. */
  wants(key: string): boolean {
    return this.wanted.includes(key)
  }
}

/** What the second round of changes has to know of the first. */
export class Reinvocation {
  readonly policies = new Reinvoked()
  readonly webhooks = new Reinvoked()
  /** Whether this is the second round. */
  isSecond = false
  /** Whether there has to be a second round. */
  isNeeded = false
}
