/** Plays one call again and again until all that it asks outside the server is answered. */
import { internalError, type ApiFailure } from "../ApiFailure.ts"
import { randomUid } from "../internal/randomNames.ts"
import type { ServerContext } from "../ServerContext.ts"
import { AskOutside, within, type Outside, type OutsideAnswer, type Question } from "./Outside.ts"

/** Sends a request; `caBundle` is the PEM text of the authority to trust, if one is given. */
export type OutsideFetch = (request: Request, trust: { readonly caBundle: string | undefined }) => Promise<Response>

/** A call that asks this often will never end. */
const roundsMax = 100

/** What one call has learnt from outside, with its time and its chance. */
export class OutsideSession implements Outside {
  private readonly known = new Map<string, OutsideAnswer>()
  private readonly drawn: Array<number> = []
  private readonly base: ServerContext
  private readonly post: OutsideFetch | undefined
  private readonly time: number

  constructor(base: ServerContext, post: OutsideFetch | undefined) {
    this.base = base
    this.post = post
    this.time = base.now()
  }

  answers(questions: ReadonlyArray<Question>): ReadonlyArray<OutsideAnswer> {
    const open = questions.filter(({ key }) => !this.known.has(key))
    if (open.length > 0) throw new AskOutside(open)
    return questions.map(({ key }) => this.known.get(key)!)
  }

  /** Plays a call; `fail` makes the answer of one that cannot be played again. */
  async play<A>(call: (context: ServerContext) => A, fail: (failure: ApiFailure) => A): Promise<A> {
    for (let round = 0; round < roundsMax; round++) {
      const revision = this.base.store.revision
      try {
        return within(this, () => call(this.context()))
      } catch (error) {
        if (!(error instanceof AskOutside)) throw error
        if (this.base.store.revision !== revision) return fail(internalError("the call had written something before it had to wait for a webhook"))
        const answers = await Promise.all(error.questions.map((question) => this.ask(question)))
        error.questions.forEach(({ key }, i) => this.known.set(key, answers[i]!))
      }
    }
    return fail(internalError(`webhooks were asked ${roundsMax} times and the call had still more questions`))
  }

  /** The inside of the server as this call sees it: at one moment, with the same chance in every round. */
  private context(): ServerContext {
    let next = 0
    return Object.assign(Object.create(this.base) as ServerContext, {
      outside: this,
      now: () => this.time,
      random: () => (this.drawn[next++] ??= this.base.random())
    })
  }

  private async ask({ caBundle, document, tellsTimeout, timeoutMs, url }: Question): Promise<OutsideAnswer> {
    const uid = randomUid(this.base.random)
    const target = tellsTimeout === true ? `${url}${url.includes("?") ? "&" : "?"}timeout=${Math.ceil(timeoutMs / 1000)}s` : url
    const refused = (why: string): OutsideAnswer => ({ problem: `Post ${JSON.stringify(target)}: ${why}` })
    const { post } = this
    if (post === undefined) return refused("the server was made without a fetch to call webhooks with")
    const abort = new AbortController()
    let stop = (): void => undefined
    const late = new Promise<OutsideAnswer>((resolve) => {
      stop = this.base.schedule(timeoutMs, () => {
        abort.abort()
        resolve(refused("context deadline exceeded"))
      })
    })
    const body = JSON.stringify(document(uid))
    const headers = { "accept": "application/json, */*", "content-type": "application/json" }
    const send = async (): Promise<OutsideAnswer> => {
      try {
        const response = await post(new Request(target, { method: "POST", headers, body, signal: abort.signal }), { caBundle })
        return { uid, status: response.status, text: await response.text() }
      } catch (error) {
        return refused(error instanceof Error ? error.message : String(error))
      }
    }
    try {
      return await Promise.race([send(), late])
    } finally {
      stop()
    }
  }
}
