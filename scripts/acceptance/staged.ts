import { NEEDS_DISTURB, withLeasedPlatform } from './fault-injection.ts'
import type { Platform } from './platform.ts'
import { notRun } from './row.ts'
import type { Report } from './run-tests.ts'
import { LEAST_MISSED, replaceOne, stageRows, watchStopped } from './staged-faults.ts'
import { findPrevious, performanceRows, releaseRows, watchRow } from './staged-release.ts'
import { rollBackAndForward } from './staged-rollback.ts'

const faultChecks = [
  'a stage again: nothing restarts',
  'one service replaced by itself',
  'the watch sees a stopped container',
  'rollback',
  'forward again',
] as const

/** A deploy as a whole: stages, rollback, monitoring, performance. */
export const testStaged = async (
  platform: Platform,
  report: Report,
  { disturb }: { readonly disturb: boolean },
): Promise<void> => {
  const { add, doing } = report
  if (platform.kind === 'local') {
    for (const check of ['the release is whole', 'a rollback has all it needs', ...faultChecks])
      add(notRun(check, 'this machine', 'bun run up has no releases: name a host'))
    return
  }
  doing('reading the release')
  add(...(await releaseRows(platform)))
  const { row, release: before } = await findPrevious(platform)
  add(row)
  doing('running the health watch')
  add(await watchRow(platform))
  doing('measuring')
  add(...(await performanceRows(platform)))
  if (!disturb) {
    for (const check of faultChecks) add(notRun(check, platform.opened.shell.name, NEEDS_DISTURB))
    return
  }
  await withLeasedPlatform(platform, 'test:staged', async (leased) => {
    await stageRows(leased, report)
    doing(`replacing ${LEAST_MISSED} by itself`)
    add(await replaceOne(leased))
    doing(`stopping ${LEAST_MISSED}`)
    add(await watchStopped(leased))
  })
  if (before === undefined)
    for (const check of ['rollback', 'forward again']) add(notRun(check, platform.opened.shell.name, row.detail))
  else await rollBackAndForward(platform, before, report)
}
