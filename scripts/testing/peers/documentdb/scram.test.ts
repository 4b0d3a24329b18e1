import { expect, test } from 'bun:test'
import { begin, credentialsOf, finish, userIn } from './scram.ts'

// The example of RFC 7677, section 3, whose 4096 rounds are its own; the keys follow from its password "pencil".
const first = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO'
const random = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
const final =
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='

const keysOf = async (rounds: number) => {
  const { createHash, createHmac, pbkdf2Sync } = await import('node:crypto')
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
  const salted = pbkdf2Sync('pencil', salt, rounds, 32, 'sha256')
  const key = (text: string) => createHmac('sha256', salted).update(text).digest()
  return {
    salt: salt.toString('base64'),
    iterations: rounds,
    storedKey: createHash('sha256').update(key('Client Key')).digest('base64'),
    serverKey: key('Server Key').toString('base64'),
  }
}

test('the exchange of RFC 7677 ends as it does there', async () => {
  const conversation = begin(first, await keysOf(4096), random)
  expect(conversation?.user).toBe('user')
  expect(conversation?.serverFirst).toBe(
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  )
  expect(conversation && finish(conversation, final)).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
})

test('another password, another nonce and a damaged proof are refused', async () => {
  const right = begin(first, await keysOf(4096), random)
  const other = begin(
    first,
    credentialsOf('pencils', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')),
    random,
  )
  if (right === undefined || other === undefined) throw new Error('no conversation')
  expect(finish(other, final)).toBeUndefined()
  expect(finish({ ...right, nonce: `${right.nonce}x` }, final)).toBeUndefined()
  expect(finish(right, final.replace('p=d', 'p=e'))).toBeUndefined()
  expect(finish(right, 'c=biws,r=x')).toBeUndefined()
  expect(finish(right, '')).toBeUndefined()
})

test('credentials are those of the rounds the driver demands, and not the password', () => {
  const made = credentialsOf('secret', Buffer.alloc(28, 1))
  expect(made.iterations).toBe(15_000)
  expect(JSON.stringify(made)).not.toContain('secret')
  expect(credentialsOf('secret', Buffer.alloc(28, 2)).storedKey).not.toBe(made.storedKey)
})

test('a name is read with its escapes, and what is no first message names nobody', () => {
  expect(userIn('n,,n=a=2Cb=3Dc,r=x')).toBe('a,b=c')
  expect(userIn('y,,n=a')).toBeUndefined()
})
