/** Writes changes down as lines of the journal, without writing out again what the same objects hold unchanged. */
import type { StoreWrite } from "@fairlead/api-server"
import { JournalHash } from "@fairlead/simulation"

type Fields = { readonly [key: string]: unknown }

/**
 * Makes lines from changes. Two lines are equal when time, kind of change and object are, field by field in their order.
 *
 * Stored objects never change and share with their predecessors what has stayed as it was: a spec, labels, owners. Such a
 * part stands in a line by its digest, which is not computed again for each version that shares it.
 */
export class JournalLines {
  private readonly digests = new WeakMap<object, string>()

  lineOf({ event, resource }: StoreWrite, time: number): string {
    const object = event.object as unknown as Fields
    const previous = event.previous as unknown as Fields | undefined
    const metadata = this.partsOf(object["metadata"] as Fields, previous?.["metadata"] as Fields | undefined)
    return `${time} ${event.type} ${resource.plural} {${metadata} }${this.partsOf(object, previous, "metadata")}`
  }

  private partsOf(fields: Fields, previous: Fields | undefined, except?: string): string {
    let text = ""
    for (const key in fields) {
      const value = fields[key]
      if (value === undefined || key === except) continue
      text += ` ${key}:`
      if (typeof value !== "object" || value === null) text += JSON.stringify(value)
      else text += value === previous?.[key] ? this.digestAgain(value) : JournalHash.digest(JSON.stringify(value))
    }
    return text
  }

  private digestAgain(part: object): string {
    let digest = this.digests.get(part)
    if (digest === undefined) {
      digest = JournalHash.digest(JSON.stringify(part))
      this.digests.set(part, digest)
    }
    return digest
  }
}
