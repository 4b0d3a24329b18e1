import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { homeAt } from '../platform/home.ts'
import { machineOf, whoami } from './open.ts'
import { remember, targetOf } from './target.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-target-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const made = { count: 0 }
const freshHome = () => homeAt(join(folder, `${made.count++}`))
const flags = (given: { host?: string; dir?: string; config?: string } = {}) => ({
  host: given.host,
  dir: given.dir,
  'ssh-config': given.config,
})

describe('the host that a command is about', () => {
  test('is the one of its flags, then of the environment, then the one that was deployed to last', () => {
    const home = freshHome()
    remember(home, { host: 'pi@last', dir: '/lucid', sshConfig: '/c' })
    const env = { LUCID_HOST: 'pi@env' }
    expect(targetOf(flags({ host: 'pi@flag' }), env, home)).toEqual({
      host: 'pi@flag',
      dir: '/mnt/myssd/Lucid',
    })
    expect(targetOf(flags(), env, home)).toEqual({ host: 'pi@env', dir: '/mnt/myssd/Lucid' })
    expect(targetOf(flags(), {}, home)).toEqual({ host: 'pi@last', dir: '/lucid', sshConfig: '/c' })
  })

  test('has the folder that was used there last, unless told otherwise', () => {
    const home = freshHome()
    remember(home, { host: 'pi@last', dir: '/lucid' })
    expect(targetOf(flags({ host: 'pi@last' }), {}, home).dir).toBe('/lucid')
    expect(targetOf(flags({ host: 'pi@other' }), {}, home).dir).toBe('/mnt/myssd/Lucid')
    expect(targetOf(flags({ dir: '/x/' }), {}, home).dir).toBe('/x')
  })

  test('must be named when none is known; a file that is none counts as none', () => {
    const home = freshHome()
    expect(() => targetOf(flags(), {}, home)).toThrow('which host? use --host user@host')
    remember(home, { host: 'pi@last', dir: '/lucid' })
    writeFileSync(join(home.root, 'host.json'), '{"host":')
    expect(() => targetOf(flags(), {}, home)).toThrow('which host?')
  })

  test.each(['relative', '/a b', '/a/../b', "/a'b", '/a$b', '/a,b', '/'])('has no folder %p', (dir) => {
    expect(() => targetOf(flags({ host: 'pi', dir }), {}, freshHome())).toThrow(
      '--dir takes an absolute path',
    )
  })
})

test('a machine keeps its name, and no other state folder has it, whatever the host name', () => {
  const [one, other] = [freshHome(), freshHome()]
  expect(machineOf(one)).toBe(machineOf(one))
  expect(machineOf(one)).not.toBe(machineOf(other))
})

test('who runs a command is told by the environment of either system', () => {
  expect(whoami({ USER: 'ann' })).toStartWith('ann@')
  expect(whoami({ USERNAME: 'bob' })).toStartWith('bob@')
})
