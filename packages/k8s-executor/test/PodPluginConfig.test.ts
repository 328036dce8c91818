import { Duration, Schema } from "effect"
import { expect, it } from "vitest"
import { ObjectRunnerConfig, objectRunnerDefaults, quotaPause } from "../src/ObjectRunnerConfig.ts"
import { PodPluginConfig, podPluginDefaults } from "../src/PodPluginConfig.ts"

const decode = Schema.decodeUnknownSync(PodPluginConfig)

it("has a default for everything", () => {
  expect(decode({})).toEqual(podPluginDefaults)
  expect(podPluginDefaults).toMatchObject({
    defaultCpus: "1000m",
    defaultMemory: "1024Mi",
    securityLevel: "baseline",
    automountServiceAccountToken: false,
    gpuResourceName: "nvidia.com/gpu",
    copilot: { namePrefix: "flyte-copilot-", cpu: "500m", memory: "128Mi" }
  })
  expect(objectRunnerDefaults).toMatchObject({ injectFinalizer: false, deleteOnFinalize: false, defaultAnnotations: { "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" } })
})

it("is as patient as Flyte by default", () => {
  const minutes = (it: Duration.Duration) => Duration.toMinutes(it)
  expect([
    podPluginDefaults.imagePullBackoffGracePeriod,
    podPluginDefaults.createContainerErrorGracePeriod,
    podPluginDefaults.createContainerConfigErrorGracePeriod,
    podPluginDefaults.podPendingTimeout,
    podPluginDefaults.copilot.timeout
  ].map(minutes)).toEqual([3, 3, 0, 0, 60])
})

it("keeps the defaults of what a configuration leaves out, in nested parts too", () => {
  expect(decode({ copilot: { image: "mine" }, imagePullBackoffGracePeriod: "10 minutes" })).toMatchObject({
    copilot: { image: "mine", cpu: "500m" },
    imagePullBackoffGracePeriod: Duration.minutes(10),
    defaultCpus: "1000m"
  })
})

it.each([
  [{ defaultCpus: "many" }, "many"],
  [{ securityLevel: "tight" }, 'Expected "none" | "baseline" | "restricted"'],
  [{ defaultTolerations: [{ operator: "Sometimes" }] }, '["defaultTolerations"][0]["operator"]'],
  [{ podPendingTimeout: "later" }, '["podPendingTimeout"]'],
  [{ interruptibleNodeSelectorRequirement: { key: "x" } }, "operator"]
])("refuses %j and says what is wrong", (config, words) => {
  expect(() => decode(config)).toThrow(words)
})

it("encodes to what it decodes from", () => {
  const encoded = Schema.encodeSync(PodPluginConfig)(podPluginDefaults)
  expect(decode(JSON.parse(JSON.stringify(encoded)))).toEqual(podPluginDefaults)
  expect(Schema.decodeSync(ObjectRunnerConfig)(Schema.encodeSync(ObjectRunnerConfig)(objectRunnerDefaults))).toEqual(objectRunnerDefaults)
})

it("quota pauses grow with the wait, between the configured bounds", () => {
  expect([0, 20_000, 90_000, 3_600_000].map((waited) => quotaPause(objectRunnerDefaults, waited))).toEqual([5000, 10_000, 45_000, 60_000])
})
