/** The programs of this repository, as their sources or as few files that they and all that they load were joined into. */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { fileURLToPath, pathToFileURL } from "node:url"

/** The first source of each program. */
export const programs = { "fairlead": "apps/engine/src/main.ts", "fairlead-sim": "apps/sim/src/main.ts" }

/** Where the joined programs lie below the root of the repository, and what tells of which sources they are. */
export const joined = ".cache/programs"
export const stateFile = `${joined}/state.json`

export const repository = fileURLToPath(new URL("..", import.meta.url))

/** What tells the sources below `root` from what they were: their number, their bytes and the sum of the times at which they were changed last. */
export const stateOf = (/** @type {string} */ root) => {
  const state = { files: 0, bytes: 0, times: 0 }
  for (const group of ["apps", "packages"]) {
    for (const name of readdirSync(`${root}/${group}`)) {
      const folder = `${root}/${group}/${name}/src`
      for (const file of readdirSync(folder, { recursive: true })) {
        const { mtimeMs, size } = statSync(`${folder}/${file}`)
        state.files++
        state.bytes += size
        state.times += Math.floor(mtimeMs)
      }
    }
  }
  return JSON.stringify(state)
}

/**
 * The module to load for a program: joined, which starts in half of the time, if that is of the sources as they are now.
 * @param {keyof typeof programs} program
 */
export const entryOf = (program, root = repository) =>
  pathToFileURL(isFresh(root) ? `${root}/${joined}/${program}.mjs` : `${root}/${programs[program]}`).href

/**
 * Ends the process where its Node is too old for the programs: they would break over the first source.
 * @param {keyof typeof programs} program
 */
export const refuseOldNode = (program) => {
  if (process.features.typescript) return
  const remedy = `start it by \`npm run ${program === "fairlead" ? "fairlead" : "sim"} --\` in ${repository}, which brings a newer one along`
  process.stderr.write(`${program} needs a Node that takes TypeScript (24 or newer), and this is ${process.version}: ${remedy}\n`)
  process.exit(2)
}

const isFresh = (/** @type {string} */ root) => {
  try {
    return readFileSync(`${root}/${stateFile}`, "utf8") === stateOf(root)
  } catch {
    return false
  }
}
