/** What is special about pods. */
import type { KubeObject, Pod } from "@fairlead/kube"
import { type Draft, field } from "../Draft.ts"
import type { KindRules } from "../rest/KindRules.ts"
import { qualityOfService } from "./QualityOfService.ts"

const gracePeriod = (object: KubeObject, asked: number | undefined): number => {
  const pod = object as Pod
  if (!pod.spec?.nodeName) return 0
  const phase = pod.status?.phase
  if (phase === "Failed" || phase === "Succeeded") return 0
  const seconds = asked ?? pod.spec.terminationGracePeriodSeconds ?? 30
  return seconds < 0 ? 1 : seconds
}

const prepareCreate = (draft: Draft): void => {
  draft["status"] = { phase: "Pending", qosClass: qualityOfService(field(draft, "spec") ?? { containers: [] }) }
}

/** Hooks of pods. */
export const podRules: Partial<KindRules> = {
  prepareCreate,
  grace: gracePeriod,
  empty: { spec: { containers: null }, status: {} }
}
