import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { defaults } from '#catalog'
import type { Flag } from '#common/cli/args'
import { EXIT_USAGE } from '#common/cli/read-command'
import { CliError } from '../cli/fail.ts'
import { replaceFile } from '../platform/files.ts'
import type { Home } from '../platform/home.ts'

/** The flags that name a host; the same for every command that talks to one. */
export const targetFlags = {
  host: {
    type: 'string',
    value: 'USER@HOST',
    about: 'the host, for ssh; `local` is this machine (the one that deploy:pi used last)',
  },
  dir: { type: 'string', value: 'DIR', about: `folder of Lucid on the host (${defaults.LUCID_MOUNT_PATH})` },
  'ssh-config': { type: 'string', value: 'FILE', about: 'configuration for ssh, instead of your own' },
} as const satisfies Readonly<Record<string, Flag>>

const Target = Type.Object(
  { host: Type.String({ minLength: 1 }), dir: Type.String({ pattern: '^/' }), sshConfig: Type.Optional(Type.String()) },
  { additionalProperties: false },
)
/** A host and the folder of Lucid on it. */
export type Target = Static<typeof Target>

const fileOf = (home: Home): string => join(home.root, 'host.json')

const readRemembered = (home: Home): Target | undefined => {
  if (!existsSync(fileOf(home))) return undefined
  try {
    const read: unknown = JSON.parse(readFileSync(fileOf(home), 'utf8'))
    return Value.Check(Target, read) ? read : undefined
  } catch {
    return undefined
  }
}

/** Keeps a host for the commands that are given none. */
export const rememberTarget = (home: Home, target: Target): void => {
  mkdirSync(home.root, { recursive: true, mode: 0o700 })
  replaceFile(fileOf(home), `${JSON.stringify(target, undefined, 2)}\n`, { durable: false })
}

type TargetWords = {
  readonly host: string | undefined
  readonly dir: string | undefined
  readonly 'ssh-config': string | undefined
}

/** The host of a command: its flags, the environment, then the last of deploy:pi. Throws CliError for none. */
export const resolveTarget = (
  flags: TargetWords,
  env: Readonly<Record<string, string | undefined>>,
  home: Home,
): Target => {
  const last = readRemembered(home)
  const host = flags.host ?? (env['LUCID_HOST'] || undefined) ?? last?.host
  if (host === undefined)
    throw new CliError('which host? use --host user@host (deploy:pi remembers it)', { exitCode: EXIT_USAGE })
  const same = last?.host === host ? last : undefined
  const dir = (flags.dir ?? (env['LUCID_DIR'] || undefined) ?? same?.dir ?? defaults.LUCID_MOUNT_PATH).replace(
    /(?<=.)\/+$/,
    '',
  )
  // Compose files, shell scripts and mount options all carry this path.
  if (!/^(?:\/[A-Za-z0-9._-]+)+$/.test(dir) || dir.split('/').includes('..'))
    throw new CliError(`--dir takes an absolute path of letters, digits, dots, dashes and underscores, not '${dir}'`, {
      exitCode: EXIT_USAGE,
    })
  const sshConfig = flags['ssh-config'] ?? (env['LUCID_SSH_CONFIG'] || undefined) ?? same?.sshConfig
  return { host, dir, ...(sshConfig !== undefined && { sshConfig }) }
}
