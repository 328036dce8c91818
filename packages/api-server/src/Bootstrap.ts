/** What every cluster has from its first moment. */
import type { ApiServer } from "./ApiServer.ts"

const namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"] as const

/** Creates the namespaces of a new cluster. */
export const bootstrap = (server: ApiServer): void => {
  for (const name of namespaces) {
    server.handle({ verb: "create", group: "", version: "v1", plural: "namespaces", body: { metadata: { name } } })
  }
}
