import { expect, test } from 'bun:test'
import { probe, readAnswer } from './health-probe.ts'
import { freePorts } from './ports.ts'

test('healthy is the status code 200, and failing dependencies are named', () => {
  expect(
    readAnswer(200, { status: 'healthy', version: '0.1.0', started_at: 5, dependencies: { store: 'ok' } }),
  ).toEqual({ healthy: true, status: 'healthy', version: '0.1.0', startedAt: 5, failing: [] })
  expect(
    readAnswer(503, { status: 'degraded', dependencies: { store: 'ok', 'blockchain-vm': 'no answer' } }),
  ).toEqual({
    healthy: false,
    status: 'degraded',
    failing: ['blockchain-vm: no answer'],
  })
})

test('an answer that is no health document is judged by its code alone', () => {
  expect(readAnswer(200, undefined)).toEqual({ healthy: true, status: 'healthy', failing: [] })
  expect(readAnswer(404, 'what?')).toEqual({ healthy: false, status: 'status 404', failing: [] })
})

test('nobody there is unreachable, not an error', async () => {
  const { nobody } = freePorts(['nobody'])
  expect(await probe(`http://127.0.0.1:${nobody}`)).toEqual({
    healthy: false,
    status: 'unreachable',
    failing: [],
  })
})
