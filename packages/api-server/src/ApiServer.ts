/** An in-memory Kubernetes API server as a plain, synchronous object. */
import type { KubeAnswer } from "@fairlead/kube"
import { ApiFailure, methodNotAllowed, notServed } from "./ApiFailure.ts"
import { adminUser, type ApiRequest, type ApiResponse, type ApiWatchRequest, type User } from "./ApiRequest.ts"
import { bootstrap } from "./Bootstrap.ts"
import { type ClusterSnapshot, definitionsInOrder, storeOf, takeSnapshot } from "./ClusterSnapshot.ts"
import { makeCall, type Call } from "./rest/Call.ts"
import { create } from "./rest/Create.ts"
import { deleteOne } from "./rest/Delete.ts"
import { deleteCollection } from "./rest/DeleteCollection.ts"
import { get } from "./rest/Get.ts"
import { list } from "./rest/List.ts"
import { patch } from "./rest/Patch.ts"
import { update } from "./rest/Update.ts"
import { watch, type WatchHandle, type WatchListener } from "./rest/Watch.ts"
import { unreachable } from "./outside/Outside.ts"
import { type OutsideFetch, OutsideSession } from "./outside/OutsideSession.ts"
import { admissionCollections, hasWebhooks } from "./policy/AdmissionCollections.ts"
import type { FlowRule } from "./policy/fairness/TooMany.ts"
import { ResourceCatalog } from "./ResourceCatalog.ts"
import type { ServedResource } from "./ServedResource.ts"
import type { ServerContext } from "./ServerContext.ts"
import { Store, type StoreOptions, type StoreWrite } from "./store/Store.ts"
import { callHandler } from "./subresources/Subresources.ts"
import { randomUid } from "./internal/randomNames.ts"
import type { Kubelet } from "./Kubelet.ts"
import { followDefinitions } from "./crd/Definitions.ts"

/** What a server is made of; everything it knows of the outside comes in here. */
export interface ApiServerOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Numbers in [0, 1), for uids and generated names. */
  readonly random: () => number
  /** Runs something later; the answer cancels it. */
  readonly schedule: (delayMs: number, run: () => void) => () => void
  /** Records in `metadata.managedFields` who owns which field; true if not given. */
  readonly managedFields?: boolean | undefined
  /** Deep-freezes stored objects, so that whoever changes one finds out; false if not given. */
  readonly freeze?: boolean | undefined
  /** Changes that each collection remembers for watches and older lists; 10,000 if not given. */
  readonly historyMax?: number | undefined
  /** Told of errors that are no refusals: broken invariants, which clients see as an internal error. */
  readonly onDefect?: ((defect: unknown) => void) | undefined
  /** Users by bearer token, for the HTTP face. */
  readonly tokens?: { readonly [token: string]: User } | undefined
  /** Calls admission webhooks; without it every such call fails. */
  readonly fetch?: OutsideFetch | undefined
}

/** The answer to opening a watch: it is open, or it was refused. */
export type WatchAnswer =
  | { readonly opened: true; readonly close: () => void }
  | { readonly opened: false; readonly response: ApiResponse }

/**
 * A Kubernetes API server.
 *
 * Every call is carried out at once and to its end. Objects that it hands out are shared and never change; objects
 * handed to it belong to it, apart from parts that it handed out itself.
 */
export interface ApiServer {
  /** Carries out one call. Failures are answers with a `Status`. Webhooks cannot be called: those that would be, fail. */
  readonly handle: (request: ApiRequest) => ApiResponse
  /** The same, at once where no webhook has to be called, and else as soon as all have answered. */
  readonly answer: (request: ApiRequest) => ApiResponse | Promise<ApiResponse>
  /** Opens a watch. Events may come before it returns; the listener must not throw. */
  readonly watch: (request: ApiWatchRequest, listener: WatchListener) => WatchAnswer
  /** Calls `listener` for every committed change, in order; the answer stops that. */
  readonly onWrite: (listener: (write: StoreWrite) => void) => () => void
  /** Version of the last change. */
  readonly revision: () => number
  /** Forgets the changes up to `revision`, as a compaction of the storage does: older versions are `Expired`. */
  readonly compact: (revision: number) => void
  /** Lets `kubelet` answer for the nodes; the answer ends that. */
  readonly serveNodes: (kubelet: Kubelet) => () => void
  /** Everything that is stored, as plain data to `restore` from. */
  readonly snapshot: () => ClusterSnapshot
  /**
   * Another server that goes its own way from here, under `options` where they are given and else as this one. Watches and listeners stay here.
   * Objects are shared and namespaces are copied when one of the two first writes to them, so it costs little.
   */
  readonly fork: (options?: Partial<ApiServerOptions>) => ApiServer
  /** Refuses requests over HTTP with 429 as the rule says; the answer lifts it. */
  readonly refuseTooMany: (rule: FlowRule) => () => void
  /** The inside, for faces and tests. */
  readonly context: ServerContext
}

/** Older versions than this are compacted from the start. */
const revisionStart = 100

