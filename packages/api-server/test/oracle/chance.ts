/** Chance for generated questions: the same seed asks the same questions. */
import { numbers } from "../makeServer.ts"

/** A stream of choices. */
export class Chance {
  private readonly next: () => number

  constructor(seed: number) {
    this.next = numbers(seed)
    // Neighbouring seeds begin alike.
    for (let i = 0; i < 8; i++) this.next()
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  /** True in one of `n` cases. */
  oneIn(n: number): boolean {
    return this.below(n) === 0
  }

  pick<A>(choices: ReadonlyArray<A>): A {
    return choices[this.below(choices.length)]!
  }

  /** Those that chance keeps: one in `n`. */
  some<A>(choices: ReadonlyArray<A>, n = 2): Array<A> {
    return choices.filter(() => this.oneIn(n))
  }

  /** Up to `most` things. */
  list<A>(most: number, make: (index: number) => A): Array<A> {
    return Array.from({ length: this.below(most + 1) }, (_, index) => make(index))
  }
}
