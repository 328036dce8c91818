/** Types of core's messages that are used here. */
import type { Idl } from "@fairlead/core"

export type LiteralMap = Idl.LiteralMap
export type TaskTemplate = Idl.TaskTemplate
