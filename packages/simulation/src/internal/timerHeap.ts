/** A heap of timers, ordered by time and then by the order in which they were set. */

/** A timer in the heap. It is dead once `run` is gone: cancelled or already run. */
export interface Timer {
  /** Milliseconds since the start; fractions are allowed. */
  readonly time: number
  readonly sequence: number
  run: (() => void) | undefined
}

/** Below this size dead timers are left to be skipped; sweeping a small heap costs more than it saves. */
const sweepSizeMin = 64
const capacityMin = 64

/**
 * Heap of four children a node, with lazy deletion: a cancelled timer stays until it reaches the top or until more than half of the
 * heap is dead, when all dead ones are swept out at once. `(time, sequence)` is a total order, so the order of
 * `pop` never depends on the shape of the heap.
 *
 * Times lie in an array of their own beside the timers: comparing numbers in one piece of memory is most of the work.
 */
export class TimerHeap {
  private timers: Array<Timer> = []
  private times = new Float64Array(capacityMin)
  private sequence = 0
  private dead = 0

  /** Timers that are still to run. */
  get size(): number {
    return this.timers.length - this.dead
  }

  /** Slots in use, dead ones included. */
  get capacity(): number {
    return this.timers.length
  }

  push(time: number, run: () => void): Timer {
    const timer: Timer = { time, sequence: this.sequence++, run }
    const at = this.timers.length
    if (at === this.times.length) {
      const times = new Float64Array(2 * at)
      times.set(this.times)
      this.times = times
    }
    this.timers.push(timer)
    this.times[at] = time
    this.siftUp(at)
    return timer
  }

  /** Kills the timer; killing a dead one does nothing. */
  cancel(timer: Timer): void {
    if (timer.run === undefined) return
    timer.run = undefined
    this.dead++
    if (this.timers.length > sweepSizeMin && this.dead * 2 > this.timers.length) this.sweep()
  }

  /** Takes the earliest live timer out. The caller reads `run` and must set it to `undefined`. */
  pop(): Timer | undefined {
    while (this.timers.length > 0) {
      const top = this.removeTop()
      if (top.run !== undefined) return top
      this.dead--
    }
    return undefined
  }

  private removeTop(): Timer {
    const timers = this.timers
    const top = timers[0]!
    const last = timers.pop()!
    if (timers.length > 0) {
      timers[0] = last
      this.times[0] = last.time
      this.siftDown(0)
    }
    return top
  }

  private sweep(): void {
    this.timers = this.timers.filter((timer) => timer.run !== undefined)
    this.dead = 0
    this.timers.forEach((timer, index) => {
      this.times[index] = timer.time
    })
    for (let index = (this.timers.length - 2) >> 2; index >= 0; index--) this.siftDown(index)
  }

  private siftUp(start: number): void {
    const { timers, times } = this
    const timer = timers[start]!
    const time = times[start]!
    let index = start
    while (index > 0) {
      const parent = (index - 1) >> 2
      const above = times[parent]!
      if (time > above || (time === above && timer.sequence > timers[parent]!.sequence)) break
      timers[index] = timers[parent]!
      times[index] = above
      index = parent
    }
    timers[index] = timer
    times[index] = time
  }

  private siftDown(start: number): void {
    const { timers, times } = this
    const length = timers.length
    const timer = timers[start]!
    const time = times[start]!
    let index = start
    for (;;) {
      const first = 4 * index + 1
      if (first >= length) break
      const end = Math.min(first + 4, length)
      let child = first
      for (let other = first + 1; other < end; other++) if (this.isBefore(other, child)) child = other
      const below = times[child]!
      if (below > time || (below === time && timers[child]!.sequence > timer.sequence)) break
      timers[index] = timers[child]!
      times[index] = below
      index = child
    }
    timers[index] = timer
    times[index] = time
  }

  private isBefore(a: number, b: number): boolean {
    const before = this.times[a]!
    const after = this.times[b]!
    return before < after || (before === after && this.timers[a]!.sequence < this.timers[b]!.sequence)
  }
}
