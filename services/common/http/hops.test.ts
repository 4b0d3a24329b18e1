import { afterAll, expect, test } from 'bun:test'
import { t } from 'elysia'
import type { CallerName } from '#services/catalog'
import { deriveOwner } from '../evidence/tron-message.ts'
import { Secret } from '../process/env.ts'
import { jsonLog } from '../process/log.ts'
import { requestContext } from '../process/request-context.ts'
import { listening } from '../testing/wire.ts'
import { call, client, ok } from './client.ts'
import { callersOf, derivePublicKey, signer, verifier } from './identity.ts'
import { problems, service } from './service.ts'

/** Operator -> session-recorder -> session-orchestrator -> merkle-builder: real servers, real tokens. */
const names = ['operator', 'session-recorder', 'session-orchestrator', 'merkle-builder'] as const
const keys = new Map<CallerName, Secret>(
  names.map((name, i) => [name, new Secret(new Uint8Array(32).fill(i + 1).toHex())]),
)
const keyOf = (name: CallerName) => keys.get(name) ?? new Secret('')
const peers = Object.fromEntries(names.map((name) => [name, derivePublicKey(keyOf(name))]))
const signAs = (name: CallerName) => signer({ name, key: keyOf(name) })

const logs: Record<string, string[]> = {}
const partsOf = (name: Exclude<(typeof names)[number], 'operator'>) => {
  const lines: string[] = []
  logs[name] = lines
  return {
    guard: verifier({ callee: name, callers: callersOf(name), peers }),
    log: jsonLog(name, { write: (line) => lines.push(line) }),
  }
}
const Seen = t.Object({ caller: t.String(), actor: t.Optional(t.String()), request_id: t.String() })
const seen = () => {
  const { caller = '', actor, requestId = '' } = requestContext() ?? {}
  return { caller, ...(actor !== undefined && { actor }), request_id: requestId }
}

const builderParts = partsOf('merkle-builder')
const builderApp = service('merkle-builder', builderParts).get(
  '/seen',
  async () => {
    await Promise.resolve()
    builderParts.log.info('reached')
    return seen()
  },
  { response: { 200: Seen, ...problems }, callers: ['session-orchestrator'] },
)
const builder = listening(builderApp)

const toBuilder = { callee: 'merkle-builder', sign: signAs('session-orchestrator') }
const orchestratorApp = service('session-orchestrator', partsOf('session-orchestrator')).get(
  '/relay',
  async () => [
    seen(),
    await ok(client<typeof builderApp>(builder.url, toBuilder).seen.get()),
    (await (await call(builder.url, toBuilder)('/seen')).json()) as typeof Seen.static,
  ],
  { response: { 200: t.Array(Seen), ...problems }, callers: ['session-recorder'] },
)
const orchestrator = listening(orchestratorApp)

const recorder = listening(
  service('session-recorder', partsOf('session-recorder'))
    .get(
      '/relay',
      () => call(orchestrator.url, { callee: 'session-orchestrator', sign: signAs('session-recorder') })('/relay'),
      { callers: ['operator'] },
    )
    .get('/skip', () => call(builder.url, { callee: 'merkle-builder', sign: signAs('session-recorder') })('/seen'), {
      callers: ['operator'],
    }),
)
afterAll(() => Promise.all([recorder.stop(), orchestrator.stop(), builder.stop()]))

const asOperator = async (path: string, headers: Record<string, string> = {}, actor?: string) =>
  fetch(`${recorder.url}${path}`, {
    headers: { authorization: `Bearer ${await signAs('operator')('session-recorder', actor)}`, ...headers },
  })
const idsIn = (name: string) => new Set(logs[name]?.map((line) => JSON.parse(line).request_id))

test('a request id travels through two hops and stands in the log of each, and each hop speaks as itself', async () => {
  const request_id = 'request-through-all'
  const reply = await asOperator('/relay', { 'x-request-id': request_id })
  expect(await reply.json()).toEqual([
    { caller: 'session-recorder', request_id },
    { caller: 'session-orchestrator', request_id },
    { caller: 'session-orchestrator', request_id },
  ])
  expect(reply.headers.get('x-request-id')).toBe(request_id)
  for (const name of names.slice(1)) expect([name, idsIn(name)]).toEqual([name, new Set([request_id])])
  expect(logs['merkle-builder']?.filter((line) => line.includes('"reached"')).length).toBe(2)
})

test('a request without an id gets one at the first hop, and keeps it', async () => {
  const reply = await asOperator('/relay')
  const [first, second] = (await reply.json()) as (typeof Seen.static)[]
  expect(first?.request_id).toMatch(/^[0-9a-f-]{36}$/)
  expect([second?.request_id, reply.headers.get('x-request-id')]).toEqual([
    first?.request_id ?? '',
    first?.request_id ?? '',
  ])
})

test('the person who acts travels along, also among many at once, and nobody does where nobody did', async () => {
  const people = [1, 2, 3].map((n) => deriveOwner(new Uint8Array(32).fill(n)))
  const asked = await Promise.all(
    [...people, undefined].map(async (actor) => {
      const found = (await (await asOperator('/relay', {}, actor)).json()) as (typeof Seen.static)[]
      return found.map((one) => one.actor)
    }),
  )
  expect(asked).toEqual([...people, undefined].map((actor) => [actor, actor, actor]))
})

test('many requests at once do not mix their ids', async () => {
  const wanted = Array.from({ length: 20 }, (_, i) => `request-number-${i}`)
  const got = await Promise.all(
    wanted.map(async (id) => {
      const found = (await (await asOperator('/relay', { 'x-request-id': id })).json()) as (typeof Seen.static)[]
      return found.map(({ request_id }) => request_id)
    }),
  )
  expect(got).toEqual(wanted.map((id) => [id, id, id]))
})

test('a service that the callee does not expect is refused, and its caller learns why', async () => {
  const reply = await asOperator('/skip')
  expect(reply.status).toBe(403)
  expect(await reply.json()).toMatchObject({ code: 'caller-not-listed' })
})
