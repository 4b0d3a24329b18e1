import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { inParallel, limiter } from './limiter.ts'

test('never more at once than there are places, and everything is done, whatever order it ends in', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.scheduler(),
      fc.integer({ min: 0, max: 12 }),
      async (places, schedule, works) => {
        const limit = limiter(places)
        let running = 0
        let most = 0
        const done = Array.from({ length: works }, (_, i) =>
          limit(async () => {
            most = Math.max(most, ++running)
            await schedule.schedule(Promise.resolve(), `work ${i}`)
            running--
            return i
          }),
        )
        await schedule.waitFor(Promise.all(done))
        expect(await Promise.all(done)).toEqual(done.map((_, i) => i))
        expect(most).toBeLessThanOrEqual(places)
        expect(most).toBe(Math.min(places, works))
      },
    ),
    { numRuns: 40 },
  )
})

test('who came first is served first', async () => {
  const limit = limiter(1)
  const began: number[] = []
  const gate = Promise.withResolvers<void>()
  const first = limit(() => gate.promise)
  const rest = [1, 2, 3].map((i) => limit(async () => void began.push(i)))
  gate.resolve()
  await Promise.all([first, ...rest])
  expect(began).toEqual([1, 2, 3])
})

test('who comes as a place is handed over does not jump the line', async () => {
  const limit = limiter(1)
  const began: string[] = []
  const gate = Promise.withResolvers<void>()
  const first = limit(() => gate.promise)
  const waiting = limit(async () => void began.push('waiting'))
  const late = first.then(() => limit(async () => void began.push('late')))
  gate.resolve()
  await Promise.all([waiting, late])
  expect(began).toEqual(['waiting', 'late'])
})

test('work that throws, at once or later, gives its place back', async () => {
  const limit = limiter(1)
  const later = limit(async () => {
    throw new Error('later')
  })
  const atOnce = limit(() => {
    throw new Error('at once')
  })
  const ends = await Promise.allSettled([later, atOnce])
  expect(ends.map((end) => end.status === 'rejected' && String(end.reason))).toEqual(['Error: later', 'Error: at once'])
  expect(await limit(async () => 'next')).toBe('next')
})

test('work in parallel is bounded, complete, and ends at the first failure', async () => {
  let running = 0
  let most = 0
  const seen: number[] = []
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++running)
    await Bun.sleep(1)
    seen.push(item)
    running--
  })
  expect([most, seen.toSorted().length]).toEqual([3, 7])
  const begun: number[] = []
  const failing = inParallel([1, 2, 3, 4], 1, async (item) => {
    begun.push(item)
    if (item === 2) throw new Error('two')
  })
  await expect(failing).rejects.toThrow('two')
  await failing.catch(() => undefined)
  expect(begun).toEqual([1, 2])
})
