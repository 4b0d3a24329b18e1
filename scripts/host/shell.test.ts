import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { ConnectionLost, shellArgv } from './connection.ts'
import { frameScript } from './frame.ts'
import { commandLine, quote } from './quote.ts'
import { openShell } from './shell.ts'

const shell = openShell({ host: 'local' })
const folder = mkdtempSync(join(tmpdir(), 'lucid-shell-'))
afterAll(async () => {
  await shell.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a shell', () => {
  test('gives both streams and the exit code of each script, in order', async () => {
    const answers = await Promise.all([
      shell.run('echo one; echo two >&2; exit 3'),
      shell.run('printf "no line feed"'),
      shell.run('false'),
    ])
    expect(answers).toEqual([
      { code: 3, out: 'one\n', err: 'two\n' },
      { code: 0, out: 'no line feed', err: '' },
      { code: 1, out: '', err: '' },
    ])
  })

  test('keeps nothing of one script for the next, and no script can read the next', async () => {
    await shell.run('A=1; cd /; exec 7>&1')
    expect((await shell.run('echo "[$A]"; cat')).out).toBe('[]\n')
  })

  test('gives a script its input, to the byte', async () => {
    expect((await shell.run('cat', { input: "it's $HOME\n`x`\n" })).out).toBe("it's $HOME\n`x`\n")
    expect((await shell.run('cat', { input: '' })).out).toBe('')
  })

  test('shows what is printed as it comes, and never its own mark', async () => {
    const seen: string[] = []
    const { out } = await shell.run('for i in 1 2 3; do echo "line $i"; done', { onOut: (text) => seen.push(text) })
    expect(seen.join('')).toBe(out)
    expect(out).toBe('line 1\nline 2\nline 3\n')
  })

  test('that takes too long is a lost connection, and the next script has a new one', async () => {
    await expect(shell.run('sleep 5', { timeoutMs: 100 })).rejects.toThrow('this machine: no answer within 0.1 s')
    expect((await shell.run('echo back')).out).toBe('back\n')
  })

  test('that dies under a script is a lost connection', async () => {
    await expect(shell.run('kill -9 $$')).rejects.toBeInstanceOf(ConnectionLost)
    expect((await shell.run('echo back')).out).toBe('back\n')
  })

  test('takes bytes of any kind on a connection of their own', async () => {
    const path = join(folder, 'bytes')
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 256)
    const answer = await shell.send(`cat > ${quote(path)} && wc -c < ${quote(path)}`, [
      bytes.subarray(0, 7),
      bytes.subarray(7),
    ])
    expect(answer).toMatchObject({ code: 0 })
    expect(answer.out.trim()).toBe('100000')
    expect(new Uint8Array(readFileSync(path))).toEqual(bytes)
  })

  test('whose script takes not all of its bytes has the code of the script', async () => {
    expect(await shell.send('exit 5', [new Uint8Array(10)])).toMatchObject({ code: 5 })
  })
})

test('any word without a NUL byte reaches a program as it is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'binary' }).filter((word) => !word.includes('\0')),
      async (word) => {
        const clean = Buffer.from(word).toString()
        expect((await shell.run(commandLine('printf', '%s', clean))).out).toBe(clean)
      },
    ),
    { numRuns: 50 },
  )
  expect(() => quote('\0')).toThrow(RangeError)
})

test('a host that looks like a flag is refused, and one that is none cannot become one', () => {
  expect(() => openShell({ host: '-oProxyCommand=x' })).toThrow('is no host')
  expect(shellArgv({ host: 'pi@host', sshConfig: '/a b' }, 'sh').slice(0, 3)).toEqual(['ssh', '-F', '/a b'])
  expect(shellArgv({ host: 'pi@host' }, "echo 'x'").slice(-3)).toEqual([
    '--',
    'pi@host',
    "exec sh -c 'echo '\\''x'\\'''",
  ])
  expect(shellArgv({ host: 'pi@host' }, 'sh', 'layers')).toContain('Compression=no')
  expect(shellArgv({ host: 'pi@host' }, 'sh')).toContain('Compression=yes')
})

test('of a script that is cut on its way nothing runs, wherever the cut is', async () => {
  const done = join(folder, 'done')
  const text = frameScript(`cat > ${quote(done)}\necho more >> ${quote(done)}`, 'lucid-mark', 'one\ntwo\n')
  for (let length = 0; length < text.length - 1; length++) {
    const sh = Bun.spawn(['sh'], { stdin: 'pipe', stdout: 'ignore', stderr: 'ignore' })
    sh.stdin.write(text.slice(0, length))
    await sh.stdin.end()
    await sh.exited
    expect([length, existsSync(done)]).toEqual([length, false])
  }
}, 60_000)
