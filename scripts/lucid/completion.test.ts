import { describe, expect, test } from 'bun:test'
import { commands } from './commands.ts'
import { person } from './lucid.fixture.ts'

const { lucid, remove } = await person()
const script = (await lucid(['completion', 'bash'])).out
remove()

/** What bash offers for a line; the last word is the one that is completed. */
const complete = (...words: readonly string[]): readonly string[] => {
  const array = words.map((word) => `'${word}'`).join(' ')
  const { stdout, stderr } = Bun.spawnSync([
    'bash',
    '-c',
    `${script}\nCOMP_WORDS=(${array}); COMP_CWORD=${words.length - 1}; _lucid; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ])
  expect(stderr.toString()).toBe('')
  return stdout.toString().trim().split('\n')
}

describe('bash completes', () => {
  test.each([
    [
      ['lucid', 'se'],
      ['session', 'sessions'],
    ],
    [
      ['lucid', 'key', ''],
      ['new', 'show', 'list'],
    ],
    [['lucid', 'session', 'ex'], ['export']],
    [['lucid', 'key', 'new', '--pass'], ['--passphrase-file']],
    [['lucid', 'session', 'end', '0c0f1b6e', '--w'], ['--wait']],
    [['lucid', 'completion', 'f'], ['fish']],
  ])('%j to %j', (words, offered) => {
    expect([...complete(...words)].toSorted()).toEqual(offered.toSorted())
  })
})

test('every command has one line about it, and no two have the same name', () => {
  const names = commands.map(({ command }) => command.name)
  expect(new Set(names).size).toBe(names.length)
  expect(commands.filter(({ command: { about } }) => about.length > 110 || about.includes('\n'))).toEqual([])
})
