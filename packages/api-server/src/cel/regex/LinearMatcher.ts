/** Matches expressions in time linear in the text, by a deterministic automaton that grows as it is used. */
import type { RegexNode } from "./RegexNode.ts"

/** A place in the expression and where it leads. */
interface Place {
  /** The character to take; `undefined` where none is taken. */
  readonly takes?: RegExp
  /** Only at the start or the end of the text. */
  readonly only?: "textStart" | "textEnd"
  next: ReadonlyArray<Place>
}

/** A set of places that the matcher can be at. */
interface State {
  readonly places: ReadonlyArray<Place>
  readonly done: boolean
  readonly doneAtEnd: boolean
  readonly after: Map<number, State>
}

const placesMax = 4000
const statesMax = 2000

/** Whether the automaton can decide the expression: no word or line boundaries, and not too many places. */
export const matchesLinearly = (node: RegexNode): boolean => sizeOf(node) <= placesMax

const sizeOf = (node: RegexNode): number => {
  switch (node.kind) {
    case "assert":
      return node.what === "textStart" || node.what === "textEnd" ? 1 : Number.POSITIVE_INFINITY
    case "sequence":
    case "choice":
      return node.parts.reduce((sum, part) => sum + sizeOf(part), 1)
    case "repeat":
      return sizeOf(node.of) * Math.max(1, node.max === Number.POSITIVE_INFINITY ? node.min + 1 : node.max) + 1
    default:
      return 1
  }
}

/** Decides whether texts contain a match. */
export class LinearMatcher {
  private readonly match: Place = { next: [] }
  private readonly start: Place
  private readonly states = new Map<string, State>()
  private readonly numbers = new Map<Place, number>()
  private first: State

  constructor(node: RegexNode) {
    this.start = this.place(node, this.match)
    this.first = this.state([this.start], true)
  }

  readonly test = (text: string): boolean => {
    let state = this.first
    for (let i = 0; i < text.length;) {
      if (state.done) return true
      const code = text.codePointAt(i)!
      i += code > 0xffff ? 2 : 1
      state = state.after.get(code) ?? this.step(state, code)
    }
    return state.done || state.doneAtEnd
  }

  private step(state: State, code: number): State {
    const char = String.fromCodePoint(code)
    const taken = state.places.filter((place) => place.takes!.test(char)).flatMap((place) => place.next)
    const next = this.state([...taken, this.start], false)
    state.after.set(code, next)
    return next
  }

  /** Follows the places that take no character. */
  private state(from: ReadonlyArray<Place>, atStart: boolean): State {
    const places: Array<Place> = []
    const now = this.reach(from, atStart, false, places)
    const end = this.reach(from, atStart, true, [])
    const key = `${now}${end}${places.map((place) => this.numberOf(place)).sort((a, b) => a - b).join()}`
    let state = this.states.get(key)
    if (state === undefined) {
      if (this.states.size >= statesMax) {
        this.states.clear()
        this.first.after.clear()
      }
      state = { places, done: now, doneAtEnd: end, after: new Map() }
      this.states.set(key, state)
    }
    return state
  }

  /** Whether a match is reached; adds the places that wait for a character. */
  private reach(from: ReadonlyArray<Place>, atStart: boolean, atEnd: boolean, waiting: Array<Place>): boolean {
    const seen = new Set<Place>()
    const stack = [...from]
    for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
      if (seen.has(place)) continue
      seen.add(place)
      if (place.takes !== undefined) waiting.push(place)
      else if (place.only === undefined || (place.only === "textStart" ? atStart : atEnd)) stack.push(...place.next)
    }
    return seen.has(this.match)
  }

  private numberOf(place: Place): number {
    let number = this.numbers.get(place)
    if (number === undefined) this.numbers.set(place, (number = this.numbers.size))
    return number
  }

  private place(node: RegexNode, next: Place): Place {
    switch (node.kind) {
      case "set":
        return { takes: new RegExp(`^${node.source}$`, node.fold ? "iu" : "u"), next: [next] }
      case "assert":
        return { only: node.what as "textStart" | "textEnd", next: [next] }
      case "sequence":
        return node.parts.reduceRight((after, part) => this.place(part, after), next)
      case "choice":
        return { next: node.parts.map((part) => this.place(part, next)) }
      case "repeat":
        return this.repetition(node.of, node.min, node.max, next)
      default:
        return next
    }
  }

  private repetition(of: RegexNode, min: number, max: number, next: Place): Place {
    let after = next
    if (max === Number.POSITIVE_INFINITY) {
      const loop: Place = { next: [] }
      loop.next = [this.place(of, loop), next]
      after = loop
    } else {
      for (let i = min; i < max; i++) after = { next: [this.place(of, after), next] }
    }
    for (let i = 0; i < min; i++) after = this.place(of, after)
    return after
  }
}
