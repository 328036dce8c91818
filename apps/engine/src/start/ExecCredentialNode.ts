/** Asks a credential plugin of `client-go` for a token or a client certificate. */
import { Effect, Result, Schema } from "effect"
import { execFile, type ExecFileException } from "node:child_process"
import { ClusterAccessError } from "./ClusterAccess.ts"

/** The command of a kubeconfig's `exec`. */
export interface ExecCommand {
  readonly apiVersion: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env: { readonly [name: string]: string }
  readonly installHint: string | undefined
}

/** What it answered. */
export interface ExecCredential {
  readonly token?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

const Answer = Schema.fromJsonString(Schema.Struct({
  kind: Schema.Literal("ExecCredential"),
  status: Schema.Struct({
    token: Schema.optionalKey(Schema.String),
    clientCertificateData: Schema.optionalKey(Schema.String),
    clientKeyData: Schema.optionalKey(Schema.String)
  })
}))

const decodeAnswer = Schema.decodeUnknownResult(Answer)
const timeout = 60_000

/** Runs the command without a terminal; its own words on the standard error stream become part of the failure. */
export const runExecCredential = (command: ExecCommand, source: string): Effect.Effect<ExecCredential, ClusterAccessError> =>
  Effect.callback((resume, signal) => {
    const fail = (problem: string): void => resume(Effect.fail(new ClusterAccessError({ source, problem })))
    const info = JSON.stringify({ apiVersion: command.apiVersion, kind: "ExecCredential", spec: { interactive: false } })
    const env = { ...process.env, ...command.env, KUBERNETES_EXEC_INFO: info }
    const answered = (error: ExecFileException | null, stdout: string, stderr: string): void => {
      if (error !== null) {
        const hint = command.installHint === undefined ? "" : `; ${command.installHint.trim()}`
        return fail(`the credential command "${command.command}" failed: ${error.code === "ENOENT" ? "there is no such program" : stderr.trim().slice(0, 500) || `it ended with ${String(error.code ?? error.signal)}`}${hint}`)
      }
      const answer = decodeAnswer(stdout)
      // Not the answer itself: it holds the token.
      if (Result.isFailure(answer)) return fail(`the credential command "${command.command}" did not answer an ExecCredential with a status`)
      const { clientCertificateData: cert, clientKeyData: key, token } = answer.success.status
      if (token === undefined && cert === undefined) return fail(`the credential command "${command.command}" answered neither a token nor a certificate`)
      resume(Effect.succeed({ token, cert, key }))
    }
    try {
      execFile(command.command, [...command.args], { env, timeout, signal, maxBuffer: 1 << 20 }, answered).stdin?.end()
    } catch (error) {
      // Words and variables that no program can be given: the text may quote values.
      fail(`the credential command ${JSON.stringify(command.command)} cannot be started: ${(error as NodeJS.ErrnoException).code ?? "its words or variables cannot be used"}`)
    }
  })
