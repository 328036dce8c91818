import { expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { S3CredentialsNode } from "../src/node.ts"

const home = mkdtempSync(join(tmpdir(), "fairlead-aws-"))
afterAll(() => rmSync(home, { recursive: true, force: true }))

it.effect("the standard chain takes variables first, then files of the home directory, and says what to do without any", () => Effect.gen(function*() {
  const of = (variables: { readonly [name: string]: string }) => S3CredentialsNode.standard({ variables, homeDirectory: home, region: "eu-central-1", fetch })
  expect((yield* Effect.flip(of({}))).message).toContain("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, give the pod a role")
  mkdirSync(join(home, ".aws"))
  writeFileSync(join(home, ".aws/credentials"), "[default]\naws_access_key_id = file\naws_secret_access_key = s\n[ci]\naws_access_key_id = ci\naws_secret_access_key = t\n")
  expect((yield* of({})).accessKeyId).toBe("file")
  const ci = yield* of({ AWS_PROFILE: "ci" })
  expect([ci.accessKeyId, Redacted.value(ci.secretAccessKey)]).toEqual(["ci", "t"])
  expect((yield* of({ AWS_ACCESS_KEY_ID: "v", AWS_SECRET_ACCESS_KEY: "w" })).accessKeyId).toBe("v")
  const unreadable = yield* Effect.flip(of({ AWS_SHARED_CREDENTIALS_FILE: home }))
  expect(unreadable.message).toContain("cannot be read")
  const noToken = yield* Effect.flip(of({ AWS_ROLE_ARN: "arn:x", AWS_WEB_IDENTITY_TOKEN_FILE: join(home, "token") }))
  expect(noToken).toMatchObject({ retryable: true, description: expect.stringContaining("token is not in") as string })
}))
