import { readThrottle, type Throttle } from '#common/host/facts/throttle'
import { ofHost, type Rule } from './rule.ts'

/** A processor that is slowed down, by a weak supply or by heat. */

const POWER: readonly Throttle[] = ['under-voltage']

/** One of the firmware's two reasons; a weak supply throttles, too, so `throttled` is its doing where it was seen. */
const explainThrottle = (bits: number | undefined, kind: 'power' | 'heat'): readonly string[] => {
  const { now, since } = readThrottle(bits)
  const power = [...now, ...since].includes('under-voltage') ? [...POWER, 'throttled'] : POWER
  const of = (one: Throttle) => power.includes(one) === (kind === 'power')
  return [...now.filter(of).map((one) => `${one} now`), ...since.filter(of).map((one) => `${one} since it was started`)]
}

export const powerRules: readonly Rule[] = [
  {
    kind: 'under-voltage',
    find: ofHost(({ host }) => {
      const says = explainThrottle(host.throttled, 'power')
      if (says.length === 0) return undefined
      return {
        what: 'its power supply is too weak, so it slows down',
        evidence: `vcgencmd get_throttled: 0x${(host.throttled ?? 0).toString(16)}: ${says.join(', ')}`,
        cause: 'a Pi 5 with a disk wants 27 W (5 V, 5 A) and a good cable',
        repair: [],
      }
    }),
  },
  {
    kind: 'heat',
    find: ofHost(({ host }) => {
      const says = explainThrottle(host.throttled, 'heat')
      const hot = (host.temperature ?? 0) >= 80
      if (says.length === 0 && !hot) return undefined
      return {
        what: 'it is too hot, so it slows down',
        evidence: [
          host.temperature !== undefined && `thermal_zone0: ${host.temperature.toFixed(1)} C`,
          says.length > 0 && `vcgencmd get_throttled: 0x${(host.throttled ?? 0).toString(16)}: ${says.join(', ')}`,
        ]
          .filter(Boolean)
          .join('; '),
        cause: 'no cooler, a fan that stands still, or no air around it',
        repair: [],
      }
    }),
  },
]
