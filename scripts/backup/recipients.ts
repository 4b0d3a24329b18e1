import { existsSync } from 'node:fs'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { isRecipient } from '#common/backup/age'
import { CliError } from '../cli/fail.ts'
import { backupLayout } from '../host/backup-layout.ts'
import type { Lease } from '../host/lease.ts'
import { quote } from '../host/quote.ts'
import { requireSuccess, type Shell } from '../host/shell.ts'
import { createFile } from '../platform/files.ts'

/** Makes an age identity (0600, as age-keygen writes it) and answers its recipient. Never overwrites. */
export const newKey = async (path: string, now: Date): Promise<string> => {
  if (existsSync(path)) throw new CliError(`${path} is there: a key is never overwritten`)
  const identity = await generateX25519Identity()
  const recipient = await identityToRecipient(identity)
  createFile(path, `# created: ${now.toISOString()}\n# public key: ${recipient}\n${identity}\n`)
  return recipient
}

/** The recipients in a file: a line each, comments. Throws CliError on a line that is none. */
export const recipientsIn = (text: string, where: string): readonly string[] => {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  const bad = lines.find((line) => !isRecipient(line))
  if (bad !== undefined) throw new CliError(`${where}: '${bad}' is no age recipient (age1...)`)
  return lines
}

/** Whom backups of a host are for. Throws CliError with the way to a key when nobody is. */
export const recipientsOn = async (shell: Shell, dir: string): Promise<readonly string[]> => {
  const path = backupLayout(dir).recipients
  const { out } = await shell.run(`cat ${quote(path)} 2>/dev/null || :`)
  const found = recipientsIn(out, `${shell.name}: ${path}`)
  if (found.length === 0)
    throw new CliError(
      `${shell.name} has no recipient in ${path}, so nobody could read a backup: bun run backup --new-key FILE makes a key here and names its recipient; bun run backup --recipient age1... keeps it on the host`,
    )
  return found
}

/** Keeps recipients on the host, beside those that are there. */
export const addRecipients = async (lease: Lease, more: readonly string[]): Promise<readonly string[]> => {
  const path = backupLayout(lease.dir).recipients
  const { out } = await lease.run(`cat ${quote(path)} 2>/dev/null || :`)
  const all = [...new Set([...recipientsIn(out, path), ...more.flatMap((one) => recipientsIn(one, '--recipient'))])]
  await requireSuccess(
    path,
    lease.run(
      `printf '%s\\n' ${all.map(quote).join(' ')} > ${quote(`${path}.new`)} && chmod 644 ${quote(`${path}.new`)} && mv -f ${quote(`${path}.new`)} ${quote(path)} && sync`,
    ),
  )
  return all
}
