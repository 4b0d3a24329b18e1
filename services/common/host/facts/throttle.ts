/** Bits of get_throttled (Raspberry Pi documentation, "vcgencmd"): now, and 16 higher since it was started. */
const names = ['under-voltage', 'frequency capped', 'throttled', 'soft temperature limit'] as const

export type Throttle = (typeof names)[number]

/** Why a processor is slowed down now, and why it was since it was started. */
export const readThrottle = (bits = 0): { readonly now: readonly Throttle[]; readonly since: readonly Throttle[] } => {
  const select = (shift: number) => names.filter((_, bit) => (bits >>> (shift + bit)) % 2 === 1)
  return { now: select(0), since: select(16) }
}
