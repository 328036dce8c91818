/** The official Python client, whose watches are streams of lines over HTTP/1.1. */
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { installed, sourceOf, start, whyNot } from "./external.ts"
import { serverLayer, token, withUrl } from "./served.ts"

const name = "python-kubernetes"
const folder = installed(name)

it.live.skipIf(folder === undefined)(`the Python client watches, pages and reads errors${whyNot(name)}`, () =>
  withUrl(async (url, server) => {
    server.handle({ verb: "create", group: "", version: "v1", plural: "serviceaccounts", namespace: "default", body: { metadata: { name: "default" } } })
    const program = start(`${folder}/python/bin/python`, [`${sourceOf(name)}/follow.py`], { SERVER: url, TOKEN: token })
    assert.strictEqual(await program.ended, 0, program.errors())
    assert.deepStrictEqual(program.lines, [
      "ADDED a 1",
      "MODIFIED a 2",
      "DELETED a 2",
      "page 2 1",
      "page 1 None",
      "error 404 Not Found",
      "error 410 Expired: too old resource version: 1 (100)",
      "pod Pending"
    ])
  }).pipe(Effect.scoped, Effect.provide(serverLayer)))
