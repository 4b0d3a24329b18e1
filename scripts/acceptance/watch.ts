import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../cli/fail.ts'
import { commandLine } from '../host/quote.ts'
import { repository } from '../platform/home.ts'
import type { HostPlace } from './place.ts'

/** One thing that the health watch says of a host. */
export type Said = {
  readonly subject: string
  readonly state: 'ok' | 'warn' | 'bad' | 'unknown'
  readonly detail: string
}

/** Of a release with the watch in it, the JSON of `server-tools watch`. */
const saidIn = (text: string): readonly Said[] | undefined => {
  try {
    const { findings } = JSON.parse(text) as { readonly findings?: readonly Said[] }
    return findings
  } catch {
    return undefined
  }
}

/**
 * Runs the full health watch on a host now, as cron does, but for its log: `facts.sh` of this checkout goes through the
 * release's own `server-tools watch`. Throws CliError when that did not answer.
 */
export const watchHost = async ({
  opened: { shell, target },
  tools,
}: HostPlace): Promise<readonly Said[]> => {
  if (tools === undefined) throw new CliError('the release has no image of server-tools')
  const facts = readFileSync(join(repository, 'health', 'facts.sh'), 'utf8')
  const run = commandLine(
    'docker',
    'run',
    '--rm',
    '--interactive',
    '--pull=never',
    '--network=host',
    '--read-only',
    '--tmpfs=/tmp:rw,noexec,nosuid,size=16m,mode=1777',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges:true',
    '--user=65532:65532',
    '--memory=192m',
    '--pids-limit=64',
    '--log-driver=none',
    '--env=HEALTH_STATE=/tmp',
    tools,
    'watch',
    '--json',
  )
  // Cron waits for the engine longer than a person does, and so may this.
  const { out, err } = await shell.run(`FACTS_LIMIT=5 sh -s -- ${commandLine(target.dir)} | ${run}`, {
    input: facts,
  })
  const said = saidIn(out)
  if (said === undefined)
    throw new CliError(`the watch gave no answer: ${err.trim().split('\n').at(-1) ?? ''}`)
  return said
}
