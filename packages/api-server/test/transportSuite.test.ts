import { suite } from "@fairlead/kube/testing"
import { Layer } from "effect"
import { FakeApiServer, KubeTransportApiServer } from "../src/index.ts"

suite("in process", KubeTransportApiServer.layer.pipe(Layer.provide(FakeApiServer.layerWith({ freeze: true }))))
