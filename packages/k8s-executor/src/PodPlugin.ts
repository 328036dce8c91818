/** Carries tasks out as pods: containers, whole pods and Flyte's sidecar tasks. */
import { type Idl, Templating } from "@fairlead/core"
import { KubeResource, type Pod } from "@fairlead/kube"
import { Duration, Result } from "effect"
import type { BuildContext, KubeObjectPlugin } from "./KubeObjectPlugin.ts"
import { buildPod, type PodBuildOptions, podBuildSettings } from "./PodBuild.ts"
import { downloaderName, uploaderName } from "./PodCopilot.ts"
import { makePodLogs } from "./PodLogs.ts"
import { isTerminalPod, podOutlivesTask, type PodPhaseSettings, readPod } from "./PodPhase.ts"
import { type PodPluginConfig, podPluginDefaults } from "./PodPluginConfig.ts"

/** Name of the plugin in configurations and messages. */
export const id = "pod"

/** Task types that it carries out, and the one under which people call it. */
export const taskTypes: ReadonlyArray<string> = ["container", "python", "raw-container", "sidecar", id]

/** How long a pod with copilot may take to end once nobody wants its outputs any more. */
const abortGracePeriodSeconds = 30

/** Prepares what pods' phases are read with. */
export const phaseSettings = (config: PodPluginConfig): PodPhaseSettings => ({
  limits: {
    imagePull: Duration.toMillis(config.imagePullBackoffGracePeriod),
    createContainer: Duration.toMillis(config.createContainerErrorGracePeriod),
    createContainerConfig: Duration.toMillis(config.createContainerConfigErrorGracePeriod),
    unknown: Duration.toMillis(config.unknownWaitingGracePeriod),
    pending: Duration.toMillis(config.podPendingTimeout)
  },
  logs: makePodLogs(config),
  uploaderName: uploaderName(config.copilot),
  downloaderName: downloaderName(config.copilot)
})

/** True when any command or argument of the task refers to the value of an input. */
export const needsInputs = ({ metadata, template }: Pick<BuildContext, "template" | "metadata">): boolean => {
  const { target } = template
  return (target.case === "container" && (Templating.usesInputs(target.value.command) || Templating.usesInputs(target.value.args))) ||
    asksForInputs(target.case === "k8sPod" ? target.value.podSpec : template.custom) ||
    asksForInputs((metadata.overrides.podTemplate as Idl.K8sPod | undefined)?.podSpec)
}

const asksForInputs = (pod: object | undefined): boolean => pod !== undefined && Templating.usesInputs([JSON.stringify(pod)])

/** True when containers of the platform's own wait for the end of the task to take its outputs. */
const hasCopilot = ({ target }: Idl.TaskTemplate): boolean =>
  (target.case === "container" || target.case === "k8sPod") && (target.value.dataConfig?.enabled ?? false)

/** Makes the plugin, to be run by an `ObjectRunner`. */
export const make = (config: PodPluginConfig = podPluginDefaults, options: PodBuildOptions = {}): KubeObjectPlugin<Pod> => {
  const settings = podBuildSettings(config, options)
  const reading = phaseSettings(config)
  return {
    id,
    taskTypes,
    resource: KubeResource.pods,
    needsInputs,
    build: (context) =>
      Result.map(buildPod(id, context, settings), ({ annotations, labels, spec }): Pod => ({ metadata: { annotations, labels }, spec })),
    readPhase: (pod, context) => readPod(pod, context, reading),
    isTerminal: isTerminalPod,
    outlivesTask: podOutlivesTask,
    // The uploader's grace period, up to an hour, is for outputs; an aborted task has none to wait for.
    deleteOptions: ({ template }) => (hasCopilot(template) ? { gracePeriodSeconds: abortGracePeriodSeconds } : {})
  }
}
