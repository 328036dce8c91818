/** The in-process transport: calls go straight to a server, as objects, without a byte in between. */
import { type KubeAnswer, KubeError, type KubeRequest, KubeTransport, type KubeWatchRequest, KubeResource, type WatchEvent } from "@fairlead/kube"
import { Effect, Layer } from "effect"
import type { ApiServer } from "./ApiServer.ts"
import { adminUser, type ApiResponse, type User } from "./ApiRequest.ts"
import { FakeApiServer } from "./FakeApiServer.ts"

/** Calls the server at once, unless webhooks have to be waited for; only watches are left open. */
export const make = (server: ApiServer, user: User = adminUser): KubeTransport["Service"] => ({
  request: (request) =>
    Effect.suspend(() => {
      const answer = server.answer(toApi(request, user))
      return answer instanceof Promise ? Effect.flatMap(Effect.promise(() => answer), (settled) => respond(request, settled)) : respond(request, answer)
    }),
  watch: (request, onEvents) => openWatch(server, user, request, onEvents)
})

/** The transport of the server in the environment, acting as a user who may do everything. */
export const layer: Layer.Layer<KubeTransport, never, FakeApiServer> = Layer.effect(KubeTransport, Effect.map(FakeApiServer, (server) => make(server)))

/** The transport acting as `user`, so that policy applies. */
export const layerAs = (user: User): Layer.Layer<KubeTransport, never, FakeApiServer> =>
  Layer.effect(KubeTransport, Effect.map(FakeApiServer, (server) => make(server, user)))

const userAgent = "fairlead"

const toApi = (request: KubeRequest, user: User): Parameters<ApiServer["handle"]>[0] => ({
  verb: request.verb,
  group: request.resource.group,
  version: request.resource.version,
  plural: request.resource.plural,
  namespace: request.namespace,
  name: request.name,
  subresource: request.subresource,
  query: request.query,
  body: request.body,
  patchType: request.patchType,
  user,
  userAgent
})

const respond = (request: KubeRequest, { code, body }: ApiResponse): Effect.Effect<KubeAnswer, KubeError.KubeError> => {
  if (code < 400) return Effect.succeed(body)
  return Effect.fail(KubeError.fromStatus(`${request.verb} ${KubeResource.pathOf(request.resource, request)}`, body as never))
}

const openWatch = (
  server: ApiServer,
  user: User,
  request: KubeWatchRequest,
  onEvents: (events: ReadonlyArray<WatchEvent>) => void
): Effect.Effect<void, KubeError.KubeError> =>
  Effect.callback<void, KubeError.KubeError>((resume) => {
    const { resource, namespace, query } = request
    const answer = server.watch(
      { group: resource.group, version: resource.version, plural: resource.plural, namespace, query, user },
      { onEvents, onEnd: () => resume(Effect.void) }
    )
    if (answer.opened) return Effect.sync(answer.close)
    const method = `watch ${KubeResource.pathOf(resource, { namespace })}`
    resume(Effect.fail(KubeError.fromStatus(method, answer.response.body as never)))
    return undefined
  })
