/** `$(NAME)` references in commands, arguments and environment values, by Kubernetes' rules. */

/**
 * Replaces `$(NAME)` by the variable's value. A name that is not there stays as it is, `$$(NAME)` becomes `$(NAME)`
 * without being replaced, and any other `$` is an ordinary character.
 */
export const expand = (text: string, variables: ReadonlyMap<string, string>): string =>
  text.includes("$")
    ? text.replace(/\$\$|\$\(([^)]*)\)/g, (found, name: string | undefined) => (name === undefined ? "$" : (variables.get(name) ?? found)))
    : text
