import { expect, test } from 'bun:test'
import { readLogLine } from './log-line.ts'
import { advance, countCircuits, freshState } from './state.ts'

const address = 'a'.repeat(56)
const stateAfter = (...lines: readonly string[]) =>
  lines.reduce((state, line) => advance(state, { lines: [line] }), freshState)

test('bootstrapping is followed, with what stands in its way', () => {
  expect(
    stateAfter('STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=10 TAG=conn_done SUMMARY="Connected to a relay"').bootstrap,
  ).toEqual({ percent: 10, summary: 'Connected to a relay' })
  expect(
    stateAfter(
      'STATUS_CLIENT WARN BOOTSTRAP PROGRESS=5 TAG=conn SUMMARY="Connecting to a relay" WARNING="Network is unreachable" REASON=NOROUTE COUNT=1',
    ).bootstrap,
  ).toEqual({ percent: 5, summary: 'Connecting to a relay', warning: 'Network is unreachable' })
  expect(stateAfter('NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"').bootstrap.percent).toBe(100)
})

test('uploads are counted by address; a failure stands until one went well', () => {
  const failed = stateAfter(`HS_DESC FAILED ${address} UNKNOWN $AB~r1 REASON=UPLOAD_REJECTED`)
  expect(failed.failures).toEqual({ [`${address}.onion`]: 'UPLOAD_REJECTED' })
  const well = advance(failed, { lines: [`HS_DESC UPLOADED ${address} UNKNOWN $AB~r1`] })
  expect([well.uploads, well.failures]).toEqual([{ [`${address}.onion`]: 1 }, {}])
  expect(advance(well, { lines: [`HS_DESC FAILED ${address} UNKNOWN $AB~r2 REASON=X`] })).toEqual(well)
  expect(advance(well, { lines: [`HS_DESC UPLOAD ${address} UNKNOWN $AB~r2`] })).toEqual({ ...well, failures: {} })
})

test('what is of no interest changes nothing', () => {
  for (const line of ['STATUS_CLIENT NOTICE CIRCUIT_ESTABLISHED', 'OK', '', 'NOTICE BOOTSTRAP TAG=x'])
    expect(stateAfter(line)).toEqual(freshState)
})

test('circuits are counted', () => {
  expect(countCircuits('')).toEqual({ built: 0, total: 0 })
  expect(countCircuits('1 BUILT $A~a PURPOSE=X\n2 EXTENDED $B~b\n13 BUILT $C~c')).toEqual({ built: 2, total: 3 })
})

test.each([
  ['Nov 25 18:37:17.498 [notice] Bootstrapped 0% (starting): Starting', 'info', 'Bootstrapped 0% (starting): Starting'],
  ['Nov 25 18:37:17.496 [warn] You are running Tor as root.', 'warn', 'You are running Tor as root.'],
  ['Nov 25 18:37:17.496 [err] Reading config failed', 'error', 'Reading config failed'],
  ['anything', 'info', 'anything'],
] as const)('a line of the log: %j', (line, level, message) => {
  expect(readLogLine(line)).toEqual({ level, message })
})
