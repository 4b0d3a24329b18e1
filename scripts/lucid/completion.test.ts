import { afterAll, describe, expect, test } from 'bun:test'
import { commands } from './commands.ts'
import { person } from './lucid.fixture.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

const { lucid, folder, remove } = await person()
const scripts = {} as Record<Shell, string>
for (const shell of shells) {
  scripts[shell] = `${folder}/lucid.${shell}`
  await Bun.write(scripts[shell], (await lucid(['completion', shell])).out)
}
afterAll(remove)

/** Lines of a shell that print what it offers for a line, a word a line; the last word is the one that is completed. */
const asks: Readonly<Record<Shell, (words: readonly string[]) => readonly string[]>> = {
  bash: (words) => [
    'bash',
    '-c',
    `source ${scripts.bash}; COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}
     _lucid; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  fish: (words) => [
    'fish',
    '--no-config',
    '-c',
    `cd ${folder}; source ${scripts.fish}; complete -C '${words.join(' ')}'`,
  ],
  // What zsh offers is seen by its own completion alone: here `compadd`, which takes it, is ours.
  zsh: (words) => [
    'zsh',
    '-f',
    '-c',
    `compdef() { }; source ${scripts.zsh}; PREFIX='${words.at(-1)}'; words=(${words.map((word) => `'${word}'`).join(' ')})
     CURRENT=${words.length}; compadd() { shift; print -l -- \${(M)@:#$PREFIX*} }; _lucid`,
  ],
}

const complete = (shell: Shell, words: readonly string[]): readonly string[] => {
  const { stdout, stderr } = Bun.spawnSync([...asks[shell](words)])
  expect(stderr.toString()).toBe('')
  return stdout.toString().trim().split('\n')
}

for (const shell of shells) {
  const isHere = Bun.which(shell) !== null
  if (!isHere) console.log(`NOT RUN: no ${shell} on this machine (completion)`)
  describe.skipIf(!isHere)(`${shell} completes`, () => {
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
      expect([...complete(shell, words)].toSorted()).toEqual(offered.toSorted())
    })
  })
}

test.skipIf(Bun.which('zsh') === null)(
  'zsh itself completes a word that is typed',
  async () => {
    let shown = ''
    let typed = false
    const child = Bun.spawn(['zsh', '-f', '-i'], {
      env: { ...process.env, PS1: 'READY> ' },
      cwd: folder,
      terminal: {
        data: (terminal: { write: (text: string) => void }, piece: Uint8Array) => {
          shown += new TextDecoder().decode(piece)
          if (typed || !shown.includes('READY> ')) return
          typed = true
          terminal.write(`source ${scripts.zsh}; lucid() { echo "GOT $@"; exit }\nlucid session ex\t\n`)
        },
      },
    })
    await child.exited
    expect(shown).toContain('GOT session export')
  },
  120_000,
)

test('every command has one line about it, and no two have the same name', () => {
  const names = commands.map(({ command }) => command.name)
  expect(new Set(names).size).toBe(names.length)
  expect(commands.filter(({ command: { about } }) => about.length > 110 || about.includes('\n'))).toEqual([])
})
