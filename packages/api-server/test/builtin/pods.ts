/** Pods for tests. */

/** A pod with this spec. */
export const podOf = (spec: object, metadata: object = { name: "p", namespace: "n" }): Record<string, unknown> => ({ apiVersion: "v1", kind: "Pod", metadata, spec })

/** What the spec of every pod has once it is decoded. */
export const emptyPodFields = {
  dnsPolicy: "ClusterFirst",
  enableServiceLinks: true,
  restartPolicy: "Always",
  schedulerName: "default-scheduler",
  securityContext: {},
  terminationGracePeriodSeconds: 30
}
