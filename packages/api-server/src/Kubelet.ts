/** What the server asks of the nodes: streams out of running pods. */
import type { KubeQuery, Pod } from "@fairlead/kube"

/** Takes the pieces of a log that is followed. */
export interface LogSink {
  readonly write: (piece: string) => void
  readonly end: () => void
}

/** A log that goes on; the answer stops it. */
export type LogStream = (sink: LogSink) => () => void

/** Speaks for the nodes of a cluster; whoever runs pods hands one to `ApiServer.serveNodes`. */
export interface Kubelet {
  /** The log of a container, whole or as it grows (`follow`); `undefined` if no node has it. Options as in `PodLogOptions`. */
  readonly logs: (pod: Pod, container: string, options: KubeQuery) => string | LogStream | undefined
}
