/** Which volume fits a claim. Pure. */
import { type PersistentVolume, type PersistentVolumeClaim, Quantity } from "@fairlead/kube"
import { matcher } from "../podClaims.ts"

const sizeOf = (text: string | undefined): bigint => (text === undefined ? 0n : (Quantity.parse(text)?.nanos ?? 0n))

/** True when the volume is promised to the claim. */
export const isFor = ({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean =>
  spec?.claimRef?.name === metadata.name && spec?.claimRef?.namespace === metadata.namespace && (spec?.claimRef?.uid === undefined || spec.claimRef.uid === metadata.uid)

/** The volume promised to the claim, or else the smallest free one that has what the claim asks for. */
export const volumeFor = (claim: PersistentVolumeClaim, volumes: ReadonlyArray<PersistentVolume>): PersistentVolume | undefined => {
  const alive = volumes.filter((it) => it.metadata.deletionTimestamp === undefined)
  const wanted = claim.spec?.volumeName
  if (wanted !== undefined && wanted !== "") return alive.find((it) => it.metadata.name === wanted && (it.spec?.claimRef === undefined || isFor(it, claim)))
  const promised = alive.find((it) => isFor(it, claim))
  if (promised !== undefined) return promised
  const size = sizeOf(claim.spec?.resources?.requests?.["storage"])
  const matches = claim.spec?.selector === undefined ? () => true : matcher(claim.spec.selector)
  return alive
    .filter((it) =>
      it.spec?.claimRef === undefined && (it.spec?.storageClassName ?? "") === (claim.spec?.storageClassName ?? "") &&
      (it.spec?.volumeMode ?? "Filesystem") === (claim.spec?.volumeMode ?? "Filesystem") &&
      (claim.spec?.accessModes ?? []).every((mode) => it.spec?.accessModes?.includes(mode) === true) &&
      sizeOf(it.spec?.capacity?.["storage"]) >= size && matches(it.metadata.labels))
    .sort((a, b) => {
      const difference = sizeOf(a.spec?.capacity?.["storage"]) - sizeOf(b.spec?.capacity?.["storage"])
      return difference < 0n ? -1 : difference > 0n ? 1 : (a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1
    })[0]
}
