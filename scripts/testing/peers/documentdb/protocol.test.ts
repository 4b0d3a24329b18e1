import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAccounts } from './accounts.ts'
import { buildDocument, decode, encode, parseFields } from './document.ts'
import { buildError, CommandError, isLoss, translateError, unpackState } from './errors.ts'
import { allows, findNeeds, findPrivileges } from './rights.ts'
import { beginConversation, finishConversation, makeCredentials, parseUser } from './scram.ts'
import { buildCommand, buildReply, messageCutter, parseMessage, WireError } from './wire.ts'

/** The pure parts of the front, as far as the official driver would not show what is wrong with them. */

const ping = encode({ ping: 1, $db: 'admin' })

describe('messages', () => {
  test('come out whole from a stream that is cut at every byte', () => {
    const cut = messageCutter()
    const stream = Buffer.concat([1, 2, 3].map((id) => buildCommand(id, ping)))
    const read = (pieces: readonly Buffer[], take = cut) =>
      pieces.flatMap((piece) => take(piece).map((message) => parseMessage(message).id))
    expect(read([...stream].map((byte) => Buffer.from([byte])))).toEqual([1, 2, 3])
    expect(read([stream], messageCutter())).toEqual([1, 2, 3])
  })

  test('have documents of other sections in their place in the command', () => {
    const documents = Buffer.concat([Buffer.from('documents\0'), encode({ _id: 1 }), encode({ _id: 2 })])
    const section = Buffer.concat([Buffer.from([1]), Buffer.alloc(4), documents])
    section.writeInt32LE(4 + documents.length, 1)
    const message = parseMessage(buildCommand(7, encode({ insert: 'c', $db: 'd' }), section))
    expect(decode(message.body)).toEqual({ insert: 'c', $db: 'd', documents: [{ _id: 1 }, { _id: 2 }] })
  })

  test('that are too long, too short, damaged or of another protocol end the connection', () => {
    expect(() => messageCutter()(Buffer.from([255, 255, 255, 127, 0]))).toThrow(WireError)
    expect(() => messageCutter()(Buffer.from([4, 0, 0, 0]))).toThrow(WireError)
    for (const [at, word] of [
      [12, 2012],
      [21, ping.length + 1],
    ] as const) {
      const message = buildCommand(1, ping)
      message.writeInt32LE(word, at)
      expect(() => parseMessage(message)).toThrow(WireError)
    }
  })

  test('are answered in the form they came in', () => {
    const body = encode({ ok: 1 })
    const msg = buildReply(9, { id: 4, kind: 'msg' }, body)
    expect([0, 4, 8, 12].map((at) => msg.readInt32LE(at))).toEqual([21 + body.length, 9, 4, 2013])
    expect(decode(msg.subarray(21))).toEqual({ ok: 1 })
    const query = buildReply(9, { id: 4, kind: 'query' }, body)
    expect([query.readInt32LE(12), query.readInt32LE(32)]).toEqual([1, 1])
    expect(decode(query.subarray(36))).toEqual({ ok: 1 })
  })
})

test('a document is taken apart and put together without a change', () => {
  const all = encode({ text: 'a\0b', list: [1, 'x'], bytes: Buffer.from('abc'), long: 2n ** 40n, pattern: /a.c/i })
  const fields = parseFields(all)
  expect(fields.map(({ name }) => name)).toEqual(['text', 'list', 'bytes', 'long', 'pattern'])
  expect(buildDocument(fields.map(({ bytes }) => bytes)).equals(all)).toBe(true)
})

