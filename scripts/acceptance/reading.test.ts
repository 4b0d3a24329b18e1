import { describe, expect, test } from 'bun:test'
import { readInspected } from './inspected.ts'
import { readListening } from './listening.ts'
import { rowsOf } from './pre-deployment.ts'
import { readUsage } from './usage.ts'

test('listening sockets are read from the kernel, with who can reach them', () => {
  const tcp = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1',
    '   1: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1',
    '   2: 0100007F:1F92 0100007F:ABCD 01 00000000:00000000 00:00000000 00000000     0        0 1',
    '   3: 00000000000000000000000001000000:1F93 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1',
    '   4: 00000000000000000000000000000000:1F94 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1',
    '   5: 0000000000000000FFFF00000100007F:1F95 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 1',
  ].join('\n')
  expect(readListening(tcp)).toEqual([
    { port: 8080, loopback: true },
    { port: 8081, loopback: false },
    { port: 8083, loopback: true },
    { port: 8084, loopback: false },
    { port: 8085, loopback: true },
  ])
})

test('what containers use is read from docker stats; one that has ended is left out', () => {
  const text = 'alpha\t34.2MiB / 256MiB\t12\nomega\t1.5GiB / 2GiB\t7\nended\t--\t--\n'
  expect([...readUsage(text)]).toEqual([
    ['alpha', { memory: 34.2 * 2 ** 20, limit: 256 * 2 ** 20, pids: 12 }],
    ['omega', { memory: 1.5 * 2 ** 30, limit: 2 ** 31, pids: 7 }],
  ])
})

test('what the engine says is read by name, and half a line is refused', () => {
  expect([...readInspected('{"name":"/alpha"}\n\n', 'pi').keys()]).toEqual(['alpha'])
  expect(() => readInspected('{"name":"/al', 'pi')).toThrow("pi: its engine's answer cannot be read")
})

describe('a rule of verify:images', () => {
  const rule = { rule: 'user', promise: 'never as root', checked: 30, breaches: [] }
  test('passes with what it looked at', () =>
    expect(rowsOf(rule)).toEqual([
      { check: 'user', subject: 'images', result: 'PASS', detail: 'never as root (30)' },
    ]))
  test('that was not run is never counted as passed', () =>
    expect(rowsOf({ ...rule, notRun: 'no vulnerability database' })).toEqual([
      { check: 'user', subject: 'images', result: 'NOT RUN', detail: 'no vulnerability database' },
    ]))
  test('that is broken names three breaches, and where the others are', () =>
    expect(rowsOf({ ...rule, breaches: ['a', 'b', 'c', 'd'] })[0]?.detail).toBe(
      'a; b; c; and 1 more (bun run verify:images)',
    ))
})
