/** Answers who somebody is: the reviews of authentication.k8s.io. */
import { KubeTime } from "@fairlead/kube"
import type { ApiResponse } from "../ApiRequest.ts"
import { badRequest } from "../ApiFailure.ts"
import { field } from "../Draft.ts"
import { answer } from "../rest/Answer.ts"
import { readBody } from "../rest/Body.ts"
import type { Call } from "../rest/Call.ts"
import { verifyToken } from "../policy/Tokens.ts"
import { userJson } from "../policy/expressions/AdmissionInput.ts"

/** POST of a SelfSubjectReview. */
export const reviewSelf = (call: Call): ApiResponse => {
  const draft = readBody(call)
  draft.metadata = { creationTimestamp: KubeTime.format(call.server.now()) }
  draft["status"] = { userInfo: userJson(call.user) }
  return answer(call, 201, draft as never)
}

/** POST of a TokenReview. */
export const reviewToken = (call: Call): ApiResponse => {
  const draft = readBody(call)
  const { token = "", audiences = [] } = field<{ token?: string; audiences?: ReadonlyArray<string> }>(draft, "spec") ?? {}
  if (token === "") throw badRequest("token is required for TokenReview in authentication")
  const found = verifyToken(call.server, token, audiences)
  draft["status"] = typeof found === "string"
    ? { user: {}, error: found }
    : { authenticated: true, user: userJson(found.user), audiences: found.audiences }
  return answer(call, 201, draft as never)
}
