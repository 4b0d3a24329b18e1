import { describe, expect, test } from 'bun:test'
import { isFault } from '../process/fault.ts'
import { type Hello, mongoFault, requireServer } from './mongo-fault.ts'

/** As the driver makes them: name, message, numeric code of the server or text code of the system. */
const failure = (name: string, more: object = {}) => Object.assign(new Error('hunter2'), { name }, more)
const server = (code: number) => failure('MongoServerError', { code })
const selection = (...errors: readonly unknown[]) =>
  failure('MongoServerSelectionError', {
    reason: { servers: new Map(errors.map((error, i) => [`h${i}:1`, { error }])) },
  })

const reports: readonly (readonly [what: string, error: unknown, kind: string, code: string])[] = [
  ['a duplicate', server(11000), 'conflict', 'duplicate'],
  ['a full disk', server(14031), 'unavailable', 'disk-full'],
  ['a document that is too large', server(10334), 'too-large', 'document-too-large'],
  ['a document that breaks the validator', server(121), 'invalid', 'bad-value'],
  ['a wrong password', server(18), 'unavailable', 'store-login'],
  [
    'a wrong password on every server',
    selection(failure('MongoNetworkError', { cause: server(18) })),
    'unavailable',
    'store-login',
  ],
  ['a missing right', server(13), 'unavailable', 'store-rights'],
  ['a server that is no replica set', server(20), 'unavailable', 'store-standalone'],
  ['a server that steps down', server(189), 'unavailable', 'store-no-primary'],
  ['a server that shuts down', server(91), 'unavailable', 'store-away'],
  ['a majority that does not answer', server(64), 'unavailable', 'store-not-durable'],
  ['a conflict that goes on', server(112), 'unavailable', 'store-busy'],
  ['a slow server', failure('MongoNetworkTimeoutError'), 'unavailable', 'store-slow'],
  ['a broken connection', failure('MongoNetworkError'), 'unavailable', 'store-away'],
  ['a pool that was cleared', failure('MongoPoolClearedError'), 'unavailable', 'store-away'],
  [
    'a port where nothing listens',
    selection(failure('MongoNetworkError', { cause: failure('Error', { code: 'ECONNREFUSED' }) })),
    'unavailable',
    'store-away',
  ],
  ['a name that is nowhere', selection(failure('Error', { code: 'ENOTFOUND' })), 'unavailable', 'store-away'],
  ['no primary among those who answer', selection(undefined, undefined), 'unavailable', 'store-no-primary'],
  [
    'a certificate of a stranger',
    selection(failure('MongoNetworkError', { cause: failure('Error', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }) })),
    'unavailable',
    'store-certificate',
  ],
  [
    'a driver that finds the server too old',
    selection(failure('MongoCompatibilityError')),
    'unavailable',
    'store-too-old',
  ],
]

describe('what the driver reports', () => {
  for (const [what, error, kind, code] of reports)
    test(`of ${what} is ${code}: one line with a remedy, and nothing that the server said`, () => {
      const fault = mongoFault(error, 'jobs')
      if (!isFault(fault)) throw new Error('not a fault')
      expect([fault.kind, fault.code, fault.cause]).toEqual([kind, code, error])
      expect(fault.message).not.toMatch(/\n|hunter2/)
      if (kind === 'unavailable') expect(fault.retryAfter).toBeGreaterThan(0)
    })

  test('and nobody foresaw stays what it is', () => {
    const strange = server(4711)
    expect(mongoFault(strange, 'jobs')).toBe(strange)
    expect(mongoFault('text', 'jobs')).toBe('text')
  })
})

describe('a server', () => {
  const good: Hello = { setName: 'rs0', maxWireVersion: 21, isWritablePrimary: true }
  const refused = (hello: Hello) => {
    try {
      requireServer(hello)
      return 'taken'
    } catch (error) {
      return isFault(error) ? error.code : error
    }
  }
  const judged: readonly (readonly [string, Hello, string])[] = [
    ['a primary of MongoDB 7', good, 'taken'],
    ['a router of a sharded cluster', { msg: 'isdbgrid', maxWireVersion: 25, isWritablePrimary: true }, 'taken'],
    ['of MongoDB 6', { ...good, maxWireVersion: 17 }, 'store-too-old'],
    ['that stands alone', { maxWireVersion: 21, isWritablePrimary: true }, 'store-standalone'],
    ['that takes no writes', { ...good, isWritablePrimary: false }, 'store-no-primary'],
    ['that says nothing', {}, 'store-too-old'],
  ]
  for (const [what, hello, code] of judged) test(`${what}: ${code}`, () => expect(refused(hello)).toBe(code))
})
