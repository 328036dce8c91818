import { Effect, Layer } from "effect"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, it } from "vitest"
import { Screen } from "../../src/run/ProgressView.ts"
import type { Settings } from "../../src/start/Settings.ts"
import * as Telemetry from "../../src/start/Telemetry.ts"

const logged = (settings: Settings["logs"], isTerminal: boolean): Promise<ReadonlyArray<string>> => {
  const lines: Array<string> = []
  const screen = Layer.succeed(Screen, { isTerminal, columns: () => 80, rows: () => 24, write: (text) => void lines.push(text) })
  const program = Effect.andThen(Effect.logDebug("quiet"), Effect.annotateLogs(Effect.logInfo("loud\nand clear"), { task: "a" }))
  return Effect.runPromise(Effect.as(Effect.provide(program, Telemetry.logs(settings).pipe(Layer.provide(screen))), lines))
}

describe("logs and traces", () => {
  it("logs are JSON lines off a terminal, and for people on it", async () => {
    const [line, ...rest] = await logged({ level: "info", format: "auto" }, false)
    expect(rest).toEqual([])
    expect(line!.endsWith("}\n") && line!.indexOf("\n") === line!.length - 1).toBe(true)
    expect(JSON.parse(line!)).toMatchObject({ level: "INFO", message: "loud\nand clear", annotations: { task: "a" } })
    expect((await logged({ level: "info", format: "auto" }, true))[0]).toMatch(/level=INFO .*message="loud\\nand clear" task="?a"?\n$/)
    expect((await logged({ level: "debug", format: "json" }, true)).map((it) => (JSON.parse(it) as { message: string }).message)).toEqual(["quiet", "loud\nand clear"])
  })

  it("spans go to the collector that is configured, with its headers, and nowhere otherwise", async () => {
    const received: Array<{ readonly url: string | undefined; readonly key: unknown; readonly body: string }> = []
    const server = Http.createServer((request, response) => {
      let body = ""
      request.on("data", (piece: Buffer) => void (body += piece.toString()))
      request.on("end", () => {
        received.push({ url: request.url, key: request.headers["x-key"], body })
        response.end("{}")
      })
    })
    await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`
    const work = Effect.withSpan(Effect.void, "test.work", { root: true })
    await Effect.runPromise(Effect.provide(work, Telemetry.traces({ headers: { "x-key": "k" } })))
    expect(received).toEqual([])
    await Effect.runPromise(Effect.provide(work, Telemetry.traces({ url, headers: { "x-key": "k" } })))
    server.close()
    expect(received.map((it) => [it.url, it.key])).toEqual([["/v1/traces", "k"]])
    expect(received[0]!.body).toContain("\"test.work\"")
    expect(received[0]!.body).toContain("fairlead")
  })
})
