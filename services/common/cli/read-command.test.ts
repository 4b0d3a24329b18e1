import { expect, test } from 'bun:test'
import type { Command } from './args.ts'
import { readCommand } from './read-command.ts'

const pour = {
  name: 'pour',
  program: 'sh pour.sh | pour',
  about: 'pours tea',
  flags: { cup: { type: 'string', value: 'C', about: 'which cup', multiple: true, choices: ['big', 'small'] } },
  exits: { 0: 'poured', 2: 'spilled' },
  notes: 'Environment:\n  POT  where the tea is\n',
} as const satisfies Command

const read = (...argv: readonly string[]) => {
  const written = { out: '', err: '' }
  const outcome = readCommand(pour, argv, {
    out: (text) => {
      written.out += text
    },
    err: (text) => {
      written.err += text
    },
  })
  return { outcome, ...written }
}

test('a command line that is right is run, and nothing printed', () => {
  expect(read('--cup', 'big', '--cup=small')).toEqual({
    outcome: { kind: 'run', flags: { cup: ['big', 'small'] }, positionals: [] },
    out: '',
    err: '',
  })
})

test('a mistake is one line that says how to get help from this program', () => {
  expect(read('--cups')).toEqual({
    outcome: { kind: 'exit', code: 64, mistake: 'unknown flag --cups; known flags: --cup, --help' },
    out: '',
    err: 'pour: unknown flag --cups; known flags: --cup, --help (sh pour.sh | pour --help)\n',
  })
})

test('the help says how it is started, what its exit codes mean, and ends with the notes', () => {
  expect(read('--help')).toEqual({
    outcome: { kind: 'exit', code: 0 },
    out: `pour: pours tea

Usage: sh pour.sh | pour [--cup C]

Flags:
  --cup C  which cup (one of big, small; may be repeated)
  --help   print this and exit

Exit codes:
  0   poured
  1   it failed; the last line on stderr says why and what to do
  2   spilled
  64  the command line is wrong

Environment:
  POT  where the tea is
`,
    err: '',
  })
})

test('a value that is empty or negative is said to be so', () => {
  expect(read('--cup', '').outcome).toMatchObject({ mistake: '--cup needs a value: --cup C' })
  expect(read('--cup', '--help').outcome).toMatchObject({ mistake: 'the value of --cup is empty, or a flag' })
  expect(read('--cup', '-5').outcome).toMatchObject({
    mistake: '-5 is no flag, and no value: a number is a plain decimal, without a sign',
  })
})
