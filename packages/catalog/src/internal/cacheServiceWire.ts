/** Messages of Flyte's cache service and what they mean here. */
import { create } from "@bufbuild/protobuf"
import { Idl } from "@fairlead/core"
import { type CachedOutput, CachedOutputSchema, type V2Identifier, V2IdentifierSchema } from "@fairlead/core/cacheservice"
import type { CatalogEntry, CatalogKey, EntrySource, NewEntry } from "../Catalog.ts"

/** Path of the service; a slash and the name of a call follow. */
export const servicePath = "/flyteidl2.cacheservice.v2.CacheService"

/** The fence of a reservation, for which Flyte's messages have no room. Its services neither send nor look at it. */
export const fenceHeader = "fairlead-fence"

/** Tells whether there was something to release. */
export const releasedHeader = "fairlead-released"

/** A point in time. */
export const toTimestamp = (millis: number) => {
  const seconds = Math.floor(millis / 1000)
  return { seconds: BigInt(seconds), nanos: Math.round((millis - seconds * 1000) * 1_000_000) }
}

/** A length of time. */
export const toDuration = toTimestamp

/** Milliseconds of either; 0 for none. */
export const toMillis = (time: { readonly seconds: bigint; readonly nanos: number } | undefined): number =>
  time === undefined ? 0 : Number(time.seconds) * 1000 + time.nanos / 1_000_000

/** Who asks for what. */
export const identifierOf = ({ domain, project }: CatalogKey, org: string): V2Identifier => create(V2IdentifierSchema, { org, project, domain })

/** An entry as it goes over the wire. Its size does not. */
export const toCachedOutput = ({ outputUri, source }: NewEntry, times?: Pick<CatalogEntry, "createdAt" | "updatedAt">): CachedOutput => {
  const { domain, labels, name, org, project, version } = source
  return create(CachedOutputSchema, {
    output: { case: "outputUri", value: outputUri },
    metadata: {
      sourceIdentifier: create(Idl.IdentifierSchema, { resourceType: Idl.ResourceType.TASK, project, domain, name, version, org }) as never,
      keyMap: { values: { ...labels } },
      ...(times === undefined ? {} : { createdAt: toTimestamp(times.createdAt), lastUpdatedAt: toTimestamp(times.updatedAt) })
    }
  })
}

/** The source of an entry from the wire. */
export const sourceOf = ({ metadata }: CachedOutput): EntrySource => {
  const { domain = "", name = "", org = "", project = "", version = "" } = metadata?.sourceIdentifier ?? {}
  return { project, domain, name, version, org, labels: metadata?.keyMap?.values ?? {} }
}
