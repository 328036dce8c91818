/** What a deletion came to. */
import type { KubeAnswer } from "@fairlead/kube"

/** The outcome of asking for a deletion. */
export interface Deletion {
  /** False while the object waits for its grace period or its finalizers. */
  readonly done: boolean
  readonly answer: KubeAnswer
}
