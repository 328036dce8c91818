/** Bounds for texts that come from outside: a status must stay storable whatever a task prints. */

/** Longest message of a terminal condition and of the error state. The schema would take 32768. */
export const messageMax = 8192

/** Longest message of a line of the history and of conditions that are not terminal. */
export const noteMax = 1024

/** Cuts `text` to `max` UTF-16 units, saying how much is missing, without splitting a surrogate pair. */
export const truncate = (text: string, max: number): string => {
  if (text.length <= max) return text
  const suffix = ` … (${text.length} characters in all)`
  const end = Math.max(0, max - suffix.length)
  const last = text.charCodeAt(end - 1)
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end) + suffix
}
