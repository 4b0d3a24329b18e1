import { errorMessage } from '#common/process/error'
import { type HostSession, withLease } from '../../host/open.ts'
import { findBootGaps, installBoot, programs } from './install.ts'
import { readBootState } from './state.ts'

/** Brings what starts Lucid at boot up to date after a deploy; answers what there is to tell, and never throws. */
export const refreshBoot = async (opened: HostSession): Promise<readonly string[]> => {
  const { shell, target } = opened
  try {
    const state = await readBootState(shell, { dir: target.dir }, Object.keys(programs))
    if (state.unit === undefined) return ['it does not start at boot and nobody watches it yet: bun run boot --install']
    if (findBootGaps(state, { dir: target.dir }).length === 0) return []
    return await withLease(opened, { what: 'boot --install', onWait: () => {} }, (lease) => installBoot(lease))
  } catch (error) {
    return [`its start at boot was not brought up to date: ${errorMessage(error)}`]
  }
}
