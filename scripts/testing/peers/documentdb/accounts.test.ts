import { expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAccounts } from './accounts.ts'
import { CommandError } from './errors.ts'

const codeOf = (act: () => void): number | undefined => {
  try {
    act()
    return undefined
  } catch (error) {
    return error instanceof CommandError ? error.code : -1
  }
}

test('accounts are in a file with no password in it, and are found again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lucid-accounts-'))
  try {
    const path = join(folder, 'accounts.json')
    const first = openAccounts(path, () => Buffer.alloc(28, 7))
    const resource = { db: 'lucid', collection: 'c' }
    first.addRole({ role: 'own', db: 'admin', privileges: [{ resource, actions: ['find'] }], roles: [] })
    first.addUser({ user: 'u', db: 'admin', password: 'a secret', roles: [{ role: 'own', db: 'admin' }] })
    expect(readFileSync(path, 'utf8')).not.toContain('a secret')

    const again = openAccounts(path, () => Buffer.alloc(28, 8))
    const user = again.find('u', 'admin')
    expect(user && again.privileges(user)).toEqual([{ resource, actions: ['find'] }])
    again.changeRole({ role: 'own', db: 'admin' }, { privileges: [] })
    expect(user && again.privileges(user)).toEqual([])
    again.dropRole({ role: 'own', db: 'admin' })
    expect(again.find('u', 'admin')?.roles).toEqual([])
    expect(again.find('u', 'lucid')).toBeUndefined()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('what is there already and what is not are refused with the codes of MongoDB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lucid-accounts-'))
  try {
    const accounts = openAccounts(join(folder, 'accounts.json'), () => Buffer.alloc(28, 7))
    const user = { user: 'u', db: 'admin', password: 'p', roles: [] }
    accounts.addUser(user)
    expect([
      codeOf(() => accounts.addUser(user)),
      codeOf(() => accounts.addUser({ ...user, user: 'v', roles: [{ role: 'none', db: 'admin' }] })),
      codeOf(() => accounts.changeUser('nobody', 'admin', {})),
      codeOf(() => accounts.addRole({ role: 'root', db: 'admin', privileges: [], roles: [] })),
      codeOf(() => accounts.dropRole({ role: 'none', db: 'admin' })),
    ]).toEqual([51003, 31, 11, 51002, 31])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
