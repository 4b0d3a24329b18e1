import { describe, expect, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import type { Control } from './control.ts'
import { torChecks, torStatus } from './health.ts'
import { freshState, type TorState } from './state.ts'
import type { Tor } from './tor.ts'

const address = `${'a'.repeat(56)}.onion`
const values: Readonly<Record<string, string>> = {
  version: '0.4.9',
  'traffic/read': '12',
  'traffic/written': '34',
  'circuit-status': '1 BUILT $A\n2 LAUNCHED',
}
const control: Control = {
  ask: async () => ({ code: 250, lines: ['OK'], event: false }),
  info: async (key) => values[key] ?? '',
  close: () => {},
  closed: new Promise(() => {}),
}
const torAt = (state: TorState, answers = true): Tor => ({
  state: () => state,
  control: () => {
    if (answers) return control
    throw new Fault('unavailable', 'tor-down', 'tor does not answer; it is started again')
  },
  restarts: () => 2,
  stop: async () => {},
})
const joined: TorState = { ...freshState, bootstrap: { percent: 100, summary: 'Done' } }
const published: TorState = { ...joined, uploads: { [address]: 1 } }

const outcomes = async (tor: Tor, network: 'on' | 'off') => {
  const { checks, soft } = torChecks({ tor, address, network })
  const results = Object.entries(checks).map(async ([name, check]) => [
    name,
    await check().then(
      () => 'well',
      (error: Fault) => error.code,
    ),
  ])
  return { ...Object.fromEntries(await Promise.all(results)), soft }
}

describe('the health of tor', () => {
  const cases: readonly [string, Tor, 'on' | 'off', object][] = [
    ['joined and published', torAt(published), 'on', { tor: 'well', bootstrap: 'well', onion: 'well', soft: [] }],
    [
      'still joining',
      torAt(freshState),
      'on',
      { tor: 'well', bootstrap: 'bootstrapping', onion: 'not-published', soft: [] },
    ],
    [
      'of a tor that is down',
      torAt(published, false),
      'on',
      { tor: 'tor-down', bootstrap: 'well', onion: 'well', soft: [] },
    ],
    ['with the network off', torAt(freshState), 'off', { tor: 'well', network: 'network-off', soft: ['network'] }],
  ]
  test.each(cases)('%s', async (_name, tor, network, expected) => {
    expect(await outcomes(tor, network)).toEqual(expected)
  })

  test('tells why the descriptor was not taken', async () => {
    const tor = torAt({ ...joined, failures: { [address]: 'UPLOAD_REJECTED' } })
    const { checks } = torChecks({ tor, address, network: 'on' })
    await expect(checks['onion']?.()).rejects.toThrow('UPLOAD_REJECTED')
  })
})

test('the status has version, circuits and traffic', async () => {
  expect(await torStatus({ tor: torAt(published), address, network: 'on' })).toEqual({
    network: 'on',
    tor: {
      version: '0.4.9',
      restarts: 2,
      bootstrap: { percent: 100, summary: 'Done' },
      circuits: { built: 1, total: 2 },
      traffic: { read: 12, written: 34 },
    },
    onions: { gateway: address },
  })
})
