/** The words of a text, as tables of kinds list them. */
export const wordsOf = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/))
