import { adminCommands } from './admin.ts'
import { completionOf } from './completion.ts'
import type { Entry } from './entry.ts'
import { evidenceCommands } from './evidence.ts'
import { factorCommands } from './factors.ts'
import { keyCommands } from './key.ts'
import { loginCommands } from './login.ts'
import { policyCommands } from './policy.ts'
import { requestCommands } from './requests.ts'
import { sessionCommands } from './session.ts'
import { listCommands } from './sessions.ts'

/** All of `bun run lucid`, in the order in which it lists them. */
export const commands: readonly Entry[] = [
  ...keyCommands,
  ...loginCommands,
  ...factorCommands,
  ...policyCommands,
  ...listCommands,
  ...sessionCommands,
  ...evidenceCommands,
  ...requestCommands,
  ...adminCommands,
  completionOf(() => commands),
]
