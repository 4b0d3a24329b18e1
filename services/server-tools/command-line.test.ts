import { describe, expect, test } from 'bun:test'
import { commandLine, commands, HELP } from './command-line.ts'

test('a command and its flag, in any order', () => {
  expect(commandLine(['health'])).toEqual({ kind: 'run', command: 'health', json: false })
  expect(commandLine(['--json', 'net'])).toEqual({ kind: 'run', command: 'net', json: true })
  expect(commandLine(['onions', '--help'])).toEqual({ kind: 'help' })
})

test('a command with flags of its own gets all words after it', () => {
  expect(commandLine(['watch', '--quiet', '--help'])).toEqual({
    kind: 'own',
    command: 'watch',
    words: ['--quiet', '--help'],
  })
})

test('the help names every command', () => {
  for (const name of Object.keys(commands)) expect(HELP).toContain(`  ${name} `)
})

describe('what is not known is refused, with what is', () => {
  const list = 'health, net, onions, version, watch'
  const cases: readonly (readonly [words: readonly string[], message: string])[] = [
    [[], `which command? known commands: ${list}`],
    [['helth'], `no command "helth"; known commands: ${list}`],
    [['constructor'], `no command "constructor"; known commands: ${list}`],
    [['health', '--jsn'], 'no flag --jsn; known flags: --json, --help'],
    [['--json=1', 'net'], 'no flag --json=1; known flags: --json, --help'],
    [['-h'], 'no flag -h; known flags: --json, --help'],
    [['health', 'net'], 'health takes no "net"'],
    [['--json', 'watch'], 'watch stands before its flags'],
  ]
  for (const [words, message] of cases)
    test(words.join(' ') || 'nothing', () => expect(commandLine(words)).toEqual({ kind: 'usage', message }))
})
