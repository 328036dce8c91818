/** A server for tests, in time that stands still until it is told to pass. */
import { ApiServer, type ApiRequest, type ApiResponse } from "../src/index.ts"
import { VirtualTime } from "./conformance/virtualTime.ts"

/** A reproducible stream of numbers in [0, 1). */
export const numbers = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 0x1_0000_0000
  }
}

/** The server, its time, and calls on one resource of it. */
export const makeServer = (options: Partial<ApiServer.ApiServerOptions> = {}) => {
  const time = new VirtualTime(Date.UTC(2026, 0, 1))
  const server = ApiServer.make({ now: time.now, random: numbers(1), schedule: time.schedule, freeze: true, ...options })
  const configMaps = { group: "", version: "v1", plural: "configmaps" } as const
  const call = (verb: ApiRequest["verb"], rest: Partial<ApiRequest> = {}): ApiResponse =>
    server.handle({ verb, ...configMaps, namespace: "default", ...rest })
  const create = (name: string, more: object = {}): ApiResponse => call("create", { body: { metadata: { name, ...more } } })
  return { server, time, call, create, configMaps }
}
