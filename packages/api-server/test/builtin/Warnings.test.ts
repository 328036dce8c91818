import { describe, expect, it } from "vitest"
import { preparedPodSpec } from "../../src/builtin/PodPreparation.ts"
import * as Warnings from "../../src/builtin/warnings/Warnings.ts"
import { podOf } from "./pods.ts"

const container = { name: "c", image: "i" }
const ofPod = (spec: object, metadata: object = { name: "p" }): ReadonlyArray<string> => Warnings.onCreate("", "pods", podOf({ containers: [container], ...spec }, metadata))

describe("Warnings.onCreate", () => {
  it.each([
    ["a plain pod", {}, []],
    ["an old label of nodes", { nodeSelector: { "beta.kubernetes.io/arch": "x" } }, ["spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use \"kubernetes.io/arch\" instead"]],
    [
      "files that lie in each other's place",
      { volumes: [{ name: "v", configMap: { name: "m", items: [{ key: "a", path: "x" }, { key: "b", path: "x/y" }] } }] },
      ["volume \"v\" (ConfigMap \"m\"): overlapping paths: \"x/y\" with \"x\""]
    ],
    [
      "files of several sources in one place",
      { volumes: [{ name: "v", projected: { sources: [{ serviceAccountToken: { path: "t" } }, { secret: { name: "s", items: [{ key: "a", path: "t" }] } }] } }] },
      ["volume \"v\" (Projected): overlapping paths: \"t\" (Secret \"s\") with \"t\" (ServiceAccountToken)"]
    ],
    [
      "half a byte",
      { containers: [{ ...container, resources: { limits: { memory: "500m" } } }] },
      ["spec.containers[0].resources.limits[memory]: fractional byte value \"500m\" is invalid, must be an integer"]
    ],
    [
      "a port that is named twice",
      { containers: [{ ...container, ports: [{ name: "h", containerPort: 1, protocol: "TCP" }, { name: "h", containerPort: 2, protocol: "TCP" }] }] },
      ["spec.containers[0].ports[1]: duplicate port name \"h\" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]"]
    ],
    ["an address that could be shorter", { hostAliases: [{ ip: "2001:DB8:0::1" }] }, ["spec.hostAliases[0].ip: IPv6 address \"2001:DB8:0::1\" should be in RFC 5952 canonical format (\"2001:db8::1\")"]]
  ])("says of %s what it should", (_, spec, expected) => {
    expect(ofPod(spec)).toEqual(expected)
  })

  it("lets a variable refer to the one that it hides", () => {
    const env = (value: string): object => ({ containers: [{ ...container, env: [{ name: "PATH", value: "/a" }, { name: "PATH", value }] }] })
    expect(ofPod(env("/b:$(PATH)"))).toEqual([])
    expect(ofPod(env("/b"))).toEqual(["spec.containers[0].env[1]: hides previous definition of \"PATH\", which may be dropped when using apply"])
  })

  it("looks into templates, too", () => {
    const deployment = { metadata: { name: "a.b" }, spec: { template: { spec: { containers: [container], imagePullSecrets: [{}] } } } }
    expect(Warnings.onCreate("apps", "deployments", deployment)).toEqual([
      "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
      "spec.template.spec.imagePullSecrets[0].name: invalid empty name \"\""
    ])
  })
})

describe("Warnings.onUpdate", () => {
  const job = (generation: number): object => ({ metadata: { name: "a", generation }, spec: { template: { spec: { terminationGracePeriodSeconds: -1 } } } })

  it("speaks up when the generation has changed", () => {
    expect(Warnings.onUpdate("batch", "jobs", undefined, job(2), job(1))).toHaveLength(1)
    expect(Warnings.onUpdate("batch", "jobs", undefined, job(1), job(1))).toEqual([])
  })

  it("is silent about pods", () => {
    const pod = podOf({ containers: [container], terminationGracePeriodSeconds: -1 })
    expect(Warnings.onUpdate("", "pods", undefined, pod, pod)).toEqual([])
  })
})

describe("preparedPodSpec", () => {
  it("gives back a spec that needs nothing", () => {
    const spec = { containers: [container] }
    expect(preparedPodSpec(spec, { labels: { a: "b" } }, [])).toBe(spec)
  })

  it("selects pods with the pod's own values of labels", () => {
    const constraint = { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector: {}, matchLabelKeys: ["a", "none"] }
    const spec = { containers: [container], topologySpreadConstraints: [constraint] }
    expect(preparedPodSpec(spec, { labels: { a: "b" } }, [])).toEqual({
      ...spec,
      topologySpreadConstraints: [{ ...constraint, labelSelector: { matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] } }]
    })
  })

  it("keeps away from pods by the keys that must differ", () => {
    const term = { topologyKey: "zone", labelSelector: { matchLabels: { x: "y" } }, mismatchLabelKeys: ["a"] }
    const spec = { containers: [container], affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } }
    const next = preparedPodSpec(spec, { labels: { a: "b" } }, []) as typeof spec
    expect(next.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]?.labelSelector).toEqual({
      matchLabels: { x: "y" }, matchExpressions: [{ key: "a", operator: "NotIn", values: ["b"] }]
    })
  })

  it("turns the annotation of a profile into its field, and says so", () => {
    const key = "container.apparmor.security.beta.kubernetes.io/c"
    const warnings: Array<string> = []
    const next = preparedPodSpec({ containers: [container] }, { annotations: { [key]: "localhost/p" } }, warnings)
    expect(next).toEqual({ containers: [{ ...container, securityContext: { appArmorProfile: { type: "Localhost", localhostProfile: "p" } } }] })
    expect(warnings).toEqual([`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`])
  })
})
