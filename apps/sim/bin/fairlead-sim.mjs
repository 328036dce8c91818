#!/usr/bin/env -S node --use-largepages=silent --min-semi-space-size=32 --max-semi-space-size=32
/**
 * Starts `fairlead-sim`. This first file is JavaScript because Node loads all that it needs to take types out, for 40 ms, when the first file has
 * types; the types of files that come after `enableCompileCache` are gone in the cache.
 */
import module from "node:module"
import { entryOf, refuseOldNode } from "../../../scripts/programs.mjs"

refuseOldNode("fairlead-sim")
module.enableCompileCache()
await import(entryOf("fairlead-sim"))
