/** Writes changes down as lines of the journal, without writing out again what the same objects hold unchanged. */
import type { StoreWrite } from "@fairlead/api-server"
import { JournalHash } from "@fairlead/simulation"

type Fields = { readonly [key: string]: unknown }

/**
 * Makes lines from changes. Two lines are equal when time, kind of change and object are, field by field in their order.
 *
 * Stored objects never change and share with their predecessors what has stayed as it was: a spec, labels, owners. Such a
 * part stands in a line by its digest, which is computed once for all versions that share it.
 */
export class JournalLines {
  private readonly digests = new WeakMap<object, string>()

  lineOf({ event, resource }: StoreWrite, time: number): string {
    let line = `${time} ${event.type} ${resource.plural}`
    const object = event.object as unknown as Fields
    for (const key in object) line += key === "metadata" ? ` metadata {${this.partsOf(object[key] as Fields)} }` : this.partOf(key, object[key])
    return line
  }

  private partsOf(fields: Fields): string {
    let text = ""
    for (const key in fields) text += this.partOf(key, fields[key])
    return text
  }

  private partOf(key: string, value: unknown): string {
    if (value === undefined) return ""
    return ` ${key}:${typeof value === "object" && value !== null ? this.digestOf(value) : JSON.stringify(value)}`
  }

  private digestOf(part: object): string {
    let digest = this.digests.get(part)
    if (digest === undefined) {
      digest = JournalHash.digest(JSON.stringify(part))
      this.digests.set(part, digest)
    }
    return digest
  }
}
