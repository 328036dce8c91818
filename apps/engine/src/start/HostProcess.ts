/** What `fairlead start` and `fairlead config` learn from the process that they run in. */
import { Context } from "effect"
import { hostname } from "node:os"

/** The process's surroundings; a test gives its own. */
export interface HostProcess {
  readonly environment: { readonly [name: string]: string | undefined }
  readonly hostName: string
}

/** Those of the running process unless others are provided. */
export const CurrentHost: Context.Reference<HostProcess> = Context.Reference<HostProcess>("@fairlead/engine/CurrentHost", {
  defaultValue: () => ({ environment: process.env, hostName: hostname() })
})
