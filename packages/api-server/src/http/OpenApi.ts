/** The OpenAPI documents. */
import type { ApiServer } from "../ApiServer.ts"
import type { HttpRequest, HttpResponse } from "./HttpMessage.ts"

/** Answers paths below `/openapi`; `undefined` for other paths. */
export const openApiResponse = async (_server: ApiServer, _request: HttpRequest, _segments: ReadonlyArray<string>): Promise<HttpResponse | undefined> =>
  undefined
