import { describe, expect, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll } from "vitest"
import type { Container } from "@fairlead/kube"
import { Effect } from "effect"
import type { ContainerAction } from "../src/PodRuntime.ts"
import * as PodRuntimeProcess from "../src/PodRuntimeProcess.ts"

const root = mkdtempSync(join(tmpdir(), "fairlead-actions-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const env = { PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin` }
const main: Container = {
  name: "main", image: "any", command: ["sleep", "60"], ports: [{ name: "web", containerPort: 1 }],
  env: [{ name: "WHO", value: "me" }], volumeMounts: [{ name: "v", mountPath: "/data" }]
}

/** Carries actions out in a container that sleeps. */
const acting = <A>(use: (act: (action: ContainerAction, timeout?: number) => Effect.Effect<{ succeeded: boolean; output: string }>) => Effect.Effect<A>, images = {}) =>
  Effect.scoped(Effect.gen(function*() {
    const runtime = yield* PodRuntimeProcess.make({ root, workingDirectory: root, env, images })
    const sources = {
      command: (it: Container) => Effect.succeed({ command: it.command ?? [], args: [], env: new Map((it.env ?? []).map((variable) => [variable.name, variable.value ?? ""])) }),
      volume: () => Effect.succeed({ _tag: "Empty" } as const)
    }
    const pod = { metadata: { name: "p", namespace: "ns", uid: "u" }, spec: { containers: [main], volumes: [{ name: "v", emptyDir: {} }] } }
    const sandbox = yield* Effect.acquireRelease(runtime.open(pod, sources), (it) => it.close)
    yield* sandbox.start(main, 0, () => {})
    return yield* use((action, timeout = 5) => sandbox.act!(main, "liveness", action, timeout))
  }))

const command = (...words: ReadonlyArray<string>): ContainerAction => ({ exec: { command: [...words] } })

describe("an action in a container that is a process", () => {
  it.live("runs a command with the container's environment and paths", () =>
    acting(Effect.fnUntraced(function*(act) {
      expect(yield* act(command("sh", "-c", "echo $WHO > /data/x && cat /data/x"))).toEqual({ succeeded: true, output: "me\n" })
      expect(yield* act(command("sh", "-c", "echo bad >&2; exit 3"))).toEqual({ succeeded: false, output: "bad\n" })
      expect((yield* act(command("nosuch"))).output).toContain("executable file not found in $PATH")
    })))

  it.live("sends requests to ports of the machine", () =>
    acting(Effect.fnUntraced(function*(act) {
      const server = createServer((request, response) => response.writeHead(request.url === "/ok" ? 200 : 503).end())
      yield* Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
      const { port } = server.address() as AddressInfo
      const answers = [
        yield* act({ httpGet: { path: "/ok", port } }),
        yield* act({ httpGet: { path: "/bad", port } }),
        yield* act({ tcpSocket: { port } }),
        yield* act({ tcpSocket: { port: "web" } })
      ]
      server.close()
      expect(answers.map((it) => it.output)).toEqual(["", "HTTP probe failed with statuscode: 503", "", "dial tcp 127.0.0.1:1: connect: connection refused"])
      expect((yield* act({ httpGet: { path: "/ok", port } })).output).toBe(`Get "http://127.0.0.1:${port}/ok": dial tcp 127.0.0.1:${port}: connect: connection refused`)
    })))

  it.live("calls the program again that stands for the image", () =>
    acting(
      Effect.fnUntraced(function*(act) {
        expect(yield* act(command("check", "it"))).toEqual({ succeeded: false, output: "check it" })
      }),
      { any: { inside: ({ log, stopping, words }: PodRuntimeProcess.InsideInput) => (words[0] === "sleep" ? Effect.as(stopping, 0) : Effect.as(Effect.sync(() => log(words.join(" "))), 1)) } }
    ))
})
