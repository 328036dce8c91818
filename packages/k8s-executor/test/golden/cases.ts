/** Tasks of every form, and what surrounds them. The pods that they become are in the files next to this one. */
import { create } from "@bufbuild/protobuf"
import { Idl, TaskTemplates, type Task } from "@fairlead/core"
import type { PodTemplate } from "@fairlead/kube"
import { Result } from "effect"
import type { BuildContext } from "../../src/KubeObjectPlugin.ts"
import { type PodPluginConfig, podPluginDefaults } from "../../src/PodPluginConfig.ts"
import { buildContext, containerTemplate, metadata, podTemplate, template } from "../support/fixtures.ts"

export interface GoldenCase {
  readonly context: BuildContext
  readonly config?: PodPluginConfig
  readonly podTemplates?: Readonly<Record<string, PodTemplate>>
}

const readable = (task: Task): Idl.TaskTemplate => Result.getOrThrow(TaskTemplates.fromTask(task, { project: "p", domain: "d", name: "greet" }))

const config = (own: Partial<PodPluginConfig>): PodPluginConfig => ({ ...podPluginDefaults, ...own })

const requirement = (key: string) => ({ key, operator: "Exists" }) as const

export const cases: Readonly<Record<string, GoldenCase>> = {
  "container": { context: buildContext({ template: readable({ container: { image: "busybox:1.37", command: ["sh", "-c"], args: ["echo {{.OutputPrefix}}"], env: { GREETING: "hi" } } }) }) },
  "container-as-flyte-builds-it": { context: buildContext(), config: config({ securityLevel: "none" }) },
  "container-restricted": { context: buildContext(), config: config({ securityLevel: "restricted" }) },
  "container-with-inputs-and-outputs": {
    context: buildContext({
      template: readable({
        container: { image: "busybox", command: ["sh", "-c", "echo $(({{.inputs.x}} + 1)) > /var/flyte/outputs/y"] },
        interface: { inputs: { x: { type: "integer" } }, outputs: { y: { type: "integer" } } }
      }),
      inputs: create(Idl.LiteralMapSchema, {
        literals: { x: { value: { case: "scalar", value: { value: { case: "primitive", value: { value: { case: "integer", value: 41n } } } } } } }
      })
    })
  },
  "container-with-storage-secret": {
    context: buildContext({ template: readable({ container: { image: "busybox" }, interface: { outputs: { y: { type: "blob" } } } }) }),
    config: config({ copilot: { ...podPluginDefaults.copilot, storageConfigSecretName: "storage-config" } })
  },
  "container-interruptible-on-dedicated-nodes": {
    context: buildContext({ metadata: metadata({ interruptible: true, k8sServiceAccount: "runner" }) }),
    config: config({
      schedulerName: "volcano",
      defaultTolerations: [requirement("tasks")],
      defaultNodeSelector: { pool: "tasks" },
      interruptibleTolerations: [requirement("spot")],
      interruptibleNodeSelectorRequirement: requirement("spot"),
      defaultEnvVars: { B: "2", A: "1" },
      defaultEnvFromSecrets: ["common"]
    })
  },
  "container-with-console-and-editor": {
    context: buildContext({
      metadata: metadata({ consoleUrl: "https://console.example.com/", environmentVariables: { ACTION_NAME: "a0", _F_E_VS: "true" } }),
      template: containerTemplate({}, { config: { link_type: "vscode" } })
    })
  },
  "container-with-partitioned-gpu-and-shared-memory": {
    context: buildContext({
      template: containerTemplate({ resources: { requests: [{ name: Idl.Resources_ResourceName.GPU, value: "1" }] } }, {
        extendedResources: {
          gpuAccelerator: { device: "a100", partitionSizeValue: { case: "partitionSize", value: "3g.20gb" } },
          sharedMemory: { mountName: "shm", mountPath: "/dev/shm", sizeLimit: "2Gi" }
        }
      })
    })
  },
  "container-with-tpu": {
    context: buildContext({
      metadata: metadata({ overrides: { ...metadata().overrides, resources: { requests: { gpu: "8" }, limits: {} } } }),
      template: containerTemplate({}, { extendedResources: { gpuAccelerator: { device: "V5E", deviceClass: Idl.GPUAccelerator_DeviceClass.GOOGLE_TPU } } })
    })
  },
  "container-with-overrides": {
    context: buildContext({
      metadata: metadata({
        overrides: { ...metadata().overrides, resources: { requests: { cpu: "3" }, limits: { cpu: "64", memory: "8Gi" } }, containerImage: "busybox:override" },
        platformResources: { requests: {}, limits: { cpu: "16" } }
      }),
      template: containerTemplate({ resources: { requests: [{ name: Idl.Resources_ResourceName.CPU, value: "1" }] } })
    })
  },
  "container-on-pod-template": {
    context: buildContext({ template: containerTemplate({ env: [{ key: "OWN", value: "1" }] }, { metadata: { podTemplateName: "site" } }) }),
    podTemplates: {
      site: {
        metadata: { name: "site" },
        template: {
          metadata: { labels: { team: "site", run: "spoofed" }, annotations: { note: "from template" } },
          spec: {
            containers: [
              { name: "default", image: "unused", volumeMounts: [{ name: "cache", mountPath: "/cache" }], env: [{ name: "EVERY", value: "1" }] },
              { name: "primary", image: "unused", env: [{ name: "OWN", value: "template" }] }
            ],
            initContainers: [{ name: "unused", image: "x" }],
            volumes: [{ name: "cache", emptyDir: {} }],
            affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [requirement("site")] }] } } }
          }
        }
      } as unknown as PodTemplate
    },
    config: config({ nonInterruptibleNodeSelectorRequirement: requirement("on-demand") })
  },
  "readable-pod": {
    context: buildContext({
      template: readable({
        pod: {
          primaryContainerName: "main",
          labels: { app: "greeter" },
          spec: {
            initContainers: [{ name: "setup", image: "busybox", args: ["{{.InputPrefix}}"] }],
            containers: [{ name: "main", image: "busybox", resources: { limits: { memory: "64Mi" } } }, { name: "proxy", image: "envoy", resources: { limits: { cpu: 2 } } }]
          }
        }
      })
    })
  },
  "python-pod-that-ends-as-a-whole": { context: buildContext({ template: podTemplate({ containers: [{ name: "main", image: "a" }, { name: "other", image: "b" }] }) }) },
  "raw-container": { context: buildContext({ template: containerTemplate({}, { type: "raw-container" }) }) },
  "sidecar-version-0": {
    context: buildContext({
      template: template({
        type: "sidecar",
        custom: { podSpec: { containers: [{ name: "primary", image: "a" }, { name: "side", image: "b" }] }, primaryContainerName: "primary", annotations: { a: "1" }, labels: { b: "2" } }
      })
    })
  },
  "sidecar-version-1": {
    context: buildContext({
      template: template({ type: "sidecar", taskTypeVersion: 1, config: { primary_container_name: "primary" }, custom: { containers: [{ name: "primary", image: "a" }] } })
    })
  }
}