describe('a login', () => {
  // The example of RFC 7677, section 3; its password is "pencil".
  const first = 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO'
  const random = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
  const final =
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='
  const keys = (password: string, rounds?: number) =>
    makeCredentials(password, Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'), rounds)
  const begin = (password: string) => {
    const conversation = beginConversation(first, keys(password, 4096), random)
    if (conversation === undefined) throw new Error('no conversation')
    return conversation
  }

  test('goes as in RFC 7677, and any other password, nonce or proof is refused', () => {
    const right = begin('pencil')
    expect([right.user, right.serverFirst]).toEqual([
      'user',
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    ])
    expect(finishConversation(right, final)).toBe('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
    expect(finishConversation(begin('pencils'), final)).toBeUndefined()
    expect(finishConversation({ ...right, nonce: `${right.nonce}x` }, final)).toBeUndefined()
    for (const text of [final.replace('p=d', 'p=e'), 'c=biws,r=x', ''])
      expect(finishConversation(right, text)).toBeUndefined()
  })

  test('has as many rounds as the driver demands; a name is read with its escapes', () => {
    expect(keys('secret').iterations).toBe(15_000)
    expect([parseUser('n,,n=a=2Cb=3Dc,r=x'), parseUser('y,,n=a')]).toEqual(['a,b=c', undefined])
  })
})

describe('rights', () => {
  const place = { db: 'lucid', collection: 'c' }
  const own = [{ role: 'own', db: 'admin', privileges: [{ resource: place, actions: ['find', 'insert'] }] }]
  const may = (role: string, command: string, request = {}, where = place) =>
    allows(
      findPrivileges({ role, db: role === 'own' ? 'admin' : 'lucid' }, own) ?? [],
      findNeeds(command, request, where),
    )

  test('are those of the role: built in, or of its own', () => {
    const commands = ['find', 'insert', 'update', 'delete', 'createIndexes', 'drop', 'createUser', 'replSetInitiate']
    const allowed = (role: string) => commands.filter((command) => may(role, command))
    expect(['read', 'readWrite', 'root', 'own', 'none'].map(allowed)).toEqual([
      ['find'],
      ['find', 'insert', 'update', 'delete', 'createIndexes', 'drop'],
      commands,
      ['find', 'insert'],
      [],
    ])
    expect(may('readWrite', 'find', {}, { db: 'other', collection: 'c' })).toBe(false)
    expect(may('own', 'find', {}, { db: 'lucid', collection: 'd' })).toBe(false)
  })

  test('to do more by its arguments a command needs more', () => {
    const actions = (command: string, request: object) =>
      findNeeds(command, { ...request }, place).map(({ action }) => action)
    expect(actions('update', { updates: [{}, { upsert: true }] })).toEqual(['update', 'insert'])
    expect(actions('findAndModify', { remove: true })).toEqual(['find', 'remove'])
    expect(actions('findAndModify', { upsert: true })).toEqual(['find', 'update', 'insert'])
  })
})

describe('accounts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lucid-accounts-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'accounts.json')
  const open = () => openAccounts(path, () => Buffer.alloc(28, 7))
  const change = (name: string, request: object) =>
    open().answer({ name, db: 'admin', request: { [name]: 'u', ...request } })

  test('are in a file with no password in it, and are found again', () => {
    change('createRole', { privileges: [{ resource: { db: 'lucid', collection: 'c' }, actions: ['find'] }] })
    change('createUser', { pwd: 'a secret', roles: ['u'] })
    expect(readFileSync(path, 'utf8')).not.toContain('a secret')
    const ask = (name: string, asked: object) => open().answer({ name, db: 'admin', request: { [name]: asked } })
    expect(ask('usersInfo', { user: 'u', db: 'admin' })).toMatchObject({
      users: [{ user: 'u', roles: [{ role: 'u', db: 'admin' }] }],
    })
    expect(ask('rolesInfo', { role: 'u', db: 'admin' })).toMatchObject({ roles: [{ privileges: [{}] }] })
    expect(ask('usersInfo', { user: 'nobody', db: 'admin' })).toEqual({ users: [], ok: 1 })
  })

  test('what is there already and what is not are refused with the codes of MongoDB', () => {
    const refusals = [
      ['createUser', { pwd: 'p', roles: [] }, 51003],
      ['createRole', { privileges: [] }, 51002],
      ['updateUser', { updateUser: 'nobody' }, 11],
      ['updateRole', { updateRole: 'nobody', privileges: [] }, 31],
      ['updateUser', { roles: ['nobody'] }, 31],
    ] as const
    for (const [name, request, code] of refusals)
      expect(() => change(name, request)).toThrow(expect.objectContaining({ code }))
  })
})

describe('an error of the engine', () => {
  const thrown = (code: string, message = 'said') => Object.assign(new Error(message), { code })
  const translate = (error: unknown, inTransaction = false) => {
    const unmapped: string[] = []
    const report = (state: string) => void unmapped.push(state)
    return { ...buildError(translateError(error, { inTransaction, unmapped: report })), unmapped }
  }

  test('has the code of MongoDB; one that nobody has seen yet is reported', () => {
    expect(translate(thrown('M00CO'))).toMatchObject({ code: 121, codeName: 'DocumentValidationFailure' })
    expect(translate(thrown('M9999'))).toMatchObject({ code: 8, unmapped: ['M9999'] })
    expect(translate(new CommandError(13, 'Unauthorized', 'no'))).toMatchObject({ code: 13, unmapped: [] })
  })

  test('that is a write conflict can be begun again in a transaction, and says so there only', () => {
    const race = thrown('M0000', 'Unable to create the specified collection')
    for (const error of [thrown('40001'), thrown('40P01'), thrown('55P03'), race]) {
      expect(translate(error, true)).toMatchObject({ code: 112, errorLabels: ['TransientTransactionError'] })
      expect(translate(error)).not.toHaveProperty('errorLabels')
    }
    expect(translate(thrown('23505'), true)).not.toHaveProperty('errorLabels')
  })

  test('is no answer when the engine is lost', () => {
    const lost = [thrown('57P01'), thrown('08006'), new Error('Connection terminated unexpectedly')]
    expect([...lost, thrown('M0001')].map(isLoss)).toEqual([true, true, true, false])
  })

  test('is packed into thirty bits by the extension', () => {
    const pack = (state: string) =>
      [...state].reduce((sum, letter, at) => sum | ((letter.charCodeAt(0) - 48) << (6 * at)), 0)
    for (const state of ['23505', '40P01', 'M001C']) expect(unpackState(pack(state))).toBe(state)
  })
})
