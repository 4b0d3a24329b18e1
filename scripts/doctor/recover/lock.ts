import { parseJson, readObject, readString } from '#common/host/facts/values'
import { quote } from '../../host/quote.ts'
import { requireSuccess, type Shell } from '../../host/shell.ts'

/** Who holds the lease of a host. */
export type LeaseHolder = { readonly by: string; readonly what: string; readonly silentIn: number }

/** The holder, or undefined when the host is free. `silentIn`: seconds until it counts as gone when nothing more is heard. */
export const readHolder = async (shell: Shell, dir: string): Promise<LeaseHolder | undefined> => {
  const out = await requireSuccess(
    `${shell.name}: ${dir}/deploy`,
    shell.run(`date +%s; cat ${quote(`${dir}/deploy/lease`)} 2>/dev/null; :`),
  )
  const [now = '0', lease = ''] = out.trim().split('\n')
  const [, expiry = '0', ...words] = lease.split(' ')
  if (lease === '') return undefined
  const holder = readObject(parseJson(words.join(' ')))
  return {
    by: readString(holder['by']) || 'somebody',
    what: readString(holder['what']) || 'unknown command',
    silentIn: Number(expiry) - Number(now),
  }
}

/** Frees a host, between two steps of whoever works there and never in one. Whoever takes the lease next outnumbers the old holder. */
export const releaseScript = (dir: string): string =>
  [
    `cd ${quote(`${dir}/deploy`)} || exit 1`,
    "exec 9>>op; flock -w 30 9 || { echo 'a step is at work and does not end' >&2; exit 1; }",
    'rm -f lease',
  ].join('\n')
