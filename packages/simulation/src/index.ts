/** Replays a program under virtual time from a seed: clock, scheduler, rules, checkers. */
export * as Checker from "./Checker.ts"
export * as JournalHash from "./JournalHash.ts"
export * as Network from "./Network.ts"
export * as Rule from "./Rule.ts"
export * as SeededRandom from "./SeededRandom.ts"
export * as Simulation from "./Simulation.ts"
