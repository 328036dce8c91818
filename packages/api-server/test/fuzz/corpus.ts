/** Recorded requests as the ground that mutations grow on: they reach far into the server before one of them goes wrong. */
import { type CaseRequest, readCases } from "../conformance/conformanceCase.ts"

/** Requests that follow each other. */
export interface Session {
  readonly name: string
  readonly requests: ReadonlyArray<CaseRequest>
}

const variables: Readonly<Record<string, string>> = { ns: "default", ns2: "kube-system", id: "fuzz" }

const fillIn = <A>(value: A): A =>
  JSON.parse(JSON.stringify(value).replace(/\$(?:\{([a-zA-Z]\w*)\}|([a-zA-Z]\w*))/g, (whole: string, braced?: string, bare?: string) => variables[braced ?? bare ?? ""] ?? whole)) as A

/** All recorded sessions with requests, watches included. */
export const readSessions = (): ReadonlyArray<Session> =>
  readCases().map(({ area, slug, steps }) => ({
    name: `${area}/${slug}`,
    requests: steps.flatMap((step): ReadonlyArray<CaseRequest> => {
      if (step.request !== undefined) return [fillIn(step.request)]
      if (step.watch === undefined) return []
      return [fillIn({ method: "GET", path: step.path ?? "", ...(step.headers === undefined ? {} : { headers: step.headers }) })]
    })
  })).filter(({ requests }) => requests.length > 0)
