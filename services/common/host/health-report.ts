import { plainStyle } from '../cli/style.ts'
import { table } from '../cli/table.ts'
import { jsonText, type Text, text } from '../cli/text.ts'
import type { Result, State } from './probe.ts'

/** Seconds of a person's attention: all well or not, and what is not. */
export type Report = { readonly ok: boolean; readonly checked_at: number; readonly services: readonly Result[] }

const present = (services: readonly Result[]) => services.filter(({ state }) => state !== 'absent')

/** `checkedAt` in epoch ms. No service at all is not well: then nothing was checked. What is absent is no fault. */
export const reportOf = (services: readonly Result[], checkedAt: number): Report => ({
  ok: present(services).length > 0 && present(services).every(({ state }) => state === 'healthy'),
  checked_at: checkedAt,
  services,
})

export const jsonOf = (report: Report): Text => jsonText(report)

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
export const tableOf = ({ ok, services }: Report, { colour }: { readonly colour: boolean }): Text => {
  const style = { ...plainStyle, colour }
  const drawn = table(
    [
      { title: 'service' },
      { title: 'stack' },
      { title: 'state' },
      { title: 'ms', align: 'right' },
      { title: 'version' },
      { title: 'detail' },
    ],
    services.map(({ name, stack, state, ms, version = '', detail }) => [
      name,
      stack,
      { text: state, colour: colours[state] },
      `${ms}`,
      version,
      detail,
    ]),
    style,
  )
  const well = services.filter(({ state }) => state === 'healthy').length
  const absent = services.length - present(services).length
  const closing = `${well} of ${present(services).length} healthy${absent > 0 ? `, ${absent} left out` : ''}`
  return text([drawn, '', { text: closing, colour: ok ? 'green' : 'red' }], style)
}
