/** Serves an API server on a port of this machine. */
export * from "./ListenNode.ts"
export * from "./OutsideFetchNode.ts"
