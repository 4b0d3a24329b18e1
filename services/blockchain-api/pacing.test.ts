import { expect, test } from 'bun:test'
import { pacing } from './pacing.ts'

test('between any two steps everything else has a turn', async () => {
  const { step } = pacing()
  const order: string[] = []
  const other = () => {
    order.push('other')
    if (order.length < 12) setImmediate(other)
  }
  const steps = Promise.all([1, 2, 3, 4].map((n) => step(() => order.push(`step ${n}`))))
  setImmediate(other)
  await steps
  const places = [1, 2, 3, 4].map((n) => order.indexOf(`step ${n}`))
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  for (const [at, place] of places.entries()) if (at > 0) expect(order.slice(places[at - 1], place)).toContain('other')
})

test('a step that throws holds up none of the others', async () => {
  const { step } = pacing()
  const wrong = step(() => {
    throw new Error('no transaction')
  })
  const right = step(() => 1)
  await expect(wrong).rejects.toThrow('no transaction')
  expect(await right).toBe(1)
})
