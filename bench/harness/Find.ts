/** Where benchmarks are. */
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"

/** Programs directly in `folder`; what they have in common lies in folders below it. */
const programsIn = (root: string, folder: string): ReadonlyArray<string> =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => entry.isFile() && entry.name.endsWith(".ts")).map((entry) => `${folder}/${entry.name}`)
    : []

/** Paths of all benchmarks relative to `root`, sorted. */
export const findBenchmarks = (root: string): ReadonlyArray<string> => {
  const ofFolder = (folder: string) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).flatMap((name) => programsIn(root, `${folder}/${name}/bench`)) : [])
  return [...ofFolder("packages"), ...ofFolder("apps"), ...programsIn(root, "bench/product")].sort()
}
