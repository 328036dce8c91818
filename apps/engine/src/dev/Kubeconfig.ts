/** The file that tells kubectl where a cluster is and who one is there. */
import { stringify } from "yaml"

/** What to write into it. */
export interface KubeconfigOptions {
  readonly server: string
  /** PEM of the authority; left out over plain HTTP. */
  readonly ca: string | undefined
  readonly token: string
  readonly namespace: string
}

/** A kubeconfig with one context, `fairlead-dev`. */
export const makeKubeconfig = (options: KubeconfigOptions): string =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "fairlead-dev",
    clusters: [{
      name: "fairlead-dev",
      cluster: {
        server: options.server,
        ...(options.ca === undefined ? {} : { "certificate-authority-data": btoa(options.ca) })
      }
    }],
    contexts: [{ name: "fairlead-dev", context: { cluster: "fairlead-dev", user: "admin", namespace: options.namespace } }],
    users: [{ name: "admin", user: { token: options.token } }]
  })
