import type { Command } from '#common/cli/args'
import { type Run, runCommand } from '../cli/run-command.ts'

/** One command of `bun run lucid`; `command.name` is `lucid` and its words. */
export type Entry = { readonly command: Command; readonly start: (argv: readonly string[]) => Promise<void> }

/** Puts a declaration and what it does together. */
export const entry = <const C extends Command>(command: C, run: Run<C>): Entry => ({
  command,
  start: (argv) => runCommand(true, command, run, { argv }),
})

/** Of the commands, the one with the most words that `argv` begins with, and what is left of it. */
export const findEntry = (
  entries: readonly Entry[],
  argv: readonly string[],
): { readonly entry: Entry; readonly rest: readonly string[] } | undefined =>
  entries
    .map((found) => ({ entry: found, words: found.command.name.split(' ').slice(1) }))
    .filter(({ words }) => words.every((word, at) => argv[at] === word))
    .toSorted((a, b) => b.words.length - a.words.length)
    .map(({ entry: found, words }) => ({ entry: found, rest: argv.slice(words.length) }))[0]
