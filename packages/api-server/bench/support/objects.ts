/** Servers and objects to measure with. */
import { ApiServer } from "../../src/index.ts"

/** A server on the machine's own clock and chance. */
export const makeServer = (options: Partial<ApiServer.ApiServerOptions> = {}): ApiServer.ApiServer =>
  ApiServer.make({
    now: () => Date.now(),
    random: Math.random,
    schedule: (delayMs, run) => {
      const timer = setTimeout(run, delayMs)
      timer.unref()
      return () => clearTimeout(timer)
    },
    ...options
  })

const word = "0123456789abcdef"

/** A configmap of about 1 KB of JSON, as a client reads it from a file: a new object every time. */
export const configMap = (i: number, labels: object = { app: "shop", tier: `t${i % 10}` }): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: `settings-${i}`, namespace: "default", labels },
  data: Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`setting-${n}.conf`, `${word.repeat(5)}-${i}-${n}`]))
})

/** A pod as a task engine makes it: one container with variables, requests and limits. Defaults are left to the server. */
export const pod = (i: number): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: `run-${i}`,
    namespace: "default",
    labels: { run: `r${i % 100}`, action: `a${i}`, project: "shop", domain: "development" },
    annotations: { "primary-container": "main", "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" }
  },
  spec: {
    restartPolicy: "Never",
    containers: [{
      name: "main",
      image: "registry.example.org/team/training:2026.01.01",
      command: ["run", "--inputs"],
      args: [`s3://bucket/run-${i}/inputs.pb`],
      env: Array.from({ length: 6 }, (_, n) => ({ name: `VARIABLE_${n}`, value: `value-${n}` })),
      resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "1", memory: "1Gi" } }
    }]
  }
})

/** Where configmaps are. */
export const configMaps = { group: "", version: "v1", plural: "configmaps", namespace: "default" } as const

/** Where pods are. */
export const pods = { group: "", version: "v1", plural: "pods", namespace: "default" } as const

/** Creates an object and insists on it. */
export const create = (server: ApiServer.ApiServer, where: typeof configMaps | typeof pods, body: object): void => {
  const answer = server.handle({ verb: "create", ...where, body, userAgent: "bench/1" })
  if (answer.code !== 201) throw new Error(JSON.stringify(answer.body))
}

/** Pods want the account that a controller makes in a whole cluster. */
export const withServiceAccount = (server: ApiServer.ApiServer): ApiServer.ApiServer => {
  server.handle({ verb: "create", group: "", version: "v1", plural: "serviceaccounts", namespace: "default", body: { metadata: { name: "default" } } })
  return server
}
