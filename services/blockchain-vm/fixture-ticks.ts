import type { Every } from './call-runner.ts'

/** For tests: time that passes when the test says so. */
export const manualTicks = () => {
  const ticking = new Set<() => void>()
  const every: Every = (_ms, tick) => {
    ticking.add(tick)
    return () => ticking.delete(tick)
  }
  return { every, tick: () => [...ticking].forEach((one) => void one()), ticking }
}
