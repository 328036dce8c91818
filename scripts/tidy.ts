/** Prints everything that is not tidy and exits with 1 if there is any: `node scripts/tidy.ts`. */
import { format, tidy } from "./tidy/Tidy.ts"

const findings = Object.entries(tidy()).flatMap(([rule, list]) => list.map((finding) => `${rule}: ${format(finding)}`))
for (const line of findings) console.log(line)
process.exitCode = findings.length === 0 ? 0 : 1
