import { expect, test } from 'bun:test'
import { parseStates } from './container-states.ts'

/** As an engine 20.10 printed it for STATE_FORMAT, with other names. */
const healthy = `{"id":"${'a'.repeat(64)}","name":"/gate","project":"lucid-core","service":"gate","status":"running","health":{"status":"healthy","streak":0},"exitCode":0,"oomKilled":false,"restarts":0,"startedAt":"2026-11-25T20:41:53.1Z","image":"x:gate-1","imageId":"sha256:ab"}`

test('containers that do not exist are left out; an engine that does not answer is a fault, not an empty host', () => {
  const missing = { code: 1, out: `${healthy}\n`, err: 'Error: No such container: cut\nError: No such object: seal\n' }
  expect(parseStates(missing, 'pi')).toMatchObject([
    { name: 'gate', status: 'running', health: 'healthy', startedAt: Date.parse('2026-11-25T20:41:53.1Z') },
  ])
  const down = { code: 1, out: '', err: 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.\n' }
  expect(() => parseStates(down, 'pi')).toThrow('pi: Cannot connect to the Docker daemon')
})
