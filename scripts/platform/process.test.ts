import { expect, test } from 'bun:test'
import {
  commandLineQuery,
  endsWithWord,
  hasArgument,
  isAlive,
  proportionalMemory,
  signal,
  waitForEnd,
} from './process.ts'

test('a process is alive until it ends, and signalling one that ended is no error', async () => {
  const child = Bun.spawn([process.execPath, '-e', 'setInterval(() => {}, 1000)', 'a-mark-of-ours'])
  expect(isAlive(child.pid)).toBe(true)
  // Between fork and exec a child still has its parent's command line.
  while (!hasArgument(child.pid, 'a-mark-of-ours')) await Bun.sleep(5)
  expect(hasArgument(child.pid, 'a-mark-of-our')).toBe(false)
  signal(child.pid, 'SIGKILL')
  await child.exited
  expect(isAlive(child.pid)).toBe(false)
  signal(child.pid, 'SIGKILL')
})

test.skipIf(process.platform !== 'linux')(
  'a process that ended is not alive, even while its parent has not collected it',
  async () => {
    const program = `console.log(Bun.spawn([process.execPath, '-e', 'setInterval(() => {}, 1000)']).pid)`
    const parent = Bun.spawn([process.execPath, '-e', program], { stdout: 'pipe' })
    const { value } = await parent.stdout.getReader().read()
    const child = Number(new TextDecoder().decode(value))
    try {
      parent.kill('SIGSTOP')
      expect(isAlive(child)).toBe(true)
      signal(child, 'SIGKILL')
      expect(await waitForEnd([child], 2_000)).toEqual([])
    } finally {
      parent.kill('SIGKILL')
      await parent.exited
    }
  },
)

test('systems without /proc are asked by a program of theirs', () => {
  expect(commandLineQuery(7, 'darwin')).toEqual(['ps', '-ww', '-o', 'command=', '-p', '7'])
  expect(commandLineQuery(7, 'win32')).toEqual([
    'powershell',
    '-NoProfile',
    '-Command',
    '(Get-CimInstance Win32_Process -Filter "ProcessId=7").CommandLine',
  ])
})

test('of their answers only the whole last word counts', () => {
  expect(endsWithWord('bun main.ts --lucid-home=/tmp/a\n', '--lucid-home=/tmp/a')).toBe(true)
  expect(endsWithWord('"bun.exe" main.ts "--lucid-home=C:\\my home"\r\n', '--lucid-home=C:\\my home')).toBe(true)
  expect(endsWithWord('bun main.ts --lucid-home=/tmp/ab', '--lucid-home=/tmp/a')).toBe(false)
})

test.skipIf(process.platform !== 'linux')('memory is the proportional set size', () => {
  expect(proportionalMemory(process.pid)).toBeGreaterThan(1024 * 1024)
  expect(proportionalMemory(2 ** 22 + 1)).toBeUndefined()
})
