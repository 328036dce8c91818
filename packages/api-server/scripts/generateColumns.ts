/** Writes the column definitions of the Table form of every built-in resource. */

/** Column definitions by `api/v1/pods`-like path. */
export type Columns = Record<string, ReadonlyArray<{
  readonly name: string
  readonly type: string
  readonly format: string
  readonly priority: number
  readonly description: string
}>>

/** The module with the descriptions, each once, and one line for each resource. */
export const columnsModule = (columns: Columns): string => {
  const descriptions = [...new Set(Object.values(columns).flatMap((list) => list.map((column) => column.description)))]
  const lines = Object.entries(columns).map(([path, list]) =>
    [
      path.replace(/^apis?\//, ""),
      ...list.map((c) => [c.name, c.type, c.format, c.priority, descriptions.indexOf(c.description)].join(","))
    ].join("|")
  )
  return `
/** What columns say about themselves; lines refer to them by index. */
export const columnDescriptions: ReadonlyArray<string> = ${JSON.stringify(descriptions, null, 1)}

/** group/version/plural|name,type,format,priority,description|… */
export const columnLines = \`${lines.join("\n")}\`
`
}
