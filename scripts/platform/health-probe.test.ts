import { expect, test } from 'bun:test'
import { parseHealthReply, probeHealth } from './health-probe.ts'
import { freePorts } from './ports.ts'

test('healthy is the status code 200, and failing dependencies are named', () => {
  expect(
    parseHealthReply(200, { status: 'healthy', version: '0.1.0', started_at: 5, dependencies: { store: 'ok' } }),
  ).toEqual({ healthy: true, status: 'healthy', version: '0.1.0', startedAt: 5, failing: [] })
  expect(
    parseHealthReply(503, { status: 'degraded', dependencies: { store: 'ok', 'blockchain-vm': 'no answer' } }),
  ).toEqual({ healthy: false, status: 'degraded', failing: ['blockchain-vm: no answer'] })
})

test('incidents alone do not keep a service from being up; anything else beside them does', () => {
  const reply = (dependencies: object) =>
    parseHealthReply(503, { status: 'degraded', dependencies, incidents: ['history'] }).onlyIncidents
  expect(reply({ store: 'ok', history: 'decide' })).toBe(true)
  expect(reply({ history: 'decide', 'blockchain-vm': 'no answer' })).toBeUndefined()
  expect(parseHealthReply(503, { status: 'degraded', incidents: [] }).onlyIncidents).toBeUndefined()
})

test('an answer that is no health document is judged by its code alone', () => {
  expect(parseHealthReply(200, undefined)).toEqual({ healthy: true, status: 'healthy', failing: [] })
  expect(parseHealthReply(404, 'what?')).toEqual({ healthy: false, status: 'status 404', failing: [] })
})

test('nobody there is unreachable, not an error', async () => {
  const { nobody } = freePorts(['nobody'])
  expect(await probeHealth(`http://127.0.0.1:${nobody}`)).toEqual({
    healthy: false,
    status: 'unreachable',
    failing: [],
  })
})
