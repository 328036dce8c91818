/** Carries out probes and hooks of containers that are local processes: commands beside them, requests and connections to their ports. */
import { spawn } from "node:child_process"
import { connect } from "node:net"
import type { Container } from "@fairlead/kube"
import { Effect } from "effect"
import type { ActionOutcome, ContainerAction } from "../PodRuntime.ts"

/** What a command needs. */
export interface ActionCommand {
  readonly words: ReadonlyArray<string>
  readonly file: string
  readonly folder: string
  readonly env: { readonly [name: string]: string }
}

/** Output that people read, at most. */
const outputMost = 10 * 1024

/** Runs a command to its end; it is killed when nobody waits any more. */
export const runCommand = ({ env, file, folder, words }: ActionCommand): Effect.Effect<ActionOutcome> =>
  Effect.callback((resume) => {
    let output = ""
    const child = spawn(file, words.slice(1), { argv0: words[0]!, cwd: folder, env: { ...env }, detached: true, stdio: ["ignore", "pipe", "pipe"] })
    const add = (chunk: Buffer): void => {
      if (output.length < outputMost) output += chunk.toString("utf8").slice(0, outputMost - output.length)
    }
    child.stdout.on("data", add)
    child.stderr.on("data", add)
    child.on("error", (error) => resume(Effect.succeed({ succeeded: false, output: error.message })))
    child.on("close", (code) => resume(Effect.succeed({ succeeded: code === 0, output })))
    return Effect.sync(() => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
      } catch {
        // It has ended by itself.
      }
    })
  })

/** Sends a request or opens a connection. The network is that of the machine, so the pod's address is the local one. */
export const reach = (container: Container, action: ContainerAction): Effect.Effect<ActionOutcome> => {
  const { grpc, httpGet, tcpSocket } = action
  if (httpGet !== undefined) return request(container, httpGet)
  const target = tcpSocket ?? grpc
  if (target === undefined) return Effect.succeed({ succeeded: true, output: "" })
  return open(hostOf((target as { host?: string }).host), portOf(container, target.port))
}

const localHost = "127.0.0.1"
const hostOf = (host: string | undefined): string => (host === undefined || host === "" ? localHost : host)

const portOf = (container: Container, port: number | string): number =>
  typeof port === "number" ? port : /^\d+$/.test(port) ? Number(port) : (container.ports?.find((it) => it.name === port)?.containerPort ?? 0)

const request = (container: Container, { host, httpHeaders, path = "/", port, scheme = "HTTP" }: Exclude<ContainerAction["httpGet"], undefined>): Effect.Effect<ActionOutcome> => {
  const address = `${hostOf(host)}:${portOf(container, port)}`
  const url = `${scheme.toLowerCase()}://${address}${path.startsWith("/") ? "" : "/"}${path}`
  const headers = { "user-agent": "kube-probe/1.36", accept: "*/*", ...Object.fromEntries((httpHeaders ?? []).map(({ name, value }) => [name, value])) }
  return Effect.callback((resume) => {
    const answer = (outcome: ActionOutcome): void => resume(Effect.succeed(outcome))
    // Every probe opens a connection of its own, and nobody checks a certificate. Importing `node:http` would load all of `fetch` at the start, for 40 ms.
    const client = scheme === "HTTPS"
      ? process.getBuiltinModule("node:https").request(url, { headers, agent: false, rejectUnauthorized: false })
      : process.getBuiltinModule("node:http").request(url, { headers, agent: false })
    client.once("response", (response) => {
      const code = response.statusCode ?? 0
      response.destroy()
      answer(code >= 200 && code < 400 ? { succeeded: true, output: "" } : { succeeded: false, output: `HTTP probe failed with statuscode: ${code}` })
    })
    client.on("error", (error: NodeJS.ErrnoException) => answer({ succeeded: false, output: `Get "${url}": dial tcp ${address}: ${problemOf(error.code)}` }))
    client.end()
    return Effect.sync(() => client.destroy())
  })
}

const open = (host: string, port: number): Effect.Effect<ActionOutcome> =>
  Effect.callback((resume) => {
    const socket = connect({ host, port })
    const answer = (outcome: ActionOutcome): void => {
      socket.destroy()
      resume(Effect.succeed(outcome))
    }
    socket.once("connect", () => answer({ succeeded: true, output: "" }))
    socket.once("error", (error: NodeJS.ErrnoException) => answer({ succeeded: false, output: `dial tcp ${host}:${port}: ${problemOf(error.code)}` }))
    return Effect.sync(() => socket.destroy())
  })

const problemOf = (code: string | undefined): string =>
  code === "ECONNREFUSED" ? "connect: connection refused" : code === "ECONNRESET" ? "read: connection reset by peer" : (code ?? "connect: no route to host")
