/** `npm start`: `fairlead run` on the quickstart, or on the paths given after `--`. */
const given = process.argv.slice(2)
const paths = given.some((it) => !it.startsWith("-")) || given.includes("--help") ? [] : ["fixtures/quickstart"]
process.argv.splice(2, given.length, "run", ...given, ...paths)
await import("../apps/engine/bin/fairlead.mjs")
