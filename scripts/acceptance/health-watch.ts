import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson, readObject } from '#common/host/facts/values'
import type { Finding } from '#common/host/finding'
import { CliError } from '../cli/fail.ts'
import { commandLine } from '../host/quote.ts'
import { OUR_USER, toolCommand } from '../host/tool-run.ts'
import { repository } from '../platform/home.ts'
import type { HostPlatform } from './platform.ts'

/** Findings of the JSON of `server-tools watch`; a release of before calls their evidence `detail`. */
const parseFindings = (text: string): readonly Finding[] | undefined => {
  const { findings } = readObject(parseJson(text))
  return Array.isArray(findings)
    ? findings.map((one: Finding & { readonly detail?: string }) => ({
        ...one,
        evidence: one.evidence ?? one.detail ?? '',
      }))
    : undefined
}

/**
 * Runs the full health watch on a host now, as cron does, but for its log: `facts.sh` of this checkout goes through the
 * release's own `server-tools watch`. Throws CliError when that did not answer.
 */
export const runHealthWatch = async ({
  opened: { shell, target },
  tools,
}: HostPlatform): Promise<readonly Finding[]> => {
  if (tools === undefined) throw new CliError('the release has no image of server-tools')
  const facts = readFileSync(join(repository, 'health', 'facts.sh'), 'utf8')
  const run = toolCommand(tools, ['watch', '--json'], {
    ...{ caps: [], mounts: [], network: 'host', user: OUR_USER, memory: 192 },
    env: { HEALTH_STATE: '/tmp' },
  })
  // Cron waits for the engine longer than a person does, and so may this.
  const { out, err } = await shell.run(`FACTS_LIMIT=5 sh -s -- ${commandLine(target.dir)} | ${run}`, { input: facts })
  const findings = parseFindings(out)
  if (findings === undefined) throw new CliError(`the watch gave no answer: ${err.trim().split('\n').at(-1) ?? ''}`)
  return findings
}
