import { describe, expect, test } from 'bun:test'
import { catalog } from '#catalog'
import { aeadEngine } from '#common/engines/aead'
import { Fault } from '#common/process/fault'
import type { Part, ProbeRequest, ProbeResult } from './model.ts'
import { NotRun } from './model.ts'
import { parseProbeRequest, runProbes, type Tools } from './probes.ts'
import { serviceProbes } from './service-probes.ts'

/** A platform that answers what it is told to, and nothing else. */
const tools = async (answers: Readonly<Record<string, () => Response>>, signs = true) => {
  const found: ProbeResult[] = []
  const answer = (service: string, path: string): Response => {
    const made = answers[`${service} ${path.split('?', 1)[0]}`]
    if (made === undefined) throw new Error(`nothing listens at ${service} ${path}`)
    return made()
  }
  const all: Tools = {
    client: {
      url: (service) => (Object.keys(answers).some((key) => key.startsWith(`${service} `)) ? 'http://x' : undefined),
      ask: async (service, path) => answer(service, path),
      call: (service) => async (path) => {
        if (!signs) throw new NotRun('no key')
        const reply = answer(service, path)
        if (!reply.ok) throw new Fault('unavailable', 'x', `status ${reply.status}`)
        return reply
      },
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      uuid: () => '0c0f1b6e-0000-4000-8000-000000000000',
      now: () => 0,
      pause: async () => {},
    },
    aead: await aeadEngine(),
    probe: async (name) => ({ name, stack: '', state: 'degraded', ms: 1, detail: 'mongo: away' }),
    tokenFor: async () => {
      if (!signs) throw new NotRun('no key')
      return 'token'
    },
    report: (result) => void found.push(result),
  }
  const run = async (parts: readonly Part[], urls: ProbeRequest['urls'] = {}): Promise<readonly ProbeResult[]> => {
    await runProbes({ parts: [...parts], urls, load: { recordings: 2, bytes: 1 }, anchorMs: 1 }, all)
    return found
  }
  return run
}

const json = (value: unknown, status = 200) => Response.json(value, { status })
const problem = (status: number, code: string) =>
  Response.json({ status, code }, { status, headers: { 'content-type': 'application/problem+json' } })

test('every service of the catalogue has work that is looked at', () =>
  expect(Object.keys(serviceProbes).toSorted()).toEqual(Object.keys(catalog).toSorted()))

describe('what is asked for', () => {
  test('is read strictly', () => {
    const good = { urls: { a: 'http://x' }, parts: ['health'], load: { recordings: 1, bytes: 1 }, anchorMs: 1 }
    expect(parseProbeRequest(JSON.stringify(good))).toEqual(good as ProbeRequest)
    expect(() => parseProbeRequest(JSON.stringify({ ...good, parts: ['nothing'] }))).toThrow(
      'no request for probes: /parts/0',
    )
    expect(() => parseProbeRequest(JSON.stringify({ ...good, load: { recordings: 11, bytes: 1 } }))).toThrow(
      '/load/recordings',
    )
  })
})

describe('a result', () => {
  test('of a service that is not well fails with what it says', async () => {
    const run = await tools({})
    expect(await run(['health'], { alpha: 'http://x' })).toEqual([
      {
        part: 'health',
        check: 'healthy as published',
        subject: 'alpha',
        result: 'fail',
        detail: 'degraded: mongo: away',
      },
    ])
  })

  test('of a service that takes a forged proof fails', async () => {
    const run = await tools({ 'merkle-builder /verify': () => json({ valid: true }) })
    expect((await run(['function'], { 'merkle-builder': 'http://x' })).map(({ detail }) => detail)).toEqual([
      'it takes a proof that does not hold',
    ])
  })

  test('of an index that lags fails with where it stands', async () => {
    const run = await tools({
      'blockchain-sessions-data /status': () => json({ indexed: 3, head: 9, caught_up: false }),
    })
    expect(await run(['function'], { 'blockchain-sessions-data': 'http://x' })).toMatchObject([
      { result: 'fail', detail: 'it stands at block 3 of 9' },
    ])
  })

  test('of an engine that fell back to the slow one fails', async () => {
    const run = await tools({
      'session-chunker /status': () => json({ engines: { zstd: 'slow', rejected: [{ name: 'fast' }] } }),
      'session-chunker /sessions/0c0f1b6e-0000-4000-8000-000000000000/stream': () => json({}),
    })
    const [found] = await run(['function'], { 'session-chunker': 'http://x' })
    expect(found).toMatchObject({ result: 'fail', detail: 'it takes a caller that the catalogue does not list' })
  })

  test('that requireServices a key which is not there is not run, and never passes', async () => {
    const run = await tools({ 'session-recorder /recordings': () => json({ recordings: [] }) }, false)
    expect(await run(['function'], { 'session-recorder': 'http://x' })).toMatchObject([
      { result: 'not-run', detail: 'no key' },
    ])
  })

  test('that hangs on one before it is not run, and says so', async () => {
    const run = await tools({})
    const found = await run(['session'])
    expect(found[0]).toMatchObject({ check: 'a recording goes in', result: 'not-run' })
    expect(found.slice(1).every(({ result, detail }) => result === 'not-run' && detail.startsWith('there is no'))).toBe(
      true,
    )
  })
})

describe('a request that must be refused', () => {
  const one = async (reply: Response) => {
    const run = await tools({ 'session-recorder /recordings': () => reply })
    return (await run(['errors'])).find(({ check }) => check === 'no token: 401')
  }
  test('passes with the code of its problem document', async () =>
    expect(await one(problem(401, 'bad-service-token'))).toMatchObject({ result: 'pass', detail: 'bad-service-token' }))
  test('fails when it is let in', async () =>
    expect(await one(json({ recordings: [] }))).toMatchObject({
      result: 'fail',
      detail: 'it answered 200 and not 401',
    }))
  test('fails when it is refused without a problem document', async () =>
    expect(await one(new Response('no', { status: 401 }))).toMatchObject({
      result: 'fail',
      detail: 'the answer is no problem document',
    }))
  test('fails when it is refused for another reason', async () =>
    expect(await one(problem(401, 'other'))).toMatchObject({ result: 'fail', detail: 'its code is other' }))
})
