/** Nodes and controllers around the in-memory API server: scheduler, kubelet, garbage collector. */
export * from "./PodRuntime.ts"
export * as PodRuntimeFunction from "./PodRuntimeFunction.ts"
export * as PodRuntimeScripted from "./PodRuntimeScripted.ts"
