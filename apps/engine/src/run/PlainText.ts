/** Texts of tasks for a terminal that must not obey them: what they would do to it is left out, what they say stays. */

/** Colours, movements and titles: sequences that begin with an escape character. */
const sequences = /\u001B(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|[ -/]*[0-~])?/g

/** Characters that a terminal acts on; a tab only moves to the right. */
const controls = /[\u0000-\u0008\u000A-\u001F\u007F-\u009F]/g

/** One line without what a terminal would act on. Of a line that is written over, as progress bars are, the last version. */
export const plainLine = (line: string): string =>
  line.replaceAll(sequences, "").split("\r").findLast((version) => version.trim() !== "")?.replaceAll(controls, "") ?? ""
