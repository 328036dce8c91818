/** Keys for S3 and stores like it, and where they are found. */
import { Clock, Data, DateTime, Effect, Option, Redacted } from "effect"
import { valueOf } from "./internal/xml.ts"

/** Keys that sign requests. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted.Redacted
  /** Of temporary keys. */
  readonly sessionToken?: Redacted.Redacted | undefined
  /** Milliseconds since the epoch; keys without it last. */
  readonly expiresAt?: number | undefined
}

/** There are no keys, or what should hold them cannot be read. `retryable` says whether they may come. */
export class S3CredentialsMissing extends Data.TaggedError("S3CredentialsMissing")<{ readonly description: string; readonly retryable: boolean }> {
  override get message(): string {
    return this.description
  }
}

/** A place where keys may be: none if there are none in it. */
export type S3CredentialsSource = Effect.Effect<Option.Option<S3Credentials>, S3CredentialsMissing>

/** Variables of the environment. */
export interface Variables {
  readonly [name: string]: string | undefined
}

/** Always the same keys. */
export const fixed = (accessKeyId: string, secretAccessKey: Redacted.Redacted, sessionToken?: Redacted.Redacted): S3CredentialsSource =>
  Effect.succeedSome({ accessKeyId, secretAccessKey, sessionToken })

/** `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`. */
export const fromVariables = (variables: Variables): S3CredentialsSource => {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = variables
  if (!id && !secret) return Effect.succeedNone
  if (!id || !secret) return Effect.fail(new S3CredentialsMissing({ description: `only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set; set both`, retryable: false }))
  return fixed(id, Redacted.make(secret), token ? Redacted.make(token) : undefined)
}

/** Reads a file as text; none if it is not there. */
export type ReadText = (path: string) => Effect.Effect<Option.Option<string>, S3CredentialsMissing>

/** The files that the tools of AWS share, `~/.aws/credentials` and `~/.aws/config`, by profile. */
export const fromSharedFiles = (read: ReadText, options: { readonly paths: ReadonlyArray<string>; readonly profile: string }): S3CredentialsSource =>
  Effect.gen(function*() {
    for (const path of options.paths) {
      const section = sectionOf(Option.getOrElse(yield* read(path), () => ""), options.profile)
      const { aws_access_key_id: id, aws_secret_access_key: secret, aws_session_token: token } = section
      if (id && secret) return Option.some({ accessKeyId: id, secretAccessKey: Redacted.make(secret), sessionToken: token ? Redacted.make(token) : undefined })
    }
    return Option.none()
  })

const sectionOf = (text: string, profile: string): Variables => {
  const found: Record<string, string> = {}
  let isInside = false
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\s*\[\s*(?:profile\s+)?([^\]]+?)\s*\]/.exec(line)
    if (heading !== null) isInside = heading[1] === profile
    const setting = /^\s*([A-Za-z_]+)\s*=\s*(.*?)\s*$/.exec(line)
    if (isInside && setting !== null) found[setting[1]!.toLowerCase()] ??= setting[2]!
  }
  return found
}

/** How a token of the cluster is exchanged for keys. */
export interface WebIdentityOptions {
  readonly roleArn: string
  readonly tokenFile: string
  /** Shown in logs of AWS; `fairlead` if left out. */
  readonly sessionName?: string | undefined
  /** `https://sts.<region>.amazonaws.com` in general. */
  readonly endpoint: string
  readonly fetch: (request: Request) => Promise<Response>
}

/** Keys for a token that the cluster wrote to a file, from the security token service: how pods get theirs. */
export const fromWebIdentity = (read: ReadText, options: WebIdentityOptions): S3CredentialsSource =>
  Effect.gen(function*() {
    const { endpoint, roleArn, sessionName = "fairlead", tokenFile } = options
    const token = yield* read(tokenFile)
    if (Option.isNone(token)) return yield* new S3CredentialsMissing({ description: `the web identity token is not in ${tokenFile}`, retryable: true })
    const body = new URLSearchParams({ Action: "AssumeRoleWithWebIdentity", Version: "2011-06-15", RoleArn: roleArn, RoleSessionName: sessionName, WebIdentityToken: token.value.trim() })
    const { status, text } = yield* Effect.tryPromise({
      try: async () => {
        const response = await options.fetch(new Request(endpoint, { method: "POST", body }))
        return { status: response.status, text: await response.text() }
      },
      catch: (error) => new S3CredentialsMissing({ description: `${endpoint} gave no keys: ${String(error)}`, retryable: true })
    })
    const [id, secret, session, expiration] = ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"].map((name) => valueOf(text, name))
    if (status !== 200 || !id || !secret || !session) {
      const description = `${endpoint} gave no keys for ${roleArn}: HTTP ${status} ${valueOf(text, "Code") ?? ""} ${valueOf(text, "Message") ?? ""}`.trim()
      return yield* new S3CredentialsMissing({ description, retryable: status >= 500 || status === 429 })
    }
    const expiresAt = expiration === undefined ? undefined : Option.getOrUndefined(Option.map(DateTime.make(expiration), DateTime.toEpochMillis))
    return Option.some({ accessKeyId: id, secretAccessKey: Redacted.make(secret), sessionToken: Redacted.make(session), expiresAt })
  })

/** New keys are fetched so long before the old ones expire: five minutes. */
const renewBefore = 300_000

/** The first of several places that has keys, remembered until shortly before they expire. `hint` tells people what to set. */
export const chain = (sources: ReadonlyArray<S3CredentialsSource>, hint: string): Effect.Effect<S3Credentials, S3CredentialsMissing> => {
  let known: S3Credentials | undefined
  return Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    if (known !== undefined && (known.expiresAt === undefined || known.expiresAt - renewBefore > now)) return known
    for (const source of sources) {
      const found = yield* source
      if (Option.isSome(found)) return (known = found.value)
    }
    return yield* new S3CredentialsMissing({ description: `there are no keys for the store; ${hint}`, retryable: false })
  })
}
