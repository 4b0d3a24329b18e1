import { afterAll, expect, test } from 'bun:test'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { verifyTronMessage } from '#common/evidence/tron-message'
import { entryFile } from '../cli/entry.ts'
import { person } from './lucid.fixture.ts'

const { folder, words, env, lucid, remove } = await person()
afterAll(remove)

test('a key is made once, readable by its owner alone, and signs as its address', async () => {
  const made = await lucid(['key', 'new', '--passphrase-file', words])
  expect({ code: made.code, err: made.err }).toEqual({
    code: 0,
    err: `sealed in ${folder}/config/keys/me.key; sign in with it: bun run lucid login\n`,
  })
  const address = made.out.trim()
  expect(statSync(join(folder, 'config/keys/me.key')).mode & 0o777).toBe(0o600)
  expect(await lucid(['key', 'show'])).toEqual({ out: `${address}\n`, err: '', code: 0 })
  expect((await lucid(['key', 'list'])).out.split('\n')[1]).toStartWith(`me    ${address}  `)

  const message = 'two\nlines'
  const signed = await lucid(['sign', '-', '--passphrase-file', words], { stdin: `${message}\n` })
  expect(verifyTronMessage({ address, message, signature: signed.out.trim() })).toBe(true)

  const again = await lucid(['key', 'new', '--passphrase-file', words])
  expect({ code: again.code, out: again.out }).toEqual({ code: 73, out: '' })
  expect(again.err).toContain('exists already: give the new key another name')
  expect((await lucid(['key', 'show'])).out).toBe(`${address}\n`)
}, 120_000)

test('what cannot be done says what to do', async () => {
  expect(await lucid(['key', 'show', 'nobody'])).toEqual({
    out: '',
    err: `lucid key show: there is no key ${folder}/config/keys/nobody.key: bun run lucid key new makes one\n`,
    code: 66,
  })
  expect(await lucid(['key', 'new', '../me', '--passphrase-file', words])).toMatchObject({ code: 64 })
  expect(await lucid(['key', 'new', 'other'])).toEqual({
    out: '',
    err: 'lucid key new: there is no terminal to ask for the passphrase at: give --passphrase-file FILE\n',
    code: 64,
  })
  expect(await lucid(['keys'])).toEqual({
    out: '',
    err: "lucid: there is no command 'keys': bun run lucid lists them\n",
    code: 64,
  })
}, 120_000)

test('a terminal is asked twice and shows nothing of what is typed', async () => {
  let shown = ''
  const typed = ['a fine passphrase', 'a fine passphrase']
  const child = Bun.spawn([process.execPath, entryFile('lucid'), 'key', 'new', 'typed'], {
    env,
    terminal: {
      data: (terminal: { write: (text: string) => void }, piece: Uint8Array) => {
        shown += new TextDecoder().decode(piece)
        const asked = shown.match(/(?:New passphrase|Once more): /g)?.length ?? 0
        if (asked > 2 - typed.length) terminal.write(`${typed.shift()}\r`)
      },
    },
  })
  expect(await child.exited).toBe(0)
  expect(shown).toMatch(/New passphrase: .*Once more: .*T[1-9A-HJ-NP-Za-km-z]{33}/s)
  expect(shown).not.toContain('fine')
}, 120_000)

test.each([
  ['Ctrl-C', (_: number, type: (text: string) => void) => type('\x03'), 130],
  ['a signal', (pid: number) => process.kill(pid, 'SIGTERM'), 143],
])(
  '%s at a question makes no key, and the terminal shows again what is typed',
  async (_, end, code) => {
    const file = join(folder, `pid-${code}`)
    const command = `${process.execPath} ${entryFile('lucid')} key new broken`
    let shown = ''
    let isAsked = false
    const child = Bun.spawn(['bash', '-c', `sh -c 'echo $$ >${file}; exec ${command}'; echo "code $?"; stty -a`], {
      env,
      terminal: {
        data: (terminal: { write: (text: string) => void }, piece: Uint8Array) => {
          shown += new TextDecoder().decode(piece)
          if (isAsked || !shown.includes('New passphrase: ')) return
          isAsked = true
          end(Number(readFileSync(file, 'utf8')), (text) => terminal.write(text))
        },
      },
    })
    await child.exited
    expect(shown).toContain(`code ${code}`)
    expect(shown).toMatch(/ icanon .* echo /s)
    expect((await lucid(['key', 'list'])).out).not.toContain('broken')
  },
  120_000,
)
