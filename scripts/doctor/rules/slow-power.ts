import type { Rule } from './rule.ts'

/** A processor that is slowed down, by a weak supply or by heat. */

/** Bits of get_throttled (Raspberry Pi documentation, "vcgencmd"): now, and since it was started. */
const throttleBits: readonly {
  readonly bit: number
  readonly kind: 'power' | 'heat'
  readonly says: string
}[] = [
  { bit: 0, kind: 'power', says: 'under-voltage now' },
  { bit: 2, kind: 'power', says: 'throttled now' },
  { bit: 16, kind: 'power', says: 'under-voltage since it was started' },
  { bit: 18, kind: 'power', says: 'throttled since it was started' },
  { bit: 1, kind: 'heat', says: 'frequency capped now' },
  { bit: 3, kind: 'heat', says: 'soft temperature limit now' },
  { bit: 17, kind: 'heat', says: 'frequency capped since it was started' },
  { bit: 19, kind: 'heat', says: 'soft temperature limit since it was started' },
]

/** What the firmware says of one of its two reasons. Under-voltage throttles too, so bits 2 and 18 are its when 0 or 16 is set. */
const throttledBy = (throttled: number | undefined, kind: 'power' | 'heat'): readonly string[] => {
  const has = (bit: number) => ((throttled ?? 0) >>> bit) % 2 === 1
  const weak = has(0) || has(16)
  return throttleBits
    .filter(({ bit }) => has(bit))
    .filter((one) =>
      one.bit === 2 || one.bit === 18 ? kind === (weak ? 'power' : 'heat') : one.kind === kind,
    )
    .map(({ says }) => says)
}

export const powerRules: readonly Rule[] = [
  {
    kind: 'under-voltage',
    find: ({ host }) => {
      const says = throttledBy(host.throttled, 'power')
      if (says.length === 0) return []
      return [
        {
          subject: 'host',
          what: 'its power supply is too weak, so it slows down',
          evidence: `vcgencmd get_throttled: 0x${(host.throttled ?? 0).toString(16)}: ${says.join(', ')}`,
          cause: 'a Pi 5 with a disk wants 27 W (5 V, 5 A) and a good cable',
          repair: [],
        },
      ]
    },
  },
  {
    kind: 'heat',
    find: ({ host }) => {
      const says = throttledBy(host.throttled, 'heat')
      const hot = (host.temperature ?? 0) >= 80
      if (says.length === 0 && !hot) return []
      return [
        {
          subject: 'host',
          what: 'it is too hot, so it slows down',
          evidence: [
            host.temperature !== undefined && `thermal_zone0: ${host.temperature.toFixed(1)} C`,
            says.length > 0 &&
              `vcgencmd get_throttled: 0x${(host.throttled ?? 0).toString(16)}: ${says.join(', ')}`,
          ]
            .filter(Boolean)
            .join('; '),
          cause: 'no cooler, a fan that stands still, or no air around it',
          repair: [],
        },
      ]
    },
  },
]
