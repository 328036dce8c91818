/** Remembers, within one write, which changes must be tried a second time because later ones changed the object again. */

/** Policies, or webhooks, that may look again. */
export class Reinvoked {
  /** The object as they left it in the first round. */
  left: unknown
  private readonly seen = new Set<string>()
  private readonly wanted = new Set<string>()

  /** One that may look again has had its turn. */
  remember(key: string): void {
    this.seen.add(key)
  }

  /** The object has changed: those that had their turn have to look again. */
  require(): void {
    for (const key of this.seen) this.wanted.add(key)
    this.seen.clear()
  }

  /** Whether one has to look again. */
  wants(key: string): boolean {
    return this.wanted.has(key)
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
