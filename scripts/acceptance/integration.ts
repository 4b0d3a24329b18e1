import { setTimeout as sleep } from 'node:timers/promises'
import type { Part } from '#common/acceptance/model'
import { duration } from '#common/cli/format'
import { CliError } from '../cli/fail.ts'
import { findMember, NEEDS_DISTURB, tryCheck, whileStopped, withLeasedPlatform } from './fault-injection.ts'
import type { HostPlatform, Platform } from './platform.ts'
import { makeBrokenRow, makeRow, runProbes } from './probes.ts'
import { notRun } from './row.ts'
import type { Report } from './run-tests.ts'

/** What is stopped, and who must say so. */
const VICTIM = 'merkle-builder'
const FEELS = 'session-orchestrator'
/** A service is asked again until then, ms. */
const FELT_MS = 20_000

const CHECK = 'a stopped service is felt, and then back'

/** What a service says of itself, as others see it. */
const healthOf = async (platform: HostPlatform, service: string): Promise<string> => {
  const { findings, broke } = await runProbes(platform, {
    parts: ['health'],
    urls: Object.fromEntries(Object.entries(platform.urls).filter(([name]) => name === service)),
  })
  const [said] = findings
  if (said === undefined) throw new CliError(broke ?? `${service} has no port`)
  return said.result === 'pass' ? 'healthy' : said.detail
}

const felt = async (platform: HostPlatform): Promise<string> => {
  const until = performance.now() + FELT_MS
  for (;;) {
    const says = await healthOf(platform, FEELS)
    if (says !== 'healthy' && says.includes(VICTIM)) return says
    if (performance.now() > until) throw new CliError(`${FEELS} says '${says}' while ${VICTIM} is stopped`)
    await sleep(500)
  }
}

const disturbed = (platform: HostPlatform): Promise<string> =>
  withLeasedPlatform(platform, `stop ${VICTIM} for a test`, async (leased) => {
    let said = ''
    const ms = await whileStopped(leased, findMember(platform, VICTIM), async () => {
      said = await felt(platform)
    })
    const until = performance.now() + FELT_MS
    while ((await healthOf(platform, FEELS)) !== 'healthy') {
      if (performance.now() > until) throw new CliError(`${FEELS} is not healthy after ${VICTIM} is back`)
      await sleep(500)
    }
    return `${said}; ${VICTIM} well ${duration(ms)} after its start`
  })

/** Services together: one recording to its proof, many at once, what must be refused, one that is away. */
export const testIntegration = async (
  platform: Platform,
  report: Report,
  {
    disturb,
    recordings,
    megabytes,
  }: { readonly disturb: boolean; readonly recordings: number; readonly megabytes: number },
): Promise<void> => {
  const words: Readonly<Record<string, string>> = {
    session: 'recording, exporting, verifying',
    load: `${recordings} recordings at once`,
    errors: 'asking for what must be refused',
  }
  for (const part of ['session', 'load', 'errors'] satisfies readonly Part[]) {
    report.doing(words[part] ?? part)
    const { broke } = await runProbes(platform, {
      parts: [part],
      load: { recordings, bytes: megabytes * 1_000_000 },
      onFinding: (one) => report.add(makeRow(one)),
    })
    report.add(...makeBrokenRow(broke))
  }
  if (platform.kind === 'local')
    report.add(notRun(CHECK, VICTIM, 'bun run up starts it again at once: there is no container'))
  else if (!disturb) report.add(notRun(CHECK, VICTIM, NEEDS_DISTURB))
  else {
    report.doing(`stopping ${VICTIM}`)
    report.add(await tryCheck(CHECK, FEELS, () => disturbed(platform)))
  }
}
