import { stacks } from '#catalog'
import type { Flag, Flags } from '../../cli/args.ts'

/** Flags that every form of the watch has. */
export const watchFlags = {
  stack: {
    type: 'string',
    value: 'S',
    multiple: true,
    choices: stacks,
    about: 'only this stack, and nothing about the host',
  },
  json: { type: 'boolean', about: 'print the result as JSON' },
  quiet: { type: 'boolean', about: 'print only problems, a line each; nothing when all is well' },
  prometheus: {
    type: 'string',
    value: 'FILE',
    about: 'also write the result to FILE for the textfile collector of node_exporter',
  },
} as const satisfies Readonly<Record<string, Flag>>

export type WatchFlags = Flags<{ readonly name: string; readonly about: string; readonly flags: typeof watchFlags }>

/** What the watch ends with. */
export const exitCodes = { ok: 0, bad: 1, warn: 2 } as const

export const watchExits = {
  [exitCodes.ok]: 'all well',
  [exitCodes.bad]: 'something is bad',
  [exitCodes.warn]: 'only warnings or something that could not be judged',
} as const
