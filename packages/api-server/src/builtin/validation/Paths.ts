/** Paths of files inside volumes and containers. */
import type { Check } from "./Check.ts"

/** A path that does not climb up. */
export const checkPathNoBacksteps = (check: Check, field: string, path: string): void => {
  if (path.split("/").includes("..")) check.invalid(field, path, "must not contain '..'")
}

/** A path below the place where it starts. */
export const checkRelativePath = (check: Check, field: string, path: string): void => {
  if (path.startsWith("/")) check.invalid(field, path, "must be a relative path")
  checkPathNoBacksteps(check, field, path)
}

/** A relative path whose first part does not look like a step up. */
export const checkUnreservedPath = (check: Check, field: string, path: string): void => {
  checkRelativePath(check, field, path)
  if (path.startsWith("..") && !path.startsWith("../")) check.invalid(field, path, "must not start with '..'")
}
