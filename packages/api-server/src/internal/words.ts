/** The words of a text, as tables list them. */
export const words = (text: string): ReadonlyArray<string> => text.trim().split(/\s+/)

/** The same as a set. */
export const wordsOf = (text: string): ReadonlySet<string> => new Set(words(text))
