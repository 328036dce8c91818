/** `npm run join`: joins each program and all that it loads into few files, from which it starts in half of the time. */
import { rmSync, writeFileSync } from "node:fs"
import { rolldown } from "rolldown"
import { joined, programs, repository, stateFile, stateOf } from "./programs.mjs"

const folder = `${repository}/${joined}`
rmSync(folder, { recursive: true, force: true })
const state = stateOf(repository)
const bundle = await rolldown({ input: programs, cwd: repository, platform: "node", logLevel: "warn" })
await bundle.write({ dir: folder, entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" })
await bundle.close()
// Last, so that what was cut short is never taken for whole.
writeFileSync(`${repository}/${stateFile}`, state)
