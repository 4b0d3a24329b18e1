import { expect, test } from 'bun:test'
import { parseStates } from './container-states.ts'

/** As an engine 20.10 printed it for STATE_FORMAT, with other names. */
const healthy =
  '{"name":"/gate","status":"running","health":"healthy","streak":0,"exit":0,"oom":false,"restarts":0,"started":"2026-11-25T20:41:53.1Z","image":"x:gate-1","id":"sha256:ab"}'

test('a container is read as the engine has it', () => {
  expect(parseStates({ code: 0, out: `${healthy}\n`, err: '' }, 'pi')).toEqual([
    {
      container: 'gate',
      status: 'running',
      health: 'healthy',
      exitCode: 0,
      oomKilled: false,
      restarts: 0,
      startedAt: '2026-11-25T20:41:53.1Z',
      image: 'x:gate-1',
      imageId: 'sha256:ab',
    },
  ])
})

test('containers that do not exist are left out; an engine that does not answer is a fault, not an empty host', () => {
  const missing = {
    code: 1,
    out: `${healthy}\n`,
    err: 'Error: No such container: cut\nError: No such object: seal\n',
  }
  expect(parseStates(missing, 'pi').map(({ container }) => container)).toEqual(['gate'])
  const down = {
    code: 1,
    out: '',
    err: 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock.\n',
  }
  expect(() => parseStates(down, 'pi')).toThrow('pi: Cannot connect to the Docker daemon')
})

test('what was paused is not unhealthy: no check of it has failed', () => {
  const health = (streak: number) => {
    const out = healthy.replace('"health":"healthy","streak":0', `"health":"unhealthy","streak":${streak}`)
    return parseStates({ code: 0, out, err: '' }, 'pi')[0]?.health
  }
  expect([health(0), health(3)]).toEqual(['starting', 'unhealthy'])
})
