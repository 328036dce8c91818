import { Idl } from "@fairlead/core"
import { Copilot } from "@fairlead/core"
import type { PodSpec } from "@fairlead/kube"
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { addCopilot } from "../src/PodCopilot.ts"
import { CopilotConfig } from "../src/PodPluginConfig.ts"
import { containerTemplate, metadata, paths } from "./support/fixtures.ts"

const decode = Schema.decodeUnknownSync(CopilotConfig)
const defaults = decode({})
const spec: PodSpec = { containers: [{ name: "main" }, { name: "other" }], initContainers: [{ name: "setup" }] }
const integer = { type: { type: { case: "simple", value: 1 } } } as const
const variables = (...names: ReadonlyArray<string>) => ({ variables: names.map((key) => ({ key, value: integer })) })

const task = (
  iface: { readonly inputs?: object; readonly outputs?: object } | undefined,
  dataConfig: object | null = { enabled: true },
  resources?: { readonly requests: Record<string, string>; readonly limits: Record<string, string> }
) => ({
  template: containerTemplate(dataConfig === null ? {} : { dataConfig }, iface === undefined ? {} : { interface: iface }),
  metadata: metadata(resources === undefined ? {} : { overrides: { ...metadata().overrides, resources } }),
  paths
})
const both = { inputs: variables("x"), outputs: variables("y") }
const add = (it: ReturnType<typeof task>, config = defaults) => addCopilot(spec, "main", it, config)

describe("nothing is added", () => {
  it.each([
    ["without a data configuration", task(both, null)],
    ["when it is switched off", task(both, { enabled: false })],
    ["without an interface", task(undefined)],
    ["for an interface without variables", task({ inputs: variables(), outputs: variables() })]
  ])("%s", (_name, it) => {
    expect(add(it)).toBe(spec)
  })
})

describe("inputs and outputs", () => {
  const pod = add(task(both))

  it("put the uploader first, as a native sidecar, and the downloader last", () => {
    expect(pod.initContainers?.map((it) => [it.name, it.restartPolicy])).toEqual([
      ["flyte-copilot-uploader", "Always"], ["setup", undefined], ["flyte-copilot-downloader", undefined]
    ])
  })

  it("mount a volume each into the primary container, and into no other", () => {
    expect(pod.volumes).toEqual([{ name: "flyte-inputs", emptyDir: {} }, { name: "flyte-outputs", emptyDir: {} }])
    expect(pod.containers).toEqual([
      { name: "main", volumeMounts: [{ name: "flyte-inputs", mountPath: "/var/flyte/inputs" }, { name: "flyte-outputs", mountPath: "/var/flyte/outputs" }] },
      { name: "other" }
    ])
  })

  it("give the pod the time that uploads may take", () => {
    expect(pod.terminationGracePeriodSeconds).toBe(3600)
    expect(add(task(both), decode({ timeout: "90 seconds" })).terminationGracePeriodSeconds).toBe(90)
  })

  it("say in Flyte's words what to do", () => {
    const [uploader, , downloader] = pod.initContainers!
    expect(downloader!.args).toEqual([
      "download", "--from-remote", "s3://bucket/in/inputs.pb", "--to-output-prefix", "s3://bucket/ab/out/a0/1", "--to-local-dir", "/var/flyte/inputs",
      "--format", "JSON", "--file-input-layout", "DIRECT", "--input-interface", expect.any(String)
    ])
    expect(uploader!.args).toEqual([
      "sidecar", "--timeout", "1h0m0s", "--to-raw-output", "s3://bucket/ab/out/a0/1", "--to-output-prefix", "s3://bucket/ab/out/a0/1",
      "--from-local-dir", "/var/flyte/outputs", "--interface", expect.any(String)
    ])
    expect(Copilot.plan(task(both).template)?.interface).toBeDefined()
  })

  it("run small containers of their own image", () => {
    const amounts = { cpu: "500m", memory: "128Mi" }
    expect(pod.initContainers![2]).toMatchObject({
      image: "fairlead:latest",
      command: ["fairlead", "copilot"],
      workingDir: "/",
      resources: { requests: amounts, limits: amounts },
      terminationMessagePolicy: "FallbackToLogsOnError",
      imagePullPolicy: "IfNotPresent"
    })
  })
})

