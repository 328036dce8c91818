/**
 * How a call asks somebody outside the server, such as an admission webhook, although it is carried out at once.
 *
 * Flow: what needs an answer that is not known yet interrupts the call (`AskOutside`) before it has written anything.
 * The questions are asked, and the call is played again from its start with the answers known, with the same time and
 * the same chance. So the order of admission is that of a plain call, and a call that finds another state of the store
 * when it is played again asks anew where its questions have changed.
 */

/** Something that is to be sent by POST. */
export interface Question {
  /** Equal questions have equal keys. */
  readonly key: string
  readonly url: string
  /** PEM text of the authority that vouches for the other side. */
  readonly caBundle: string | undefined
  readonly timeoutMs: number
  /** Whether the other side is told the timeout. */
  readonly tellsTimeout?: boolean
  /** The document to send; `uid` tells one try from the next. */
  readonly document: (uid: string) => object
}

/** What came back, or why nothing did. */
export type OutsideAnswer =
  | { readonly uid: string; readonly status: number; readonly text: string }
  | { readonly problem: string }

/** Interrupts a call until its questions are answered. */
export class AskOutside extends Error {
  override readonly name = "AskOutside"
  readonly questions: ReadonlyArray<Question>

  constructor(questions: ReadonlyArray<Question>) {
    super("the call has to wait for somebody outside the server")
    this.questions = questions
  }
}

/** Gives answers to one call. */
export interface Outside {
  /** The answers, in the order of the questions. Throws `AskOutside` with those that were never asked. */
  readonly answers: (questions: ReadonlyArray<Question>) => ReadonlyArray<OutsideAnswer>
}

/** For calls that cannot wait. */
export const unreachable: Outside = {
  answers: (questions) =>
    questions.map(({ url }) => ({ problem: `Post ${JSON.stringify(url)}: the call was made synchronously and cannot wait: use ApiServer.answer` }))
}

let current: Outside = unreachable

/** Who answers the call that is being carried out: calls are carried out one after the other, each to its end. */
export const currentOutside = (): Outside => current

/** Carries out a call whose questions are answered by `outside`. */
export const within = <A>(outside: Outside, call: () => A): A => {
  const before = current
  current = outside
  try {
    return call()
  } finally {
    current = before
  }
}
