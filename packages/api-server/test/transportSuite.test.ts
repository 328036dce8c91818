import { KubeTransportFetch } from "@fairlead/kube"
import { suite } from "@fairlead/kube/testing"
import { Effect, Layer } from "effect"
import { FakeApiServer, fetchHandler, KubeTransportApiServer } from "../src/index.ts"

const admin = { name: "admin", groups: ["system:masters"] }

suite("in process", KubeTransportApiServer.layer.pipe(Layer.provide(FakeApiServer.layerWith({ freeze: true }))))

const overBytes = Layer.unwrap(Effect.map(FakeApiServer, (server) =>
  KubeTransportFetch.layer({ baseUrl: "http://server", fetch: fetchHandler(server), token: "secret" })
))

suite("over bytes", overBytes.pipe(Layer.provide(FakeApiServer.layerWith({ freeze: true, tokens: { secret: admin } }))))
