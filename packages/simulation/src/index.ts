/** Replays a program under virtual time from a seed: clock, scheduler, rules, checkers. */
export * as JournalHash from "./JournalHash.ts"
export * as SeededRandom from "./SeededRandom.ts"
export * as Simulation from "./Simulation.ts"
