/** Plays many sessions on one server, a few at a time. */
import { compareTranscript } from "./compareTranscript.ts"
import type { Kubectl } from "./kubectl.ts"
import { playTranscript } from "./playTranscript.ts"
import type { Transcript } from "./transcript.ts"
import { withServer } from "./withServer.ts"

const atOnce = 4

/** The differences of each session, by its file name. */
export const runTranscripts = (transcripts: ReadonlyArray<Transcript>, kubectl: Kubectl): Promise<ReadonlyMap<string, ReadonlyArray<string>>> =>
  withServer(async (server) => {
    const found = new Map<string, ReadonlyArray<string>>()
    const stage = { ...server, kubectl: kubectl.path }
    const waiting = [...transcripts]
    const worker = async (): Promise<void> => {
      for (let transcript = waiting.shift(); transcript !== undefined; transcript = waiting.shift()) {
        found.set(transcript.slug, compareTranscript(transcript, await playTranscript(transcript, stage), stage))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, worker))
    return found
  })
