/** The vocabulary of tasks: ids, templates, literals, phases, execution metadata and the contracts that plugins implement; no I/O. */
export * as Idl from "./idl/core.generated.ts"
export * as Names from "./Names.ts"
export * as Phase from "./Phase.ts"
export * from "./Plugin.ts"
export * from "./Task.ts"
export * as TaskAction from "./TaskAction.ts"
export type * from "./TaskExecutionMetadata.ts"
