import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Gathered } from '../services/common/host/watch/command.ts'
import { errorMessage } from '../services/common/process/error.ts'

/** Only a hang of what bounds itself is ended by it: the engine gets 1.2 s for an answer, its figures of memory 4 s. */
const PATIENCE = 8_000

const holdsPlatform = (dir: string): boolean =>
  ['deploy', 'secrets', 'identities.json'].some((name) => existsSync(join(dir, name)))

/** HostFacts that somebody gathered: a file, or `-` for standard input. */
export const givenFacts = async (file: string, stdin: () => Promise<string>): Promise<Gathered> => {
  try {
    return { text: file === '-' ? await stdin() : readFileSync(file, 'utf8') }
  } catch (error) {
    return { failed: errorMessage(error) }
  }
}

/** Runs facts.sh here. Ends by itself: what it printed until then is taken. */
const askHere = async (dir: string, env: Readonly<Record<string, string | undefined>>): Promise<Gathered> => {
  const shell = Bun.which('sh', { PATH: env['PATH'] || '/usr/bin:/bin' })
  if (shell === null) return { notAsked: 'there is no sh on this machine' }
  const child = Bun.spawn([shell, join(import.meta.dir, 'facts.sh'), dir], {
    env: { ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  })
  return { text: await new Response(child.stdout).text() }
}

/**
 * The facts of this machine: of the platform in `dir`. Without `asked` (a folder that the user named) only where a
 * platform was set up, and not while the one of `bun run up` is what is watched.
 */
export const localFacts = async (
  dir: string,
  {
    asked,
    running,
    env,
  }: { readonly asked: boolean; readonly running: boolean; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<Gathered> => {
  if (!asked && running) return { notAsked: 'the services of bun run up are no containers' }
  if (!asked && !holdsPlatform(dir)) return { notAsked: `no platform in ${dir}; --dir names another folder` }
  return askHere(dir, env)
}
