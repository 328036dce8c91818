// Installs what the project needs, with npm and Node 20 alone, and does nothing when nothing changed since the last time.
// After an installation it joins the programs, too: they start in half of the time then.
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { delimiter } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const marker = `${root}node_modules/.fairlead-setup`
const state = createHash("sha256")
  .update(readFileSync(`${root}pnpm-lock.yaml`))
  .update(readFileSync(`${root}pnpm-workspace.yaml`))
  .update(process.platform + process.arch)
  .digest("hex")

if (!existsSync(marker) || readFileSync(marker, "utf8") !== state) {
  if (process.stderr.isTTY) process.stderr.write("Installing dependencies (once)…\n")
  const result = spawnSync("npx", ["--yes", "pnpm@12", "install", "--frozen-lockfile", "--reporter=silent"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32"
  })
  if (result.status !== 0) {
    process.stderr.write(`The installation failed (exit code ${result.status}). Check the network, then run the command again.\n`)
    process.exit(result.status ?? 1)
  }
  // Node 20 need not know how to join; the Node that was installed just now does.
  const env = { ...process.env, PATH: `${root}node_modules/.bin${delimiter}${process.env.PATH ?? ""}` }
  const joined = spawnSync("node", [`${root}scripts/join.mjs`], { cwd: root, env, stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" })
  if (joined.status !== 0) process.stderr.write("The programs could not be joined, so they start from their sources, which takes a little longer.\n")
  writeFileSync(marker, state)
}
