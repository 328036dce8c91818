#!/usr/bin/env node
/**
 * Starts `fairlead`. This first file is JavaScript because Node loads all that it needs to take types out, for 40 ms, when the first file has
 * types; the types of files that come after `enableCompileCache` are gone in the cache.
 */
import module from "node:module"
import { entryOf, refuseOldNode } from "../../../scripts/programs.mjs"

refuseOldNode("fairlead")
module.enableCompileCache()
await import(entryOf("fairlead"))
