/** Drives every TaskAction to a terminal phase. */
export * from "./EngineConfig.ts"
