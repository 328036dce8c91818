import type { KubeObject, Pod, Status } from "@fairlead/kube"
import { expect, it } from "vitest"
import { makeServer } from "../makeServer.ts"

const limited = (limits: ReadonlyArray<object>) => {
  const { call } = makeServer()
  call("create", { plural: "limitranges", body: { metadata: { name: "l" }, spec: { limits } } })
  const create = (plural: string, spec: object): KubeObject | Status => call("create", { plural, body: { metadata: { name: "x" }, spec } }).body as KubeObject | Status
  return { call, create }
}

const container = (requests: object, limits: object = {}): object => ({ name: "c", image: "i", resources: { requests, limits } })

it("fills in what is left open and says so", () => {
  const { create } = limited([{ type: "Container", defaultRequest: { memory: "1Mi", cpu: "1m" } }])
  const pod = create("pods", { containers: [{ name: "c", image: "i" }], initContainers: [container({ cpu: "2m" })].map((it) => ({ ...it, name: "i" })) }) as Pod
  expect(pod.spec?.containers[0]?.resources).toEqual({ requests: { cpu: "1m", memory: "1Mi" } })
  expect(pod.spec?.initContainers?.[0]?.resources?.requests).toEqual({ cpu: "2m", memory: "1Mi" })
  expect(pod.metadata.annotations).toEqual({
    "kubernetes.io/limit-ranger": "LimitRanger plugin set: cpu, memory request for container c; memory request for init container i"
  })
})

it("sums containers up for the limits of a pod", () => {
  const { create } = limited([{ type: "Pod", max: { cpu: "1" }, maxLimitRequestRatio: { memory: "2" } }])
  const containers = ["a", "b"].map((name) => ({ name, image: "i", resources: { requests: { cpu: "600m", memory: "1Gi" }, limits: { cpu: "600m", memory: "3Gi" } } }))
  expect((create("pods", { containers }) as Status).message).toBe(
    'pods "x" is forbidden: [maximum cpu usage per Pod is 1, but limit is 1200m, memory max limit to request ratio per Pod is 2, but provided ratio is 3.000000]'
  )
})

it("wants requests and limits where there is a minimum or maximum", () => {
  const { create } = limited([{ type: "Pod", min: { memory: "1Mi" }, max: { cpu: "1" } }])
  expect((create("pods", { containers: [{ name: "c", image: "i" }] }) as Status).message).toBe(
    'pods "x" is forbidden: [minimum memory usage per Pod is 1Mi.  No request is specified, maximum cpu usage per Pod is 1.  No limit is specified]'
  )
})

it("limits what claims ask for", () => {
  const { create } = limited([{ type: "PersistentVolumeClaim", min: { storage: "1Gi" }, max: { storage: "2Gi" } }])
  const claim = (storage: string): object => ({ accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } })
  expect((create("persistentvolumeclaims", claim("3Gi")) as Status).message)
    .toBe('persistentvolumeclaims "x" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi')
  expect((create("persistentvolumeclaims", claim("100Mi")) as Status).message)
    .toBe('persistentvolumeclaims "x" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 100Mi')
})

it("leaves updates of pods alone", () => {
  const { call } = makeServer()
  call("create", { plural: "pods", body: { metadata: { name: "x" }, spec: { containers: [{ name: "c", image: "i" }] } } })
  call("create", { plural: "limitranges", body: { metadata: { name: "l" }, spec: { limits: [{ type: "Container", min: { cpu: "1" } }] } } })
  expect(call("patch", { plural: "pods", name: "x", patchType: "merge", body: { metadata: { labels: { a: "b" } } } }).code).toBe(200)
})
