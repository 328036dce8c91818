/** The few controllers without which a namespace is not complete: they make its account and its certificate. */
import type { ApiServer } from "../../src/index.ts"

type Server = ReturnType<typeof ApiServer.make>

/** Gives every namespace its default service account and the config map with the root certificate. */
export const runNamespaceControllers = (server: Server): void => {
  const complete = (namespace: string): void => {
    const create = (plural: string, body: object): void =>
      void server.handle({ verb: "create", group: "", version: "v1", plural, namespace, body, userAgent: "kube-controller-manager" })
    create("serviceaccounts", { metadata: { name: "default" } })
    create("configmaps", { metadata: { name: "kube-root-ca.crt" }, data: { "ca.crt": "-----BEGIN CERTIFICATE-----\n" } })
  }
  server.onWrite(({ resource, event }) => {
    if (resource.plural === "namespaces" && event.type === "ADDED") complete(event.name)
  })
}
