/** The form of one rule of the Pod Security Standards. */
import type { PodView } from "./PodView.ts"

/** One rule of a level. */
export interface SecurityCheck {
  /** First minor version of the standard with this rule. */
  readonly since: number
  /** First minor version in which the restricted level replaces this rule of the baseline by a stricter one. */
  readonly stricterSince?: number
  /** What is wrong, in short. */
  readonly reason: string | ((pod: PodView) => string)
  /** What is wrong with this pod; `undefined` if nothing is. `minor` is the version of the standard. */
  readonly find: (pod: PodView, minor: number) => string | undefined
}

/** Whether the pod runs under user ids of its own, which makes some rules needless since version 1.35. */
export const hasOwnUsers = ({ spec }: PodView, minor: number): boolean => minor >= 35 && spec.hostUsers === false

/** Whether rules of Linux do not matter since version 1.25. */
export const runsWindows = ({ spec }: PodView, minor: number): boolean => minor >= 25 && spec.os?.name === "windows"
