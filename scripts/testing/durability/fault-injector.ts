import type { ServiceName } from '#catalog'
import type { Prepared } from '../../platform/platform.ts'
import type { Phase, ServiceFault } from './fault-schedule.ts'
import type { Journal } from './journal.ts'

/** A kill that was done; `phase` is the one it landed in, as far as a phase began in time. */
export type Kill = { readonly service: ServiceName; readonly phase: Phase }

/** How long the beginning of a phase is waited for before the kill goes ahead without it, ms. */
const PATIENCE = 5_000
/** A service that does not come back within this time hangs; ms. */
const BACK = 60_000

/** Resolves as the phase begins somewhere; answers the phase it is then, as far as it began within `patience` ms. */
export const awaitPhase = async (journal: Journal, phase: Phase, patience: number): Promise<Phase> => {
  if (phase === 'streaming') return phase
  const late = Bun.sleep(patience).then(() => 'streaming' as const)
  return Promise.race([journal.next(phase).then(() => phase), late])
}

const runs = (platform: Prepared, service: string): boolean =>
  platform.views().some(({ name, pid }) => name === service && pid !== undefined)

/** Kills services with SIGKILL, one after the other. Throws CliError when a victim does not come back. */
export const injectServiceFaults = async (
  faults: readonly ServiceFault[],
  { platform, journal }: { readonly platform: Prepared; readonly journal: Journal },
): Promise<readonly Kill[]> => {
  const done: Kill[] = []
  for (const { service, phase, delay, rush } of faults) {
    if (!rush || !runs(platform, service)) await platform.healthy(BACK)
    const landed = await awaitPhase(journal, phase, PATIENCE)
    await Bun.sleep(delay)
    await platform.kill(service)
    done.push({ service, phase: landed })
  }
  await platform.healthy(BACK)
  return done
}
