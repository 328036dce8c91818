/** What every cluster has from its first moment. */
import type { ApiServer } from "./ApiServer.ts"
import { bootstrapBindings, bootstrapRoles } from "./policy/BootstrapRoles.ts"

const namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"] as const

const priorityClasses = [
  { name: "system-cluster-critical", value: 2_000_000_000, description: "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary." },
  { name: "system-node-critical", value: 2_000_001_000, description: "Used for system critical pods that must not be moved from their current node." }
] as const

/** Creates the namespaces, roles and priority classes of a new cluster. */
export const bootstrap = (server: ApiServer): void => {
  const create = (group: string, plural: string, body: object): void => {
    const { code, body: answer } = server.handle({ verb: "create", group, version: "v1", plural, body, userAgent: "kube-apiserver" })
    if (code >= 400) throw new Error(`bootstrap of ${plural}: ${JSON.stringify(answer)}`)
  }
  for (const name of namespaces) create("", "namespaces", { metadata: { name } })
  for (const role of bootstrapRoles()) create("rbac.authorization.k8s.io", "clusterroles", role)
  for (const binding of bootstrapBindings()) create("rbac.authorization.k8s.io", "clusterrolebindings", binding)
  for (const { name, value, description } of priorityClasses) create("scheduling.k8s.io", "priorityclasses", { metadata: { name }, value, description })
}
