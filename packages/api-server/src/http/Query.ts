/** Query parameters; of several with one name the first counts. */

/** Reads a query string. */
export const parseQuery = (query: string): { readonly [name: string]: string } => {
  if (query === "") return none
  const out: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(query)) if (!Object.hasOwn(out, name)) out[name] = value
  return out
}

const none: { readonly [name: string]: string } = {}
