/** The same at the edge: `/demo` runs the tasks, every other path is an API server of Kubernetes. */
import { FakeApiServer, fetchHandler } from "@fairlead/api-server"
import { Effect, ManagedRuntime } from "effect"
import { demo } from "./demo.ts"

const server = ManagedRuntime.make(FakeApiServer.layerWith({ tokens: { "admin-token": { name: "admin", groups: ["system:masters"] } } }))

export default {
  async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === "/demo") return Response.json(await Effect.runPromise(demo))
    return fetchHandler(await server.runPromise(FakeApiServer))(request)
  }
}