it("Flyte's image is told the name of the file for errors that engines read", () => {
  const [uploader, , downloader] = add(task(both), decode({ command: ["/bin/flyte-copilot"] })).initContainers!
  for (const container of [uploader, downloader]) expect(container?.args?.slice(-2)).toEqual(["--err-output-name", "error.pb"])
  expect(add(task(both)).initContainers?.[0]?.args).not.toContain("--err-output-name")
})

it("a startup probe holds the task back until its uploader watches, and belongs to no other container", () => {
  const startupProbe = { tcpSocket: { port: 6061 }, periodSeconds: 1, failureThreshold: 30 }
  const probes = (pod: PodSpec) => [...pod.initContainers ?? [], ...pod.containers].map((it) => (it as { readonly startupProbe?: unknown }).startupProbe)
  expect(probes(add(task(both), decode({ startupProbe })))).toEqual([startupProbe, undefined, undefined, undefined, undefined])
  expect(probes(add(task(both))).every((it) => it === undefined)).toBe(true)
})

it("inputs alone need only the downloader", () => {
  const pod = add(task({ inputs: variables("x") }))
  expect(pod.initContainers?.map((it) => it.name)).toEqual(["setup", "flyte-copilot-downloader"])
  expect(pod.volumes).toHaveLength(1)
  expect(pod.terminationGracePeriodSeconds).toBeUndefined()
})

it("outputs alone need only the uploader", () => {
  const pod = add(task({ outputs: variables("y") }))
  expect(pod.initContainers?.map((it) => it.name)).toEqual(["flyte-copilot-uploader", "setup"])
  expect(pod.volumes?.map((it) => it.name)).toEqual(["flyte-outputs"])
})

it("paths and format come from the task", () => {
  const pod = add(task(both, { enabled: true, inputPath: "/in", outputPath: "/out", format: Idl.DataLoadingConfig_LiteralMapFormat.YAML }))
  expect(pod.containers[0]?.volumeMounts?.map((it) => it.mountPath)).toEqual(["/in", "/out"])
  expect(pod.initContainers?.[2]?.args).toEqual(expect.arrayContaining(["--to-local-dir", "/in", "--format", "YAML"]))
})

it.each([
  [{ requests: { storage: "1Gi" }, limits: { storage: "2Gi" } }, "2Gi"],
  [{ requests: { storage: "1Gi" }, limits: {} }, "1Gi"]
])("volumes have the size that the task's storage gives: %j", (resources, sizeLimit) => {
  expect(add(task(both, { enabled: true }, resources)).volumes?.map((it) => it.emptyDir)).toEqual([{ sizeLimit }, { sizeLimit }])
})

describe("credentials of the storage", () => {
  const pod = add(task(both), decode({ storageConfigSecretName: "storage" }))

  it("are one read-only volume from a Secret", () => {
    expect(pod.volumes?.[0]).toEqual({ name: "flyte-copilot-storage-config", projected: { defaultMode: 0o444, sources: [{ secret: { name: "storage" } }] } })
    expect(pod.volumes?.filter((it) => it.projected !== undefined)).toHaveLength(1)
  })

  it("are mounted by the copilot containers and never by the task's", () => {
    const mounts = (container: { readonly volumeMounts?: ReadonlyArray<{ readonly name: string }> }) => container.volumeMounts?.some((it) => it.name === "flyte-copilot-storage-config") ?? false
    expect(pod.containers.map(mounts)).toEqual([false, false])
    expect(pod.initContainers?.map(mounts)).toEqual([true, false, true])
  })

  it("are read from files, so that no value is in the pod", () => {
    expect(pod.initContainers?.[0]?.command).toEqual(["fairlead", "copilot", "--config", "/etc/flyte/copilot/*.yaml"])
    expect(pod.initContainers?.every((it) => it.env === undefined)).toBe(true)
  })
})

it.each([["cpu", "lots"], ["memory", "1 GB"]])("a %s of %s is refused with the configuration", (field, value) => {
  expect(() => decode({ [field]: value })).toThrow(`"${value}" is no quantity such as 500m or 128Mi`)
})
