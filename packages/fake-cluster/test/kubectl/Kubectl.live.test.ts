/** Sessions of kubectl against the served cluster print what they printed against a real one. */
import { beforeAll, describe, expect, it } from "vitest"
import { findKubectl, suits } from "./kubectl.ts"
import { runTranscripts } from "./runTranscripts.ts"
import { readTranscripts, type Transcript } from "./transcript.ts"

/** One of each kind, since all together take a minute: `npm run kubectl` plays all, as does KUBECTL_TRANSCRIPTS=all. */
const sample = new Set([
  "apply-creates-then-leaves-unchanged-then-configures-and-removes-fields",
  "apply-server-side-tracks-owners-and-conflicts-until-forced",
  "describe-service-shows-its-addresses",
  "explain-pod-spec-containers-prints-every-field-of-a-container",
  "get-shows-the-columns-of-workload-network-and-cluster-kinds",
  "get-w-of-one-object-follows-it-through-its-life",
  "invalid-objects-are-refused-with-every-cause",
  "scale-of-a-custom-resource-goes-through-its-scale-subresource",
  "wait-for-deletion-returns-when-the-object-is-gone"
])

const kubectl = findKubectl()
const all = readTranscripts()
const chosen = process.env["KUBECTL_TRANSCRIPTS"] === "all" ? all : all.filter(({ slug }) => sample.has(slug))

const skipped = ({ kubectl: needed }: Transcript): string | undefined => {
  if (kubectl === undefined) return "there is no kubectl: npm run external kubectl"
  return suits(kubectl, needed) ? undefined : `needs kubectl ${needed}, this is ${kubectl.major}.${kubectl.minor}: npm run external kubectl`
}

describe("kubectl", () => {
  let results: ReadonlyMap<string, ReadonlyArray<string>> = new Map()

  beforeAll(async () => {
    if (kubectl !== undefined) results = await runTranscripts(chosen.filter((transcript) => skipped(transcript) === undefined), kubectl)
  }, 300_000)

  it("the sample is made of recorded sessions", () => {
    expect([...sample].filter((slug) => !all.some((transcript) => transcript.slug === slug))).toEqual([])
  })

  for (const transcript of chosen) {
    const reason = skipped(transcript)
    it.skipIf(reason !== undefined)(`${transcript.name}${reason === undefined ? "" : ` (${reason})`}`, () => {
      expect(results.get(transcript.slug)).toEqual([])
    })
  }
})
