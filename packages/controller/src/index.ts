/** Runs level-based reconcilers over watched objects: reflector, indexed store, work queue, expectations, leader election, events. */
export { Informer, type InformerOptions, type InformerStats } from "./Informer.ts"
export type { ReconcileRequest } from "./ReconcileRequest.ts"
export type { Change, Indexes, Store } from "./Store.ts"
export { Transform } from "./Transform.ts"
export { priorityInitial, type QueueItem, type QueueStats, WorkQueue, type WorkQueueOptions } from "./WorkQueue.ts"
