/** Time that stands still until it is told to pass. */

interface Timer {
  readonly at: number
  readonly run: () => void
  dead: boolean
}

/** A clock with timers. */
export class VirtualTime {
  private timers: Array<Timer> = []
  private current: number

  constructor(start: number) {
    this.current = start
  }

  readonly now = (): number => this.current

  readonly schedule = (delayMs: number, run: () => void): () => void => {
    const timer: Timer = { at: this.current + delayMs, run, dead: false }
    let index = this.timers.findIndex((other) => other.at > timer.at)
    if (index < 0) index = this.timers.length
    this.timers.splice(index, 0, timer)
    return () => void (timer.dead = true)
  }

  /** Lets time pass, running what is due on the way. */
  advance(millis: number): void {
    const end = this.current + millis
    for (let next = this.timers[0]; next !== undefined && next.at <= end; next = this.timers[0]) {
      this.timers.shift()
      this.current = Math.max(this.current, next.at)
      if (!next.dead) next.run()
    }
    this.current = end
  }
}
