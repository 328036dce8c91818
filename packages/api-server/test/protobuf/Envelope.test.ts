import { describe, expect, it } from "vitest"
import { decodeObject, encodeObject } from "../../src/protobuf/Envelope.ts"

const roundTrip = (object: Record<string, unknown>): unknown => decodeObject(encodeObject(object)!)

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")

describe("protobuf", () => {
  it("a config map has the bytes that Kubernetes gives it", () => {
    const bytes = encodeObject({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "v" } })!
    // Marker; type meta "v1", "ConfigMap"; metadata { name: "a" }, data { "k": "v" }; no content encoding and type.
    expect(hex(bytes)).toBe("6b387300" + "0a0f" + "0a027631" + "1209436f6e6669674d6170" + "120d" + "0a030a0161" + "12060a016b120176" + "1a00" + "2200")
  })

  it("every kind of value comes back as it was", () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", labels: { a: "b", c: "" }, generation: 7, creationTimestamp: "2026-01-02T03:04:05Z", deletionGracePeriodSeconds: 0, finalizers: ["x/y", "z/w"] },
      spec: {
        containers: [{
          name: "c",
          image: "i",
          resources: { requests: { cpu: "100m", memory: "1Gi" } },
          readinessProbe: { httpGet: { path: "/", port: "web" }, periodSeconds: 5 },
          livenessProbe: { tcpSocket: { port: 8080 } },
          stdin: true
        }],
        volumes: [{ name: "v", emptyDir: { sizeLimit: "5Mi" } }, { name: "w", configMap: { name: "m", defaultMode: 420 } }],
        priority: -5,
        terminationGracePeriodSeconds: 9_007_199_254_740_991
      }
    }
    expect(roundTrip(pod)).toEqual(pod)
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "l" }, spec: { holderIdentity: "me", renewTime: "2026-01-02T03:04:05.123456Z" } }
    expect(roundTrip(lease)).toEqual(lease)
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { k: "AAEC/w==" }, type: "Opaque" }
    expect(roundTrip(secret)).toEqual(secret)
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      metadata: {},
      spec: { user: "u", groups: ["g"], extra: { scopes: ["a", "b"] }, resourceAttributes: { verb: "get", resource: "pods" } }
    }
    expect(roundTrip(review)).toEqual(review)
  })

  it("bytes that are no message are told apart from those that are cut short", () => {
    expect(decodeObject(new TextEncoder().encode("{}"))).toMatch(/^provided data does not appear to be a protobuf message/)
    const bytes = encodeObject({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } })!
    expect(decodeObject(bytes.subarray(0, bytes.length - 6))).toBe("unexpected EOF")
  })
})
