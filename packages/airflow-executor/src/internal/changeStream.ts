/** The stream of changes, as lines of JSON or as server-sent events. */
import { Effect } from "effect"
import type { RunBook } from "../RunBook.ts"
import { HttpRefusal } from "./httpAnswers.ts"
import { runToWire } from "./runWire.ts"

export interface ChangeSource {
  readonly book: RunBook
  readonly epoch: string
  readonly run: <A>(effect: Effect.Effect<A>, signal?: AbortSignal) => Promise<A>
}

/** A line without news, so that both sides see a connection that is dead. */
const aliveEvery = "15 seconds"
/** Changes in one go; who reads slowly gets the rest later. */
const batch = 500

const encoder = new TextEncoder()

/** Begins behind the cursor; without one with the state of every run. */
export const changesResponse = ({ book, epoch, run }: ChangeSource, request: Request, url: URL): Response => {
  const cursor = url.searchParams.get("after") ?? request.headers.get("last-event-id") ?? undefined
  const isEvents = (request.headers.get("accept") ?? "").includes("text/event-stream")
  let position = cursor === undefined ? book.last : positionOf(cursor, epoch)
  if (position === undefined || book.after(position, 1) === undefined) {
    throw new HttpRefusal(410, "Expired", `the changes behind the cursor "${cursor}" are not known any more; begin without one`)
  }
  const write = (body: object, number: number): Uint8Array => {
    const id = `${epoch}-${number}`
    const text = JSON.stringify({ ...body, cursor: id })
    return encoder.encode(isEvents ? `id: ${id}\ndata: ${text}\n\n` : `${text}\n`)
  }
  const aborted = new AbortController()
  let stop = (): void => undefined
  let wake = (): void => undefined
  let isBehind = false
  const listen = (resume: () => void): void => {
    wake = resume
    if (isBehind) resume()
  }
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      stop = book.subscribe(() => {
        isBehind = true
        wake()
      })
      request.signal?.addEventListener("abort", () => aborted.abort())
      if (cursor === undefined) {
        controller.enqueue(write({ type: "reset" }, position!))
        for (const view of book.list()) controller.enqueue(write(runToWire(view), position!))
      }
    },
    pull: async (controller) => {
      for (;;) {
        isBehind = false
        const changes = book.after(position!, batch)
        if (aborted.signal.aborted || changes === undefined) return controller.close()
        for (const { number, run: view } of changes) controller.enqueue(write(runToWire(view), (position = number)))
        if (changes.length > 0) return
        const isNews = await run(news(listen), aborted.signal).catch(() => undefined)
        if (isNews === false) return controller.enqueue(write({ type: "alive" }, position!))
      }
    },
    cancel: () => {
      stop()
      aborted.abort()
    }
  })
  return new Response(stream, { headers: { "content-type": isEvents ? "text/event-stream" : "application/x-ndjson", "cache-control": "no-store" } })
}

/** True with the next change, false when there is none for a while. */
const news = (listen: (resume: () => void) => void): Effect.Effect<boolean> =>
  Effect.timeoutOrElse(
    Effect.callback<boolean>((resume) => {
      listen(() => resume(Effect.succeed(true)))
      return Effect.sync(() => listen(() => undefined))
    }),
    { duration: aliveEvery, orElse: () => Effect.succeed(false) }
  )

const positionOf = (cursor: string, epoch: string): number | undefined => {
  const split = cursor.lastIndexOf("-")
  const number = Number(cursor.slice(split + 1))
  return cursor.slice(0, split) === epoch && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}
