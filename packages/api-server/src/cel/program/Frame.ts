/** What an expression works on while it is carried out. */
import type { Value } from "../values/Value.ts"
import { EvaluationError } from "../values/Value.ts"

/** An expression took more work than it may; nothing goes on after that. */
export class CostExceeded extends Error {
  override readonly name = "CostExceeded"
}

/** Values of variables, and a count of the work done. */
export class Frame {
  readonly slots: Array<Value | EvaluationError>
  cost = 0
  private readonly limit: number

  constructor(slots: Array<Value | EvaluationError>, limit: number) {
    this.slots = slots
    this.limit = limit
  }

  /** Counts work; ends the evaluation when it becomes too much. */
  spend(amount: number): void {
    this.cost += amount
    if (this.cost > this.limit) throw new CostExceeded("operation cancelled: actual cost limit exceeded")
  }
}

/** Carries out an expression or a part of one. */
export type Evaluate = (frame: Frame) => Value
