import { describe, expect, it } from "vitest"
import { fetchHandler } from "../../src/index.ts"
import { makeServer, numbers } from "../makeServer.ts"

const accounts = { group: "", version: "v1", plural: "serviceaccounts", namespace: "default" } as const
const path = "http://server/apis/authentication.k8s.io/v1/selfsubjectreviews"

const serverWithToken = (seed: number) => {
  const { server, time } = makeServer({ random: numbers(seed) })
  const make = (): void => void server.handle({ verb: "create", ...accounts, body: { metadata: { name: "robot" } } })
  make()
  const made = server.handle({ verb: "create", ...accounts, name: "robot", subresource: "token", body: { spec: { expirationSeconds: 600 } } })
  const { token } = (made.body as unknown as { readonly status: { readonly token: string } }).status
  const ask = async (bearer: string): Promise<number> => {
    const handler = fetchHandler(server)
    const request = { method: "POST", body: "{}", headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" } }
    return (await handler(new Request(path, request))).status
  }
  return { server, time, make, token, ask }
}

describe("the token of a service account", () => {
  it("is good only at the server that gave it", async () => {
    const [one, two] = [serverWithToken(1), serverWithToken(2)]
    expect([await one.ask(one.token), await two.ask(one.token), await one.ask(one.token), await one.ask(`${one.token}x`)]).toEqual([201, 401, 201, 401])
  })

  it("ends with its time, however often it was used", async () => {
    const { ask, time, token } = serverWithToken(1)
    expect(await ask(token)).toBe(201)
    time.advance(600_000)
    expect(await ask(token)).toBe(401)
  })

  it("ends with its account, even if there is another one of the name", async () => {
    const { ask, make, server, token } = serverWithToken(1)
    expect(await ask(token)).toBe(201)
    server.handle({ verb: "delete", ...accounts, name: "robot" })
    expect(await ask(token)).toBe(401)
    make()
    expect(await ask(token)).toBe(401)
  })
})
