import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spoolMailer } from './mail.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-mail-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const START = 1_800_000_000_000
const spooled = (name: string) => {
  let ids = 0
  const spool = join(folder, name)
  const mailer = spoolMailer({ folder: spool, from: 'lucid@example.org', now: () => START, newId: () => `id${ids++}` })
  return { spool, mailer }
}

test('a message is one file that only its owner can read', async () => {
  const { spool, mailer } = spooled('one')
  await mailer({ to: 'ops@example.org', subject: 'Sign in', text: 'a\nlink\n' })
  expect(readdirSync(spool)).toEqual([`${START}-id0.eml`])
  const path = join(spool, `${START}-id0.eml`)
  expect([statSync(spool).mode & 0o777, statSync(path).mode & 0o777]).toEqual([0o700, 0o600])
  const text = readFileSync(path, 'utf8')
  expect(text).toMatch(/^From: Lucid <lucid@example\.org>\r$/m)
  expect(text).toMatch(/^To: ops@example\.org\r$/m)
  expect(text).toEndWith('\r\n\r\na\r\nlink\r\n')
})

test('no line of a header comes from an address or a subject', async () => {
  const { spool, mailer } = spooled('injection')
  const evil = 'ops@example.org\r\nBcc: thief@example.org\r\n\r\nbody'
  await mailer({ to: evil, subject: `hello\r\nBcc: thief@example.org`, text: '.\r\nQUIT\r\n' }).catch(() => undefined)
  for (const name of readdirSync(spool)) {
    const [head] = readFileSync(join(spool, name), 'utf8').split('\r\n\r\n')
    expect(head).not.toMatch(/^Bcc:/m)
  }
})

test('what is a day old is removed with the next message', async () => {
  const { spool, mailer } = spooled('old')
  const mail = { to: 'ops@example.org', subject: 'Sign in', text: 'x' }
  await mailer(mail)
  const old = (START - 24 * 3600_000 - 1000) / 1000
  utimesSync(join(spool, `${START}-id0.eml`), old, old)
  await mailer(mail)
  expect(readdirSync(spool)).toEqual([`${START}-id1.eml`])
})
