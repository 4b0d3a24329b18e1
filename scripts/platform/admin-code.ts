import { text } from '#common/cli/text'
import { ok } from '#common/http/client'
import { isFault } from '#common/process/fault'
import type { Home } from './home.ts'
import { operatorClients } from './session-client.ts'

/** With it whoever signs in first is an admin. `expires` is epoch ms. */
export type AdminCode = { readonly code: string; readonly expires: number }

/** A new one-time code of the platform here; undefined when there is an admin, unless `recover`. Throws CliError. */
export const askAdminCode = async (
  home: Home,
  { recover }: { readonly recover: boolean },
): Promise<AdminCode | undefined> => {
  const { auth } = operatorClients(home).authentication()
  try {
    return await ok(auth['admin-code'].post({ recover }))
  } catch (error) {
    if (isFault(error) && error.code === 'admin-exists') return undefined
    throw error
  }
}

/** The very next commands of whoever is to be an admin; `more` is what comes before and stands behind `login`. */
export const showAdminCode = (
  { code }: AdminCode,
  { before = [], flags = '' }: { readonly before?: readonly string[]; readonly flags?: string } = {},
) =>
  text([
    'who signs in with this code within an hour is an admin (once; bun run recover admin makes another):',
    ...['bun run lucid key new', ...before, `bun run lucid login ${flags}--code ${code}`].map((line) => `  ${line}`),
  ])
