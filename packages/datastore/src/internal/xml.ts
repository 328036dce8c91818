/** The little of XML that answers of S3 need: elements by name, text with its entities. */

const entities: { readonly [name: string]: string } = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'" }

const decode = (text: string): string =>
  text.replace(/&(#x[0-9a-fA-F]+|#\d+|\w+);/g, (whole, name: string) => {
    if (name.startsWith("#x")) return String.fromCodePoint(Number.parseInt(name.slice(2), 16))
    return name.startsWith("#") ? String.fromCodePoint(Number(name.slice(1))) : (entities[name] ?? whole)
  })

/** The text of the first element of a name; `undefined` if there is none. */
export const valueOf = (xml: string, name: string): string | undefined => {
  const match = new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`).exec(xml)
  return match === null ? undefined : decode(match[1]!)
}

/** What stands inside of each element of a name. */
export const elementsOf = (xml: string, name: string): ReadonlyArray<string> =>
  [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, "g"))].map((match) => match[1]!)

/** Text for an element. */
export const encode = (text: string): string => text.replace(/[&<>"]/g, (it) => `&${{ "&": "amp", "<": "lt", ">": "gt", "\"": "quot" }[it]};`)
