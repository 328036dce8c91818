/** Keeps the inputs and outputs of tasks by URI: memory and file. */
export * from "./Datastore.ts"
export * as DatastoreMemory from "./DatastoreMemory.ts"
export * as DatastoreRouter from "./DatastoreRouter.ts"
export * as Reference from "./Reference.ts"
