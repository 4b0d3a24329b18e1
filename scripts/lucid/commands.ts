import type { Entry } from './entry.ts'
import { keyCommands } from './key.ts'
import { loginCommands } from './login.ts'

/** All of `bun run lucid`, in the order in which it lists them. */
export const commands: readonly Entry[] = [...keyCommands, ...loginCommands]
