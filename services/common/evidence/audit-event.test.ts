import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type AuditEvent, digestBody, eventFault, GENESIS, hashEvent, nextEvent } from './audit-event.ts'
import vectors from './vectors/audit-event.json' with { type: 'json' }

const { session } = vectors
const salt = (n: number) => n.toString(16).padStart(64, '0')
const chain = (): readonly AuditEvent[] => {
  const events: AuditEvent[] = []
  for (const [n, type] of (['created', 'action-decided', 'request-made', 'sealed'] as const).entries())
    events.push(nextEvent(session, events.at(-1), { type, body: { n }, at: 1000 + n, salt: salt(n) }))
  return events
}
const faultIn = (events: readonly AuditEvent[], of = session): string | undefined =>
  events.map((event, place) => eventFault(of, events[place - 1], event)).find((fault) => fault !== undefined)
const withhold = ({ body: _body, salt: _salt, ...event }: AuditEvent): AuditEvent => event

test('the published vectors', () => {
  const events: AuditEvent[] = []
  for (const { type, body, at, salt, digest, hash } of vectors.events) {
    const event = nextEvent(session, events.at(-1), { type, body, at, salt } as never)
    expect({ digest: event.digest, hash: event.hash }).toEqual({ digest, hash })
    events.push(event)
  }
  expect(faultIn(events)).toBeUndefined()
})

describe('a chain of events', () => {
  test('is whole with and without its bodies', () => {
    expect(chain()[0]?.prev).toBe(GENESIS)
    expect(faultIn(chain())).toBeUndefined()
    expect(faultIn(chain().map(withhold))).toBeUndefined()
  })

  test('shows any change of any field, by the number of the event', () => {
    const field = fc.constantFrom('seq', 'at', 'type', 'body', 'salt', 'digest', 'prev', 'hash')
    fc.assert(
      fc.property(fc.nat({ max: 3 }), field, (at, name) => {
        const change = (event: AuditEvent) => ({
          ...event,
          [name]: { seq: 9, at: 5, type: 'gap', body: { n: 9 } }[name as 'seq'] ?? salt(99),
        })
        const found = faultIn(chain().map((event, n) => (n === at ? change(event) : event)))
        expect(found).toContain(name === 'seq' ? 'event 9' : `event ${at}`)
      }),
    )
  })

  test('shows an event that was left out, put in or moved', () => {
    const [a, b, c, d] = chain() as [AuditEvent, AuditEvent, AuditEvent, AuditEvent]
    expect(faultIn([b, c, d])).toBe('event 1 stands where event 0 belongs')
    expect(faultIn([a, c, d])).toBe('event 2 stands where event 1 belongs')
    expect(faultIn([a, c, b, d])).toBe('event 2 stands where event 1 belongs')
    const forged = nextEvent(session, a, { type: 'voided', body: {}, at: 5, salt: salt(7) })
    expect(faultIn([a, forged, c, d])).toBe('event 2 does not follow the one before it')
    expect(faultIn([a, { ...withhold(b), salt: salt(1) }])).toBe('event 1 has only one of body and salt')
  })

  test('is that of one session', () => {
    expect(faultIn(chain(), 'b1b2c3d4-e5f6-4789-8abc-def012345678')).toBe('event 0 (created) was altered')
  })

  test('has digests that a guessed body does not lead to without its salt', () => {
    expect(digestBody(salt(1), { allowed: true })).not.toBe(digestBody(salt(2), { allowed: true }))
    expect(hashEvent(session, chain()[1] as AuditEvent)).toBe(chain()[1]?.hash ?? '')
  })
})
