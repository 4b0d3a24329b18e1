import pc from 'picocolors'
import { plainTable } from './plain-table.ts'
import type { Result, State } from './probe.ts'

/** Seconds of a person's attention: all well or not, and what is not. */
export type Report = {
  readonly ok: boolean
  readonly checked_at: number
  readonly services: readonly Result[]
}

const present = (services: readonly Result[]) => services.filter(({ state }) => state !== 'absent')

/** `checkedAt` in epoch ms. No service at all is not well: then nothing was checked. What is absent is no fault. */
export const reportOf = (services: readonly Result[], checkedAt: number): Report => ({
  ok: present(services).length > 0 && present(services).every(({ state }) => state === 'healthy'),
  checked_at: checkedAt,
  services,
})

export const jsonOf = (report: Report): string => `${JSON.stringify(report, null, 2)}\n`

const colours: Readonly<Record<State, 'green' | 'yellow' | 'red' | 'dim'>> = {
  healthy: 'green',
  degraded: 'yellow',
  unhealthy: 'red',
  unreachable: 'red',
  timeout: 'red',
  wrong: 'red',
  absent: 'dim',
}

/** A line a service and a closing line. Plain text unless `colour`: no sign of it may reach a mail from cron. */
export const tableOf = ({ ok, services }: Report, { colour }: { readonly colour: boolean }): string => {
  const colors = pc.createColors(colour)
  const table = plainTable(
    { SERVICE: 'left', STACK: 'left', STATE: 'left', MS: 'right', VERSION: 'left', DETAIL: 'left' },
    services.map(({ name, stack, state, ms, version = '', detail }) => [
      name,
      stack,
      colors[colours[state]](state),
      `${ms}`,
      version,
      detail,
    ]),
  )
  const well = services.filter(({ state }) => state === 'healthy').length
  const absent = services.length - present(services).length
  const closing = `${well} of ${present(services).length} healthy${absent > 0 ? `, ${absent} left out` : ''}`
  return `${table}\n\n${colors[ok ? 'green' : 'red'](closing)}\n`
}
