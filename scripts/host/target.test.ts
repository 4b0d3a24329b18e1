import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { homeAt } from '../platform/home.ts'
import { machineName, whoami } from './open.ts'
import { rememberTarget, resolveTarget } from './target.ts'

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
    rememberTarget(home, { host: 'pi@last', dir: '/lucid', sshConfig: '/c' })
    const env = { LUCID_HOST: 'pi@env' }
    expect(resolveTarget(flags({ host: 'pi@flag' }), env, home)).toEqual({ host: 'pi@flag', dir: '/mnt/myssd/Lucid' })
    expect(resolveTarget(flags(), env, home)).toEqual({ host: 'pi@env', dir: '/mnt/myssd/Lucid' })
    expect(resolveTarget(flags(), {}, home)).toEqual({ host: 'pi@last', dir: '/lucid', sshConfig: '/c' })
  })

  test('has the folder that was used there last, unless told otherwise', () => {
    const home = freshHome()
    rememberTarget(home, { host: 'pi@last', dir: '/lucid' })
    expect(resolveTarget(flags({ host: 'pi@last' }), {}, home).dir).toBe('/lucid')
    expect(resolveTarget(flags({ host: 'pi@other' }), {}, home).dir).toBe('/mnt/myssd/Lucid')
    expect(resolveTarget(flags({ dir: '/x/' }), {}, home).dir).toBe('/x')
  })

  test('must be named when none is known; a file that is none counts as none', () => {
    const home = freshHome()
    expect(() => resolveTarget(flags(), {}, home)).toThrow('which host? use --host user@host')
    rememberTarget(home, { host: 'pi@last', dir: '/lucid' })
    writeFileSync(join(home.root, 'host.json'), '{"host":')
    expect(() => resolveTarget(flags(), {}, home)).toThrow('which host?')
  })

  test.each(['relative', '/a b', '/a/../b', "/a'b", '/a$b', '/a,b', '/'])('has no folder %p', (dir) => {
    expect(() => resolveTarget(flags({ host: 'pi', dir }), {}, freshHome())).toThrow('--dir takes an absolute path')
  })
})

test('a machine keeps its name, and no other state folder has it, whatever the host name', () => {
  const [one, other] = [freshHome(), freshHome()]
  expect(machineName(one)).toBe(machineName(one))
  expect(machineName(one)).not.toBe(machineName(other))
})

test('who runs a command is told by the environment of either system', () => {
  expect(whoami({ USER: 'ann' })).toStartWith('ann@')
  expect(whoami({ USERNAME: 'bob' })).toStartWith('bob@')
})
