/** What every cluster has from its first moment. */
import { type KubeObject, KubeTime } from "@fairlead/kube"
import type { GroupResource } from "./ApiFailure.ts"
import type { ApiServer } from "./ApiServer.ts"
import { type Draft, draftOf } from "./Draft.ts"
import { randomUid } from "./internal/randomNames.ts"
import { bootstrapFlows, bootstrapLevels, flowStatus } from "./policy/fairness/BootstrapFlows.ts"
import { bootstrapBindings, bootstrapRoles } from "./policy/BootstrapRoles.ts"

const namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"] as const

const priorityClasses = [
  { name: "system-cluster-critical", value: 2_000_000_000, description: "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary." },
  { name: "system-node-critical", value: 2_000_001_000, description: "Used for system critical pods that must not be moved from their current node." }
] as const

const rbac = "rbac.authorization.k8s.io"
const flowcontrol = "flowcontrol.apiserver.k8s.io"

const bodies = (): ReadonlyArray<readonly [group: string, plural: string, bodies: ReadonlyArray<object>]> => [
  ["", "namespaces", namespaces.map((name) => ({ metadata: { name } }))],
  [rbac, "clusterroles", bootstrapRoles()],
  [rbac, "clusterrolebindings", bootstrapBindings()],
  ["scheduling.k8s.io", "priorityclasses", priorityClasses.map(({ name, value, description }) => ({ metadata: { name }, value, description }))],
  [flowcontrol, "prioritylevelconfigurations", bootstrapLevels()],
  [flowcontrol, "flowschemas", bootstrapFlows()]
]

interface Template {
  readonly resource: GroupResource
  readonly object: KubeObject
}

/** With and without managedFields. */
const known = new Map<boolean, ReadonlyArray<Template>>()

/**
 * Gives a new server the namespaces, roles, priority classes and flows of every cluster. What they look like in the store
 * is found out once, on `scratch`, by creating them; each server then gets copies with uids and times of its own.
 */
export const bootstrap = ({ context: { managedFields, now, random, store } }: ApiServer, scratch: () => ApiServer): void => {
  let templates = known.get(managedFields)
  if (templates === undefined) known.set(managedFields, (templates = made(scratch())))
  const time = KubeTime.format(now())
  for (const { object, resource } of templates) {
    const draft = draftOf(object)
    const entries = object.metadata.managedFields
    draft.metadata.uid = randomUid(random)
    draft.metadata.creationTimestamp = time
    if (entries !== undefined) draft.metadata.managedFields = entries.map((entry) => ({ ...entry, time }))
    if (resource.plural === "flowschemas") draft["status"] = flowStatus(object, time)
    store.put(store.collection(resource), "", object.metadata.name!, draft)
  }
}

const made = (server: ApiServer): ReadonlyArray<Template> =>
  bodies().flatMap(([group, plural, all]) =>
    all.map((body) => {
      const { body: answer, code } = server.handle({ verb: "create", group, version: "v1", plural, body, userAgent: "kube-apiserver" })
      if (code >= 400) throw new Error(`bootstrap of ${plural}: ${JSON.stringify(answer)}`)
      const draft: Draft = draftOf(answer as KubeObject)
      delete draft.metadata.resourceVersion
      return { resource: { group, plural }, object: draft as unknown as KubeObject }
    }))
