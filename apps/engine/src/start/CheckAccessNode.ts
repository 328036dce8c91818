/** Tries out what a cluster is reached with, so that it is refused at the start instead of at every call. */
import { Effect } from "effect"
import { createSecureContext } from "node:tls"
import { type ClusterAccess, ClusterAccessError } from "./ClusterAccess.ts"

/** What a text in PEM begins with; a CA without it would be left out without a word. */
const pem = /-----BEGIN [^-]+-----/

/** Reads certificates and token once. Whether the server takes them shows later. */
export const checkAccess = Effect.fnUntraced(function*({ description, server, tls, token }: ClusterAccess): Effect.fn.Return<void, ClusterAccessError> {
  const refused = (problem: string) => new ClusterAccessError({ source: description, problem })
  const { ca, cert, key } = yield* tls
  for (const [name, text] of [["certificate authority", ca], ["client certificate", cert], ["client key", key]] as const) {
    if (text !== undefined && !pem.test(text)) return yield* refused(`the ${name} is no PEM text, which begins with -----BEGIN`)
  }
  if ((cert === undefined) !== (key === undefined)) return yield* refused(`the client ${cert === undefined ? "key comes without its certificate" : "certificate comes without its key"}`)
  if (server.startsWith("https:")) {
    yield* Effect.try({
      try: () => createSecureContext({ ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) }),
      catch: (error) => refused(`certificates and key cannot be used: ${(error as Error).message}`)
    })
  }
  if (token === undefined) return
  const text = yield* token
  if (text === "" && cert === undefined) return yield* refused("the token is empty")
  if (!/^[\x21-\x7e]*$/.test(text)) return yield* refused("the token has characters that cannot be sent, such as spaces or line breaks")
})
