import { describe, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import { Fault, type FaultKind } from '../process/fault.ts'
import { faultOf, faultResponse, Problem, problems, statusOf, unexpectedResponse } from './problem.ts'

const kinds = Object.keys(statusOf) as FaultKind[]

describe('a fault as a problem document', () => {
  test('is what RFC 9457 wants, whole', async () => {
    const fault = new Fault('conflict', 'stale', 'read it again', { extra: { rev: 3 }, retryAfter: 1_200 })
    const reply = faultResponse(fault, 'request-1')
    expect(reply.status).toBe(409)
    expect(Object.fromEntries(reply.headers)).toEqual({
      'content-type': 'application/problem+json',
      'x-request-id': 'request-1',
      'retry-after': '2',
    })
    expect(await reply.json()).toEqual({
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      code: 'stale',
      detail: 'read it again',
      request_id: 'request-1',
      rev: 3,
    })
  })

  test('every kind has its own status, a title, and a reply schema it fits', async () => {
    const replies = await Promise.all(
      kinds.map(async (kind): Promise<typeof Problem.static> => {
        const reply = faultResponse(new Fault(kind, 'c', 'd'), 'request-1')
        return Value.Parse(Problem, await reply.json())
      }),
    )
    expect(replies.map(({ status }) => status)).toEqual([400, 401, 403, 404, 409, 412, 413, 416, 429, 503])
    for (const reply of replies) {
      expect(Value.Check(Problem, reply)).toBe(true)
      expect(reply.title).not.toBe('Error')
      expect(Object.keys(problems)).toContain(String(reply.status))
    }
  })

  test('foreign text in its detail is one line of bounded length, on every hop', async () => {
    const fault = new Fault('invalid', 'unknown-field', `no field \u001b[2J\r\n\u202e${'x'.repeat(100_000)}`)
    const { detail } = Value.Parse(Problem, await faultResponse(fault, 'request-1').json())
    expect(detail).toStartWith('no field \\u001b[2J\\r\\n\\u202exxx')
    expect(detail.length).toBeLessThan(5_000)
    const told = faultOf(400, { code: 'c', detail: 'a\u009b0m\nb' }, 'callee')
    expect(told.message).toBe('a\\u009b0m\\nb')
  })

  test('extra members cannot replace the standard ones', async () => {
    const fault = new Fault('missing', 'gone', 'it is gone', { extra: { status: 200, code: 'fine' } })
    expect(await faultResponse(fault, 'request-1').json()).toMatchObject({ status: 404, code: 'gone' })
  })
})

test('the unexpected says nothing but its request id', async () => {
  const reply = unexpectedResponse('request-1')
  expect(reply.headers.get('x-request-id')).toBe('request-1')
  expect(await reply.json()).toEqual({
    type: 'about:blank',
    title: 'Internal Server Error',
    status: 500,
    code: 'unexpected',
    detail: 'An unexpected error occurred; the log has it under this request id.',
    request_id: 'request-1',
  })
})

describe('a problem document as a fault', () => {
  test('is the fault it was made of, for every kind', async () => {
    for (const kind of kinds) {
      const reply = faultResponse(new Fault(kind, 'some-code', 'words', { extra: { at: 3 } }), 'request-1')
      const { code, message, extra, ...rest } = faultOf(reply.status, await reply.json(), 'callee')
      expect({ kind: rest.kind, code, message, extra }).toEqual({
        kind,
        code: 'some-code',
        message: 'words',
        extra: { at: 3 },
      })
    }
  })

  test('is unavailable for a status that is none of ours, since the request may be fine', () => {
    expect(faultOf(500, { code: 'unexpected', detail: 'd' }, 'callee').kind).toBe('unavailable')
    expect(faultOf(502, undefined, 'callee').kind).toBe('unavailable')
  })

  test('says who answered without a reason when it is none', () => {
    for (const body of [undefined, null, 'text', { error: 'other' }, { code: 'only' }]) {
      const fault = faultOf(404, body, 'merkle-builder')
      expect([fault.kind, fault.code, fault.message]).toEqual([
        'missing',
        'no-problem-document',
        'merkle-builder answered 404 without saying why',
      ])
    }
  })
})
