import { expect, test } from 'bun:test'
import { isFault } from '#common/process/fault'
import { type Deed, type Relation, relationOf, requireAccess } from './access.ts'

const [owner, other, third] = ['TOwner', 'TOther', 'TThird']
const policy = { participants: [other, 'TGuest'], observers: [third, 'TWatcher'], approvers: ['TBoss'] }
const session = { owner, participants: [other], observers: [third], policy }
const person = (address: string, ...roles: string[]) => ({ address, roles })

test('what a person is to a session', () => {
  const table: readonly [ReturnType<typeof person>, Relation][] = [
    [person(owner, 'user'), 'owner'],
    [person(owner, 'admin'), 'owner'],
    [person('TAdmin', 'admin'), 'admin'],
    [person(other, 'admin'), 'admin'],
    [person(other, 'user'), 'participant'],
    [person(other, 'observer'), 'stranger'],
    [person(third, 'observer'), 'observer'],
    [person(third), 'stranger'],
    [person('TBoss', 'user'), 'approver'],
    [person('TBoss', 'observer'), 'stranger'],
    [person('TGuest', 'user'), 'invited'],
    [person('TGuest', 'observer'), 'stranger'],
    [person('TWatcher', 'observer'), 'invited'],
    [person('TWatcher'), 'stranger'],
    [person('TNobody', 'user', 'dev', 'node_worker'), 'stranger'],
    [person('TNobody', 'constructor'), 'stranger'],
  ]
  for (const [who, relation] of table) expect(relationOf(who, session)).toBe(relation)
})

test('evidence goes to the owner whatever his role, and to others with the permission only', () => {
  expect(() => requireAccess(person(owner, 'user'), session, 'export')).not.toThrow()
  expect(() => requireAccess(person(other, 'node_worker'), session, 'export')).not.toThrow()
  expect(() => requireAccess(person(third, 'dev'), session, 'export')).not.toThrow()
  expect(() => requireAccess(person(other, 'user'), session, 'export')).toThrow('data_export')
})

test('who may do what, as a table', () => {
  const people = {
    owner: person(owner, 'user'),
    admin: person('TAdmin', 'admin'),
    participant: person(other, 'user'),
    observer: person(third, 'observer'),
    approver: person('TBoss', 'user'),
    invited: person('TGuest', 'user'),
    stranger: person('TNobody', 'user'),
  }
  const no = 'not-yours'
  const none = 'no-such-session'
  const table: Readonly<Record<Deed, Readonly<Record<keyof typeof people, string>>>> = {
    know: {
      owner: 'yes',
      admin: 'yes',
      participant: 'yes',
      observer: 'yes',
      approver: 'yes',
      invited: 'yes',
      stranger: none,
    },
    see: { owner: 'yes', admin: 'yes', participant: 'yes', observer: 'yes', approver: no, invited: no, stranger: none },
    export: {
      owner: 'yes',
      admin: 'yes',
      participant: 'not-permitted',
      observer: 'not-permitted',
      approver: no,
      invited: no,
      stranger: none,
    },
    'take-part': {
      owner: 'yes',
      admin: 'yes',
      participant: 'yes',
      observer: no,
      approver: no,
      invited: no,
      stranger: none,
    },
    steer: { owner: 'yes', admin: 'yes', participant: no, observer: no, approver: no, invited: no, stranger: none },
    own: { owner: 'yes', admin: no, participant: no, observer: no, approver: no, invited: no, stranger: none },
  }
  const outcome = (deed: Deed, who: (typeof people)[keyof typeof people]) => {
    try {
      requireAccess(who, session, deed)
      return 'yes'
    } catch (error) {
      return isFault(error) ? error.code : String(error)
    }
  }
  for (const [deed, row] of Object.entries(table))
    for (const [name, expected] of Object.entries(row))
      expect([deed, name, outcome(deed as Deed, people[name as keyof typeof people])]).toEqual([deed, name, expected])
})
