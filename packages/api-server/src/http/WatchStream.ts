/** Watches as streams of lines. */
import type { KubeObject, WatchEvent } from "@fairlead/kube"
import type { ApiServer } from "../ApiServer.ts"
import type { User } from "../ApiRequest.ts"
import { encodeWatchEvent } from "../protobuf/Envelope.ts"
import type { ServedResource } from "../ServedResource.ts"
import { contentType, encode, jsonLine } from "./Encoding.ts"
import type { HttpResponse, StreamSink } from "./HttpMessage.ts"
import type { Representation } from "./MediaTypes.ts"
import { noRepresentation, watchTypes } from "./ResourceFace.ts"
import type { ResourceRoute } from "./Route.ts"
import { partial } from "./Shapes.ts"
import { columnsOf, rowOf } from "./Tables.ts"

/** Opens a watch; a refused one is an ordinary answer. */
export const watchResponse = (
  server: ApiServer,
  resource: ServedResource,
  at: ResourceRoute,
  query: { readonly [name: string]: string },
  user: User,
  representation: Representation
): HttpResponse => {
  if (representation.encoding === "yaml") throw noRepresentation(watchTypes)
  const outlet = new WatchOutlet()
  const lineOf = lineWriter(server, resource, representation, query["includeObject"])
  const answer = server.watch(
    { group: at.group, version: at.version, plural: at.plural, namespace: at.namespace, name: at.name === "" ? undefined : at.name, query, user },
    {
      onEvents: (events) => {
        if (outlet.isOverfull()) {
          if (answer.opened) answer.close()
          outlet.end()
        } else writeEvents(outlet, events, lineOf)
      },
      onEnd: () => outlet.end()
    }
  )
  if (!answer.opened) {
    const { code, body, headers } = answer.response
    return { status: code, headers: { "Content-Type": contentType(representation.encoding), ...headers }, body: encode(body, representation.encoding) }
  }
  const headers: Record<string, string | ReadonlyArray<string>> = { "Content-Type": contentType(representation.encoding) }
  if (resource.deprecation !== undefined) headers["Warning"] = [`299 - ${JSON.stringify(resource.deprecation)}`]
  return {
    status: 200,
    headers,
    body: (target) => {
      outlet.open(target)
      return answer.close
    }
  }
}

/** How far a client may fall behind before its watch is ended, as kube-apiserver ends those that do not keep up. The client then opens a new one. */
const backlogBytesMax = 8 * 1024 * 1024

/** Keeps what comes before the body is open, and tells when the client is too far behind. */
class WatchOutlet {
  #early: Array<string | Uint8Array> | undefined = []
  #sink: StreamSink | undefined
  #ended = false
  /** What waited when the stream began, as far as it still does: a long first list is no fault of the client. */
  #initialBytes = Infinity

  readonly write = (piece: string | Uint8Array): void => {
    if (this.#sink === undefined) this.#early?.push(piece)
    else if (!this.#ended) this.#sink.write(piece)
  }

  readonly end = (): void => {
    this.#ended = true
    this.#sink?.end()
  }

  open(sink: StreamSink): void {
    this.#sink = sink
    for (const piece of this.#early ?? []) sink.write(piece)
    this.#early = undefined
    if (this.#ended) sink.end()
  }

  isOverfull(): boolean {
    if (this.#sink === undefined) return false
    const waiting = this.#sink.waiting()
    this.#initialBytes = Math.min(this.#initialBytes, waiting)
    return waiting - this.#initialBytes > backlogBytesMax
  }
}

type LineWriter = (event: WatchEvent) => string | Uint8Array

const writeEvents = (sink: Pick<StreamSink, "write">, events: ReadonlyArray<WatchEvent>, lineOf: LineWriter): void => {
  if (events.length === 1) return sink.write(lineOf(events[0]!))
  const lines = events.map(lineOf)
  if (lines.every((line) => typeof line === "string")) sink.write(lines.join(""))
  else for (const line of lines) sink.write(line)
}

/** The last line that was written: the same event often goes to many watches in a row. */
let lastEvent: WatchEvent | undefined
let lastLine = ""

const plainLine = (event: WatchEvent): string => {
  if (event !== lastEvent) {
    lastEvent = event
    lastLine = jsonLine(event)
  }
  return lastLine
}

const lineWriter = (
  server: ApiServer,
  resource: ServedResource,
  { shape, shapeVersion, encoding }: Representation,
  includeObject: string | undefined
): LineWriter => {
  if (encoding === "protobuf") {
    const shown = (event: WatchEvent): object => (shape === "object" || event.type === "ERROR" ? event.object : partial(event.object, shapeVersion))
    return (event) => encodeWatchEvent(event.type, shown(event))
  }
  if (shape === "object") return plainLine
  if (shape !== "Table") {
    return (event) => (event.type === "ERROR" ? plainLine(event) : jsonLine({ type: event.type, object: partial(event.object, shapeVersion) }))
  }
  let columns: ReadonlyArray<object> | null = columnsOf(resource)
  return (event) => {
    if (event.type === "ERROR") return plainLine(event)
    const object = tableEvent(event.object, resource, shapeVersion, columns, includeObject, server.context.now())
    columns = null
    return jsonLine({ type: event.type, object })
  }
}

const tableEvent = (
  object: KubeObject,
  resource: ServedResource,
  version: string,
  columns: ReadonlyArray<object> | null,
  includeObject: string | undefined,
  now: number
): object => ({
  kind: "Table",
  apiVersion: `meta.k8s.io/${version}`,
  metadata: { resourceVersion: object.metadata.resourceVersion },
  columnDefinitions: columns,
  rows: [rowOf(object, resource, version, includeObject, now)]
})

