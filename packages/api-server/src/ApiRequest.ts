/** What the server is asked and what it answers, with bodies as objects. */
import type { LogStream } from "./Kubelet.ts"
import type { KubeAnswer, KubeQuery, KubeRequest, PatchType } from "@fairlead/kube"

/** Who sends a request, as the server's authentication found out. */
export interface User {
  readonly name: string
  readonly uid?: string
  readonly groups: ReadonlyArray<string>
  readonly extra?: { readonly [key: string]: ReadonlyArray<string> }
}

/** The user that in-process callers act as unless they say otherwise: may do everything. */
export const adminUser: User = { name: "admin", groups: ["system:masters", "system:authenticated"] }

/** One call. */
export interface ApiRequest {
  readonly verb: KubeRequest["verb"]
  readonly group: string
  readonly version: string
  readonly plural: string
  /** Left out for cluster-scoped objects and for lists over all namespaces. */
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
  readonly query?: KubeQuery | undefined
  /** Belongs to the server from now on, but may share parts with objects that the server handed out. */
  readonly body?: unknown
  /** The text that `body` was parsed from, if there was one: errors quote it. Without a body it is no JSON. */
  readonly bodyText?: string | undefined
  /** Why the text could not be read, if it is not JSON. */
  readonly bodyProblem?: string | undefined
  /** Keys that stand twice in a text that is not JSON, as its parser reports them. */
  readonly bodyDuplicates?: ReadonlyArray<string> | undefined
  readonly patchType?: PatchType | undefined
  readonly user?: User | undefined
  /** Names the writer in `managedFields` when the query has no `fieldManager`. */
  readonly userAgent?: string | undefined
}

/** One answer. Objects are shared and immutable. */
export interface ApiResponse {
  /** HTTP status code. */
  readonly code: number
  readonly body: KubeAnswer
  /** Texts for `Warning` headers. */
  readonly warnings: ReadonlyArray<string>
  readonly headers?: { readonly [name: string]: string } | undefined
  /** Answers with this text, such as a log, instead of the body. */
  readonly text?: string | LogStream | undefined
}

/** A watch on a collection. */
export interface ApiWatchRequest {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespace?: string | undefined
  /** Watches this one object. */
  readonly name?: string | undefined
  readonly query?: KubeQuery | undefined
  readonly user?: User | undefined
}
