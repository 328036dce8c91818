import { expect, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import { describe } from "vitest"
import { presign, signHeaders } from "../src/internal/s3Signer.ts"
import * as S3Credentials from "../src/S3Credentials.ts"

const secretOf = (it: S3Credentials.S3Credentials) => Redacted.value(it.secretAccessKey)

describe("signatures", () => {
  // The examples of AWS's own documentation of version 4.
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: Redacted.make("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY") }
  const signing = { credentials, region: "us-east-1", service: "s3", now: Date.parse("2013-05-24T00:00:00Z") }
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

  it("of headers are those of the documentation", async () => {
    const url = new URL("https://examplebucket.s3.amazonaws.com/test.txt")
    const { authorization } = await signHeaders({ method: "GET", url, headers: { range: "bytes=0-9" }, payloadHash: empty }, signing)
    expect(authorization).toContain("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
    const listed = await signHeaders({ method: "GET", url: new URL("https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J"), headers: {}, payloadHash: empty }, signing)
    expect(listed["authorization"]).toContain("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")
  })

  it("of URLs are those of the documentation", async () => {
    const signed = await presign("GET", new URL("https://examplebucket.s3.amazonaws.com/test.txt"), 86_400, signing)
    expect(signed).toContain("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
  })
})

describe("credentials", () => {
  const files = (contents: { readonly [path: string]: string }): S3Credentials.ReadText => (path) => Effect.succeed(Option.fromNullishOr(contents[path]))

  it.effect("come from variables, and half of them is an error", () => Effect.gen(function*() {
    const found = Option.getOrThrow(yield* S3Credentials.fromVariables({ AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret", AWS_SESSION_TOKEN: "token" }))
    expect([found.accessKeyId, secretOf(found), Redacted.value(found.sessionToken!)]).toEqual(["id", "secret", "token"])
    expect(yield* S3Credentials.fromVariables({})).toEqual(Option.none())
    expect((yield* Effect.flip(S3Credentials.fromVariables({ AWS_ACCESS_KEY_ID: "id" }))).message).toContain("only one of")
  }))

  it.effect("come from the shared files, by profile", () => Effect.gen(function*() {
    const contents = "[default]\naws_access_key_id = a\naws_secret_access_key = b\n# note\n[profile other]\r\naws_access_key_id=c\r\nAWS_SECRET_ACCESS_KEY = d==\r\n"
    const of = (profile: string) => S3Credentials.fromSharedFiles(files({ "/home/.aws/config": contents }), { paths: ["/home/.aws/credentials", "/home/.aws/config"], profile })
    expect(secretOf(Option.getOrThrow(yield* of("default")))).toBe("b")
    expect(secretOf(Option.getOrThrow(yield* of("other")))).toBe("d==")
    expect(yield* of("nobody")).toEqual(Option.none())
  }))

  it.effect("come for the token of a pod, and are renewed before they expire", () => Effect.gen(function*() {
    const asked: Array<string> = []
    const fetch = async (request: Request) => {
      asked.push(await request.text())
      const expires = new Date(3_600_000 * asked.length).toISOString()
      return new Response(`<AssumeRoleWithWebIdentityResponse><Credentials><AccessKeyId>id${asked.length}</AccessKeyId><SecretAccessKey>s&amp;</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${expires}</Expiration></Credentials></AssumeRoleWithWebIdentityResponse>`)
    }
    const source = S3Credentials.fromWebIdentity(files({ "/token": "jwt\n" }), { roleArn: "arn:aws:iam::1:role/x", tokenFile: "/token", endpoint: "https://sts.test/", fetch })
    const credentials = S3Credentials.chain([S3Credentials.fromVariables({}), source], "")
    const first = yield* credentials
    expect(first).toMatchObject({ accessKeyId: "id1", expiresAt: 3_600_000 })
    expect(secretOf(first)).toBe("s&")
    expect(Object.fromEntries(new URLSearchParams(asked[0]))).toMatchObject({ Action: "AssumeRoleWithWebIdentity", WebIdentityToken: "jwt", RoleArn: "arn:aws:iam::1:role/x" })
    yield* TestClock.adjust("50 minutes")
    expect((yield* credentials).accessKeyId).toBe("id1")
    yield* TestClock.adjust("6 minutes")
    expect((yield* credentials).accessKeyId).toBe("id2")
  }))

  it.effect("that cannot be had say why", () => Effect.gen(function*() {
    const options = { roleArn: "arn:x", tokenFile: "/token", endpoint: "https://sts.test/" }
    const refuse = (status: number) => () => Promise.resolve(new Response("<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>expired</Message></Error></ErrorResponse>", { status }))
    const error = yield* Effect.flip(S3Credentials.fromWebIdentity(files({ "/token": "x" }), { ...options, fetch: refuse(400) }))
    expect(error).toMatchObject({ retryable: false, description: "https://sts.test/ gave no keys for arn:x: HTTP 400 InvalidIdentityToken expired" })
    expect((yield* Effect.flip(S3Credentials.fromWebIdentity(files({ "/token": "x" }), { ...options, fetch: refuse(503) }))).retryable).toBe(true)
    expect((yield* Effect.flip(S3Credentials.fromWebIdentity(files({}), { ...options, fetch: refuse(200) }))).message).toContain("/token")
  }))
})
