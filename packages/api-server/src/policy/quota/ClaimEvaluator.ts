/** How claims of volumes count against quotas. */
import { jsonEqual, type KubeObject } from "@fairlead/kube"
import { Quantity } from "@fairlead/kube"
import { field } from "../../Draft.ts"
import { type Amounts, amountOf, type ResourceList } from "../../internal/resourceLists.ts"
import { count, type Evaluator } from "./Evaluator.ts"
import { matchesScope } from "./Scopes.ts"

interface ClaimSpec {
  readonly resources?: { readonly requests?: ResourceList }
  readonly storageClassName?: string
  readonly volumeAttributesClassName?: string
}

interface ClaimStatus {
  readonly allocatedResources?: ResourceList
  readonly currentVolumeAttributesClassName?: string
  readonly modifyVolumeStatus?: { readonly targetVolumeAttributesClassName?: string }
}

const own = new Set(["count/persistentvolumeclaims", "persistentvolumeclaims", "requests.storage"])
const classSuffix = ".storageclass.storage.k8s.io/"

const covers = (name: string): boolean =>
  own.has(name) || name.endsWith(`${classSuffix}persistentvolumeclaims`) || name.endsWith(`${classSuffix}requests.storage`)

const specOf = (object: KubeObject): ClaimSpec => field<ClaimSpec>(object, "spec") ?? {}

const statusOf = (object: KubeObject | undefined): ClaimStatus => (object === undefined ? {} : (field<ClaimStatus>(object, "status") ?? {}))

const usage = (object: KubeObject): Amounts => {
  const { resources, storageClassName } = specOf(object)
  const storageClass = object.metadata.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? storageClassName ?? ""
  const storage = storageOf(resources?.requests?.["storage"], statusOf(object).allocatedResources?.["storage"])
  const used = new Map([
    ["persistentvolumeclaims", count(1)],
    ["count/persistentvolumeclaims", count(1)]
  ])
  if (storage !== undefined) used.set("requests.storage", storage)
  if (storageClass === "") return used
  used.set(`${storageClass}${classSuffix}persistentvolumeclaims`, count(1))
  if (storage !== undefined) used.set(`${storageClass}${classSuffix}requests.storage`, storage)
  return used
}

/** Bytes, whole ones; what is allocated already counts where it is more. */
const storageOf = (asked: string | undefined, allocated: string | undefined): Quantity.Quantity | undefined => {
  if (asked === undefined) return undefined
  const [wanted, had] = [amountOf(asked), amountOf(allocated ?? "0")]
  const larger = Quantity.compare(had, wanted) > 0 ? had : wanted
  return Quantity.toScaled(larger, 0) * nanosPerOne === larger.nanos ? larger : { nanos: Quantity.toScaled(larger, 0) * nanosPerOne, format: larger.format }
}

const nanosPerOne = 1_000_000_000n

const attributeClasses = (object: KubeObject): ReadonlyArray<string | undefined> => {
  const { currentVolumeAttributesClassName, modifyVolumeStatus } = statusOf(object)
  return [specOf(object).volumeAttributesClassName, currentVolumeAttributesClassName, modifyVolumeStatus?.targetVolumeAttributesClassName]
}

const needsRecount = (object: KubeObject, previous: KubeObject | undefined): boolean =>
  !jsonEqual(statusOf(object).allocatedResources?.["storage"], statusOf(previous).allocatedResources?.["storage"])

/** Claims. */
export const claimEvaluator: Evaluator = {
  covers,
  usage,
  isInScope: (object, scope) => scope.scopeName === "VolumeAttributesClass" && matchesScope(scope, attributeClasses(object)),
  missing: () => undefined,
  handles: (operation, subresource, object, previous) => {
    if (operation === "delete") return false
    return subresource === "" || (subresource === "status" && needsRecount(object, previous))
  }
}
