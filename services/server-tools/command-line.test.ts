import { describe, expect, test } from 'bun:test'
import { commandLine, commands, HELP } from './command-line.ts'

test('a command and its flag, in any order', () => {
  expect(commandLine(['health'])).toMatchObject({ kind: 'run', command: 'health', json: false })
  expect(commandLine(['--json', 'net'])).toMatchObject({ kind: 'run', command: 'net', json: true })
  expect(commandLine(['onions', '--help'])).toEqual({ kind: 'help' })
})

test('what changes a host changes nothing when it is only asked to look', () => {
  expect(commandLine(['prepare'])).toMatchObject({ command: 'prepare', mode: 'change' })
  expect(commandLine(['prepare', '--check'])).toMatchObject({ command: 'prepare', mode: 'look' })
})

test('a command with flags of its own gets all words after it', () => {
  expect(commandLine(['watch', '--quiet', '--help'])).toEqual({
    kind: 'own',
    command: 'watch',
    words: ['--quiet', '--help'],
  })
})

test('the help names every command', () => {
  for (const name of Object.keys(commands)) expect(HELP.raw).toContain(`  ${name} `)
})

describe('what is not known is refused, with what is', () => {
  const list = Object.keys(commands).join(', ')
  const cases: readonly (readonly [words: readonly string[], message: string])[] = [
    [[], `COMMAND is missing: one of ${list}`],
    [['helth'], `no command "helth"; known commands: ${list}`],
    [['constructor'], `no command "constructor"; known commands: ${list}`],
    [['health', '--jsn'], 'unknown flag --jsn; known flags: --json, --check, --help'],
    [['--json=1', 'net'], "Option '--json' does not take an argument"],
    [['-x'], 'unknown flag -x; known flags: --json, --check, --help'],
    [['health', '--check'], 'health takes no --check'],
    [['health', 'net'], "'net' is one argument too many"],
    [['--json', 'watch'], 'watch stands before its flags'],
  ]
  for (const [words, message] of cases)
    test(words.join(' ') || 'nothing', () => expect(commandLine(words)).toEqual({ kind: 'usage', message }))
})
