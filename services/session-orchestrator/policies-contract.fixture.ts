import { describe, expect, test } from 'bun:test'
import { type AuditEvent, eventFault } from '#common/evidence/audit-event'
import { approver, guest, NOW, owner, samplePolicy, signPolicy, viewer } from '#common/policy/fixture'
import type { Store } from '#common/store/store'
import { faultOf } from '#common/testing/faults'
import { SIGNING_KEY, sessionRequest } from './fixture.ts'
import { policies } from './policies.ts'
import { sessions } from './sessions.ts'
import { publicEvent, tables } from './store.ts'

const paste = { person: guest, channel: 'clipboard', direction: 'to_session', bytes: 10 } as const
const AT_ONCE = 12

/** What people do in sessions keeps its promises on a store, whoever does what in the same moment. */
export const policiesContract = (name: string, open: () => Promise<Store>): void => {
  const begun = async (on_violation: 'block' | 'void' = 'block') => {
    const store = await open()
    const parts = { store, now: () => NOW, newId: () => crypto.randomUUID() }
    const all = sessions({
      ...parts,
      signingKey: SIGNING_KEY,
      random: (size) => crypto.getRandomValues(new Uint8Array(size)),
      openKey: async () => {},
      chunkSize: 1024,
      maxActive: 10,
    })
    const policy = signPolicy(samplePolicy({ on_violation, channels: { clipboard: { to_session: 'on_request' } } }))
    const { id } = await all.create({ ...sessionRequest, owner, policy })
    await all.setState(id, { state: 'active' })
    const rules = policies(parts)
    await rules.admit(id, guest, 'participant')
    const events = async () =>
      (await tables(store).audit.find({ where: { session: id }, sort: [['seq', 'asc']] })).map(
        (event) => publicEvent(event) as AuditEvent,
      )
    return { id, all, rules, events, close: () => store.close() }
  }
  type Begun = Awaited<ReturnType<typeof begun>>
  /** Every event follows from the one before. */
  const expectWhole = async ({ id, events }: Pick<Begun, 'id' | 'events'>) => {
    const chain = await events()
    for (const [at, event] of chain.entries()) expect(eventFault(id, chain[at - 1], event)).toBeUndefined()
    return chain.map(({ type }) => type)
  }
  const settled = async (work: readonly Promise<unknown>[]) => Promise.all(work.map((one) => faultOf(() => one)))
  const many = <R>(make: (at: number) => Promise<R>) => Array.from({ length: AT_ONCE }, (_, at) => make(at))
  const count = (types: readonly string[], type: string) => types.filter((one) => one === type).length

  describe(`what people do in sessions, on ${name}`, () => {
    test('decisions in the same moment all stand in one whole chain', async () => {
      const one = await begun()
      const decided = await Promise.all(many(() => one.rules.act(one.id, paste)))
      expect(decided.map(({ rule }) => rule)).toEqual(Array.from({ length: AT_ONCE }, () => 'not-granted'))
      expect(count(await expectWhole(one), 'action-decided')).toBe(AT_ONCE)
      await one.close()
    })

    test('a request is answered once, also when two answer it in the same moment', async () => {
      const one = await begun()
      const { id: request } = await one.rules.ask(one.id, { ...paste, reason: 'a password' })
      const answers = await settled(
        many((at) => one.rules.answer(one.id, request, { by: at % 2 ? owner : approver, isApproved: at % 3 === 0 })),
      )
      expect(answers.filter((fault) => fault === 'no fault').length).toBe(1)
      expect(count(await expectWhole(one), 'request-decided')).toBe(1)
      const [stored] = await one.rules.requests(one.id)
      expect(stored).toMatchObject({ id: request, decided_at: NOW })
      await one.close()
    })

    test('nobody is let in twice, and nobody waits with more requests than he may', async () => {
      const one = await begun()
      await Promise.all(many(() => one.rules.admit(one.id, viewer, 'observer')))
      const asked = await settled(many(() => one.rules.ask(one.id, { ...paste, reason: 'again' })))
      expect(asked.filter((fault) => fault === 'no fault').length).toBe(10)
      expect((await one.all.get(one.id)).observers).toEqual([viewer])
      const types = await expectWhole(one)
      expect([count(types, 'observer-admitted'), count(types, 'request-made')]).toEqual([1, 10])
      await one.close()
    })

    test('a session is voided once, and nothing is decided in it after that', async () => {
      const one = await begun('void')
      const breach = { ...paste, direction: 'from_session' } as const
      const acts = await settled(many((at) => one.rules.act(one.id, at % 2 ? breach : paste)))
      expect(acts.filter((fault) => fault !== 'no fault').every((fault) => isOver(fault))).toBe(true)
      const types = await expectWhole(one)
      expect(types.indexOf('voided')).toBe(types.length - 1)
      expect((await one.all.get(one.id)).state).toBe('voided')
      await one.close()
    })
  })
}

const isOver = (fault: unknown): boolean => (fault as { readonly code?: string }).code === 'session-over'
