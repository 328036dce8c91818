/** Plays all recorded sessions of kubectl and prints those that differ: `node test/kubectl/run.ts [text in the name]`. */
import { findKubectl, suits } from "./kubectl.ts"
import { runTranscripts } from "./runTranscripts.ts"
import { readTranscripts } from "./transcript.ts"

const kubectl = findKubectl()
if (kubectl === undefined) {
  console.error("There is no kubectl: `npm run external kubectl` builds one where Go is.")
  process.exit(2)
}
const wanted = process.argv[2] ?? ""
const all = readTranscripts().filter(({ name, slug }) => name.includes(wanted) || slug.includes(wanted))
const playable = all.filter((transcript) => suits(kubectl, transcript.kubectl))
const results = await runTranscripts(playable, kubectl)
const failed = [...results].filter(([, differences]) => differences.length > 0).sort(([a], [b]) => (a < b ? -1 : 1))
for (const [slug, differences] of failed) console.log(`FAIL ${slug}\n${differences.map((line) => `     ${line.slice(0, 600)}`).join("\n")}`)
console.log(`kubectl ${kubectl.major}.${kubectl.minor}: ${playable.length - failed.length} passed, ${failed.length} failed, ${all.length - playable.length} skipped`)
process.exitCode = failed.length === 0 ? 0 : 1