/** Builds a server with what every cluster has from the start. */
export const make = (options: ApiServerOptions): ApiServer => {
  const server = makeEmpty(options)
  bootstrap(server, () => makeEmpty({ now: () => 0, random: () => 0, schedule: () => () => undefined, managedFields: options.managedFields }))
  return server
}

const makeEmpty = (options: ApiServerOptions): ApiServer => build(options, new Store(storeOptions(options)), randomUid(options.random), [])

/** Builds a server that goes on where another one was when the snapshot was taken. Throws when the value is no snapshot. */
export const restore = (snapshot: ClusterSnapshot, options: ApiServerOptions): ApiServer =>
  build(options, storeOf(snapshot, storeOptions(options)), snapshot.secret, snapshot.definitions)

const storeOptions = ({ freeze = false, historyMax = 10_000 }: ApiServerOptions): StoreOptions => ({ historyMax, revisionStart, freeze })

const build = (options: ApiServerOptions, store: Store, secret: string, definitions: ReadonlyArray<string>): ApiServer => {
  const context: ServerContext = {
    store,
    catalog: new ResourceCatalog(store),
    admission: admissionCollections(store),
    now: options.now,
    random: options.random,
    schedule: options.schedule,
    managedFields: options.managedFields ?? true,
    tokens: options.tokens ?? {},
    secret,
    outside: unreachable,
    flowRules: new Set(),
    onDefect: options.onDefect ?? (() => undefined),
    kubelet: undefined
  }
  followDefinitions(context, definitions)
  return {
    handle: (request) => handle(context, request),
    answer: (request) => (hasWebhooks(context.admission) || context.catalog.asksOutside ? wait(context, request, options.fetch) : handle(context, request)),
    watch: (request, listener) => openWatch(context, request, listener),
    onWrite: (listener) => store.onWrite(listener),
    revision: () => store.revision,
    compact: (revision) => store.compact(revision),
    serveNodes: (kubelet) => {
      context.kubelet = kubelet
      return () => {
        if (context.kubelet === kubelet) context.kubelet = undefined
      }
    },
    refuseTooMany: (rule) => {
      context.flowRules.add(rule)
      return () => void context.flowRules.delete(rule)
    },
    snapshot: () => takeSnapshot(context),
    fork: (changes) => build({ ...options, ...changes }, store.fork(), secret, definitionsInOrder(context.catalog)),
    context
  }
}

const handle = (context: ServerContext, request: ApiRequest): ApiResponse => {
  const resource = context.catalog.find(request.group, request.version, request.plural)
  const response = attempt(context, resource, request)
  const deprecation = resource?.deprecation
  return deprecation === undefined ? response : { ...response, warnings: [deprecation, ...response.warnings] }
}

/** Plays the call until all webhooks have answered; the body is fresh each time, since it belongs to the call. */
const wait = (context: ServerContext, request: ApiRequest, fetch: OutsideFetch | undefined): Promise<ApiResponse> =>
  new OutsideSession(context, fetch).play(
    (inside) => handle(inside, { ...request, ...(request.body === undefined ? {} : { body: structuredClone(request.body) }) }),
    refusal
  )

const attempt = (context: ServerContext, resource: ServedResource | undefined, request: ApiRequest): ApiResponse => {
  let call: Call | undefined
  try {
    call = callFor(context, resource, request)
    return perform(call)
  } catch (error) {
    if (error instanceof ApiFailure) return refusal(error, call?.warnings)
    throw error
  }
}

const noWarnings: ReadonlyArray<string> = []

const refusal = (failure: ApiFailure, warnings: ReadonlyArray<string> = noWarnings): ApiResponse => ({
  code: failure.code,
  body: failure.status as KubeAnswer,
  warnings,
  headers: failure.headers
})

const callFor = (context: ServerContext, resource: ServedResource | undefined, request: ApiRequest): Call => {
  if (resource === undefined) throw notServed()
  return makeCall(context, resource, request)
}

const perform = (call: Call): ApiResponse => {
  const { verb, subresource } = call.request
  if (subresource !== undefined) {
    const served = call.resource.subresources.get(subresource)
    if (served === undefined) throw notServed()
    if (!served.verbs.includes(verb)) throw methodNotAllowed()
  } else if (!call.resource.verbs.includes(verb)) throw methodNotAllowed()
  const own = callHandler(call.resource, subresource ?? "")
  return (own ?? verbs[verb])(call)
}

const verbs: { readonly [verb in ApiRequest["verb"]]: (call: Call) => ApiResponse } = {
  get,
  list,
  create,
  update,
  patch,
  delete: deleteOne,
  deletecollection: deleteCollection
}

const openWatch = (context: ServerContext, request: ApiWatchRequest, listener: WatchListener): WatchAnswer => {
  try {
    const resource = context.catalog.find(request.group, request.version, request.plural)
    const handle: WatchHandle = watch(callFor(context, resource, { ...request, user: request.user ?? adminUser, verb: "list" }), listener)
    return { opened: true, close: handle.close }
  } catch (error) {
    if (error instanceof ApiFailure) return { opened: false, response: refusal(error) }
    throw error
  }
}

