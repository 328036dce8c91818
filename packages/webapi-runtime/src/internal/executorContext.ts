/** A task as v1 executors see it. */
import type { TaskExecutionContext } from "@fairlead/core"
import type { CustomState, TaskContext, TaskPhase } from "../Executor.ts"
import type { ExecutorState } from "../ExecutorState.ts"

const generatedNameMax = 50

/** The context of one call. Files are those of the launch: attempts do not share them, as they did in v1. */
export const makeTaskContext = ({ metadata, paths }: TaskExecutionContext, state: ExecutorState): TaskContext => ({
  getOwnerId: () => metadata.ownerId,
  getTaskExecutionId: () => ({
    getGeneratedName: () => metadata.taskExecutionId.generatedNameWith(0, generatedNameMax),
    getId: () => metadata.taskExecutionId.id
  }),
  getDataDir: () => paths.outputPrefix,
  getInputsFile: () => `${paths.inputPrefix}/inputs.pb`,
  getOutputsFile: () => `${paths.outputPrefix}/outputs.pb`,
  getErrorFile: () => `${paths.outputPrefix}/error.pb`,
  getNamespace: () => metadata.namespace,
  getOwnerReference: () => metadata.ownerReference,
  getOverrides: () => ({ getResources: () => metadata.overrides.resources, getConfig: () => metadata.overrides.configMap }),
  getLabels: () => metadata.labels,
  getAnnotations: () => metadata.annotations,
  getCustomState: () => state.customState === "" ? {} : JSON.parse(state.customState) as CustomState,
  getK8sServiceAccount: () => metadata.k8sServiceAccount,
  getPhase: () => state.lastPhase as TaskPhase,
  getPhaseVersion: () => state.lastVersion
})
