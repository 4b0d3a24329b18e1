/** Milliseconds by a clock: `now` since 1970, as the machine's clock is set; `steady` since whenever, and only forward. */
export type Clocks = { readonly now: () => number; readonly steady: () => number }

/** The clocks of this machine. Durations are measured by `steady`: whoever sets the clock does not move it. */
export const machineClocks: Clocks = { now: Date.now, steady: () => performance.now() }

/** A clock that drifts or is slewed differs by less between two looks, ms. */
const LEAST_STEP = 2_000

/** By how much the clock was set since it was asked last, ms: negative when it was set back, 0 when it was not. */
export const clockSteps = ({ now, steady }: Clocks): (() => number) => {
  let offset = now() - steady()
  return () => {
    const before = offset
    offset = now() - steady()
    const step = Math.round(offset - before)
    return Math.abs(step) < LEAST_STEP ? 0 : step
  }
}

/** The time, and for `keepMs` after the clock was set also that of the clock before; the newest comes first. */
export const clockReadings = (clocks: Clocks, keepMs: number): (() => readonly number[]) => {
  const { now, steady } = clocks
  const step = clockSteps(clocks)
  let former: readonly { readonly behind: number; readonly until: number }[] = []
  return () => {
    const moved = step()
    const at = steady()
    if (moved !== 0)
      former = [
        { behind: moved, until: at + keepMs },
        ...former.map(({ behind, until }) => ({ behind: behind + moved, until })),
      ]
    former = former.filter(({ until }) => at < until)
    const time = now()
    return [time, ...former.map(({ behind }) => time - behind)]
  }
}
