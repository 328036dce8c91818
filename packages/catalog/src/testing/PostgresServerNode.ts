/** A PostgreSQL server of its own for tests, from the programs of this machine. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Folder of `initdb` and `postgres`; undefined where there is none. */
export const postgresPrograms = ((): string | undefined => {
  const root = "/usr/lib/postgresql"
  const versions = existsSync(root) ? readdirSync(root).sort((left, right) => Number(right) - Number(left)).map((it) => `${root}/${it}/bin`) : []
  return [...versions, "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"].find((it) => existsSync(join(it, "initdb")) && existsSync(join(it, "postgres")))
})()

/** PostgreSQL refuses to be run by root. */
const isRoot = process.getuid?.() === 0
const nobody = 65_534
const user = isRoot ? { uid: nobody, gid: nobody } : {}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

/** A server that can be stopped and started. */
export class PostgresServer {
  readonly url: string
  readonly #bin: string
  readonly #folder: string
  readonly #port: number
  #process: ChildProcess | undefined

  private constructor(bin: string, folder: string, port: number) {
    this.#bin = bin
    this.#folder = folder
    this.#port = port
    this.url = `postgres://fairlead@127.0.0.1:${port}/postgres`
  }

  /** Makes an empty database; `start` serves it. */
  static async make(bin: string): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), "fairlead-postgres-"))
    const data = join(folder, "data")
    mkdirSync(data)
    if (isRoot) for (const it of [folder, data]) chownSync(it, nobody, nobody)
    execFileSync(join(bin, "initdb"), ["-D", data, "-U", "fairlead", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], { ...user, stdio: "pipe", env: { HOME: folder, PATH: "/usr/bin:/bin" } })
    return new PostgresServer(bin, folder, await freePort())
  }

  /** Starts the server, and waits until it answers. */
  async start(): Promise<void> {
    const settings = ["fsync=off", "listen_addresses=127.0.0.1", "max_connections=100", "shared_buffers=16MB"].flatMap((it) => ["-c", it])
    const started = spawn(join(this.#bin, "postgres"), ["-D", join(this.#folder, "data"), "-k", this.#folder, "-p", String(this.#port), ...settings], { ...user, stdio: ["ignore", "ignore", "pipe"] })
    this.#process = started
    await new Promise<void>((resolve, reject) => {
      let said = ""
      started.stderr!.setEncoding("utf8").on("data", (text: string) => {
        said += text
        if (said.includes("ready to accept connections")) resolve()
      })
      started.once("close", () => reject(new Error(`PostgreSQL ended:\n${said}`)))
    })
  }

  /** Ends the server at once, as a machine that goes down. */
  async stop(): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running === undefined || running.exitCode !== null) return
    const ended = new Promise((resolve) => running.once("close", resolve))
    running.kill("SIGQUIT")
    await ended
  }

  async close(): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
