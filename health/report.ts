import Table from 'cli-table3'
import pc from 'picocolors'
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

const noBorder = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
  ].map((part) => [part, '']),
)

/** A line a service and a closing line. Plain text unless `colour`: no sign of it may reach a mail from cron. */
export const tableOf = ({ ok, services }: Report, { colour }: { readonly colour: boolean }): string => {
  const colors = pc.createColors(colour)
  const table = new Table({
    head: ['SERVICE', 'STACK', 'STATE', 'MS', 'VERSION', 'DETAIL'],
    colAligns: ['left', 'left', 'left', 'right', 'left', 'left'],
    chars: { ...noBorder, middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const { name, stack, state, ms, version = '', detail } of services)
    table.push([name, stack, colors[colours[state]](state), `${ms}`, version, detail])
  const well = services.filter(({ state }) => state === 'healthy').length
  const absent = services.length - present(services).length
  const closing = `${well} of ${present(services).length} healthy${absent > 0 ? `, ${absent} left out` : ''}`
  return `${table.toString().replaceAll(/[ \t]+$/gm, '')}\n\n${colors[ok ? 'green' : 'red'](closing)}\n`
}
