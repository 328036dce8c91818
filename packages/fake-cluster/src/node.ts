/** What needs Node: containers as local processes. */
export * as PodRuntimeProcess from "./PodRuntimeProcess.ts"
