/** A real server that speaks S3, started for a test. */
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("../../../.cache/external/s3", import.meta.url))

/** Why there is no server, if there is none. */
export const missing = existsSync(join(folder, "ready")) ? undefined : "needs a server that speaks S3: npm run external s3"

export const keys = { id: "fairlead-test", secret: "a-secret-of-the-tests" }

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

/** Starts the server with these buckets; answers its address and how to end it. */
export const startServer = async (buckets: ReadonlyArray<string>): Promise<{ readonly endpoint: string; readonly files: string; readonly close: () => Promise<void> }> => {
  const files = mkdtempSync(join(tmpdir(), "fairlead-s3-"))
  for (const bucket of buckets) mkdirSync(join(files, "data", bucket), { recursive: true })
  mkdirSync(join(files, "meta"))
  const port = await freePort()
  const server = spawn(join(folder, "bin/versitygw"), ["--access", keys.id, "--secret", keys.secret, "--port", `127.0.0.1:${port}`, "--quiet", "posix", "--sidecar", join(files, "meta"), join(files, "data")], { stdio: "ignore" })
  const endpoint = `http://127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    const answer = await fetch(endpoint).catch(() => undefined)
    if (answer !== undefined) break
    if (tries > 200) throw new Error("the server did not start")
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    endpoint,
    files: join(files, "data"),
    close: async () => {
      const ended = new Promise((resolve) => server.once("close", resolve))
      server.kill("SIGKILL")
      await ended
      rmSync(files, { recursive: true, force: true })
    }
  }
}
