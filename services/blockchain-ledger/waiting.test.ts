import { describe, expect, test } from 'bun:test'
import type { Pending } from './pending.ts'
import { WAITING_CHARS, WAITING_COUNT, waitingTransactions } from './waiting.ts'

const pending = (nonce: number, raw = '00', sender = 'a'): Pending => ({
  hash: `${sender}${nonce}`,
  raw,
  sender,
  nonce,
  gas: 21_000,
  max_fee: 10n,
  value: 0n,
  received_at: nonce,
})

describe('what waits', () => {
  test('is found by hash and by sender, in order of arrival, and counts once', () => {
    const waiting = waitingTransactions()
    for (const one of [pending(2), pending(1), pending(0, '00', 'b'), pending(2)]) waiting.add(one)
    expect(waiting.of('a').map(({ nonce }) => nonce)).toEqual([2, 1])
    expect([...waiting.all()].map(({ hash }) => hash)).toEqual(['a2', 'a1', 'b0'])
    expect([waiting.size(), waiting.has('a1'), waiting.has('a9')]).toEqual([3, true, false])
    expect(waiting.remove('a1')).toEqual(pending(1))
    expect(waiting.remove('a1')).toBeUndefined()
    expect([waiting.size(), waiting.has('a1')]).toEqual([2, false])
  })

  test('is full by number, and takes more once one is gone', () => {
    const waiting = waitingTransactions()
    for (let n = 0; n < WAITING_COUNT; n++) waiting.add(pending(n))
    expect(waiting.full()).toBe(true)
    waiting.remove('a0')
    expect(waiting.full()).toBe(false)
  })

  test('is full by bytes, and takes more once they are gone', () => {
    const waiting = waitingTransactions()
    waiting.add(pending(0, '0'.repeat(WAITING_CHARS)))
    waiting.add(pending(0, '0'.repeat(WAITING_CHARS)))
    expect(waiting.full()).toBe(true)
    waiting.remove('a0')
    expect(waiting.full()).toBe(false)
  })
})
