/** The few controllers without which a namespace is not complete: they make its account and its certificate. */
import type { ApiServer } from "../../src/index.ts"

type Server = ReturnType<typeof ApiServer.make>

const description = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or " +
  "kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."

/** Gives every namespace its default service account and the config map with the root certificate. */
export const runNamespaceControllers = (server: Server): void => {
  const complete = (namespace: string): void => {
    const create = (plural: string, body: object): void =>
      void server.handle({ verb: "create", group: "", version: "v1", plural, namespace, body, userAgent: "kube-controller-manager" })
    create("serviceaccounts", { metadata: { name: "default" } })
    create("configmaps", { metadata: { name: "kube-root-ca.crt", annotations: { "kubernetes.io/description": description } }, data: { "ca.crt": "-----BEGIN CERTIFICATE-----\n" } })
  }
  server.onWrite(({ resource, event }) => {
    if (resource.plural === "namespaces" && event.type === "ADDED") complete(event.name)
  })
}
