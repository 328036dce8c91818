import { type Endpoints, type EndpointSlice, KubeClient, KubeResource, type Service } from "@fairlead/kube"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { createPod, find, podOf, scripted, simulate } from "./world.ts"

const create = (spec: object) =>
  Effect.flatMap(KubeClient, (client) => client.create<Service>(KubeResource.services, {
    apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "default", labels: { team: "a" } }, spec
  } as Service))
const slices = Effect.flatMap(KubeClient, (client) => Effect.map(client.list<EndpointSlice>(KubeResource.endpointSlices, "default"), ({ items }) => items))
const endpoints = find<Endpoints>(KubeResource.endpoints, "web")
const labels = { app: "web" }
const ports = [{ name: "http", port: 80, targetPort: "web" }]
const server = (name: string) =>
  createPod(podOf(name, { containers: [{ name: "main", image: "i", ports: [{ name: "web", containerPort: 8080 }] }] }, { labels, ...scripted({ default: { run: "forever", stop: "10 seconds" } }) }))

describe("the addresses of a service", () => {
  it("are those of its pods, in endpoints and in slices", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* create({ selector: labels, ports })
      yield* Effect.sleep("1 second")
      expect(yield* slices).toMatchObject([{ addressType: "IPv4", metadata: { labels: { team: "a", "kubernetes.io/service-name": "web", "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" } } }])
      expect((yield* endpoints)?.subsets).toBeUndefined()
      yield* server("a")
      yield* Effect.sleep("2 seconds")
      const [slice, ...others] = yield* slices
      expect(others).toEqual([])
      expect(slice).toMatchObject({
        ports: [{ name: "http", port: 8080, protocol: "TCP" }],
        endpoints: [{ conditions: { ready: true, serving: true, terminating: false }, nodeName: "node-1", targetRef: { kind: "Pod", name: "a" } }],
        metadata: { ownerReferences: [{ kind: "Service", name: "web" }] }
      })
      expect((yield* endpoints)?.subsets).toMatchObject([{ addresses: [{ targetRef: { name: "a" } }], ports: [{ name: "http", port: 8080 }] }])
      yield* client.delete(KubeResource.pods, { namespace: "default", name: "a" })
      yield* Effect.sleep("2 seconds")
      expect((yield* slices)[0]?.endpoints).toMatchObject([{ conditions: { ready: false, serving: true, terminating: true } }])
      yield* Effect.sleep("1 minute")
      expect((yield* slices)[0]?.endpoints ?? []).toEqual([])
      yield* client.delete(KubeResource.services, { namespace: "default", name: "web" })
      yield* Effect.sleep("2 seconds")
      expect([yield* endpoints, yield* slices]).toEqual([undefined, []])
    }))
  })

  it("are nobody's business without a selector", () => {
    simulate(Effect.gen(function*() {
      yield* create({ ports: [{ port: 80 }] })
      yield* Effect.sleep("1 second")
      expect([yield* endpoints, yield* slices]).toEqual([undefined, []])
    }))
  })

  it("that somebody writes by hand are mirrored in slices", () => {
    simulate(Effect.gen(function*() {
      const client = yield* KubeClient
      yield* create({ ports: [{ port: 80 }] })
      const subsets = [{ addresses: [{ ip: "192.0.2.1" }], notReadyAddresses: [{ ip: "192.0.2.2" }], ports: [{ name: "http", port: 8080, protocol: "TCP" }] }]
      yield* client.create<Endpoints>(KubeResource.endpoints, { apiVersion: "v1", kind: "Endpoints", metadata: { name: "web", namespace: "default", labels: { a: "b" } }, subsets })
      yield* Effect.sleep("1 second")
      expect(yield* slices).toMatchObject([{
        addressType: "IPv4",
        metadata: { labels: { a: "b", "kubernetes.io/service-name": "web", "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io" }, ownerReferences: [{ kind: "Endpoints", name: "web" }] },
        endpoints: [{ addresses: ["192.0.2.1"], conditions: { ready: true } }, { addresses: ["192.0.2.2"], conditions: { ready: false } }],
        ports: [{ name: "http", port: 8080, protocol: "TCP" }]
      }])
      yield* client.delete(KubeResource.endpoints, { namespace: "default", name: "web" })
      yield* Effect.sleep("1 second")
      expect(yield* slices).toEqual([])
    }))
  })

  it("fill more than one slice when there are many", () => {
    simulate(Effect.gen(function*() {
      yield* create({ selector: labels, ports })
      for (let i = 0; i < 105; i++) yield* server(`p-${i}`)
      yield* Effect.sleep("5 seconds")
      expect((yield* slices).map((it) => it.endpoints?.length).sort()).toEqual([100, 5])
    }))
  })
})
