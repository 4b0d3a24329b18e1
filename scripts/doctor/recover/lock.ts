import { quote } from '../../host/quote.ts'
import { requireSuccess, type Shell } from '../../host/shell.ts'
import { fields, parsed, text } from '../read.ts'

/** Who holds the lease of a host. */
export type Held = { readonly by: string; readonly what: string; readonly silentIn: number }

/** The holder, or undefined when the host is free. `silentIn`: seconds until it counts as gone when nothing more is heard. */
export const holderOf = async (shell: Shell, dir: string): Promise<Held | undefined> => {
  const out = await requireSuccess(
    `${shell.name}: ${dir}/deploy`,
    shell.run(`date +%s; cat ${quote(`${dir}/deploy/lease`)} 2>/dev/null; :`),
  )
  const [now = '0', lease = ''] = out.trim().split('\n')
  const [, expiry = '0', ...words] = lease.split(' ')
  if (lease === '') return undefined
  const holder = fields(parsed(words.join(' ')))
  return {
    by: text(holder['by']) || 'somebody',
    what: text(holder['what']) || 'unknown command',
    silentIn: Number(expiry) - Number(now),
  }
}

/** Frees a host, between two steps of whoever works there and never in one. Whoever takes the lease next outnumbers the old holder. */
export const freeScript = (dir: string): string =>
  [
    `cd ${quote(`${dir}/deploy`)} || exit 1`,
    "exec 9>>op; flock -w 30 9 || { echo 'a step is at work and does not end' >&2; exit 1; }",
    'rm -f lease',
  ].join('\n')
