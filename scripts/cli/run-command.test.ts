import { describe, expect, test } from 'bun:test'
import { type Command, parseArgs } from '#common/cli/args'
import { Fault } from '#common/process/fault'
import { CliError } from './fail.ts'
import { invoke, type Run } from './run-command.ts'

const pack = {
  name: 'pack',
  about: 'packs a thing',
  positionals: [
    { name: 'THING', about: 'what to pack', required: true },
    { name: 'EXTRA', about: 'more of it', rest: true, choices: ['wool', 'foam'] },
  ],
  flags: {
    out: { type: 'string', value: 'FILE', about: 'where to write' },
    size: { type: 'string', value: 'S', about: 'size of the box', choices: ['small', 'large'], multiple: true },
    json: { type: 'boolean', about: 'print JSON' },
  },
  examples: ['bun run pack cup'],
  exits: { 2: 'it did not fit' },
} as const satisfies Command

const session = async (argv: readonly string[], run: Run<typeof pack> = () => 0) => {
  const written = { out: '', err: '' }
  const code = await invoke(pack, argv, run, {
    out: (text) => {
      written.out += text
    },
    err: (text) => {
      written.err += text
    },
  })
  return { code, ...written }
}

const echo: Run<typeof pack> = ({ flags, positionals, terminal }) => {
  terminal.out(JSON.stringify({ flags, positionals }))
  return 0
}

describe('a command line', () => {
  test('$ pack cup --size small --size=large --json wool', async () => {
    const { code, out } = await session(['cup', '--size', 'small', '--size=large', '--json', 'wool'], echo)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({ flags: { size: ['small', 'large'], json: true }, positionals: ['cup', 'wool'] })
  })

  test('$ pack -   (standard input is an argument, not a flag)', async () => {
    expect(JSON.parse((await session(['-'], echo)).out).positionals).toEqual(['-'])
  })

  test('$ pack -- --odd-name   (after -- nothing is a flag)', async () => {
    expect(JSON.parse((await session(['--', '--odd-name'], echo)).out).positionals).toEqual(['--odd-name'])
  })

  test('$ pack cup --sizes small   (an unknown flag lists the known ones)', async () => {
    expect(await session(['cup', '--sizes', 'small'])).toEqual({
      code: 64,
      out: '',
      err: 'pack: unknown flag --sizes; known flags: --out, --size, --json, --help (bun run pack --help)\n',
    })
  })

  test.each([
    [['cup', '-x'], 'pack: unknown flag -x; known flags: --out, --size, --json, --help (bun run pack --help)\n'],
    [[], 'pack: THING is missing: what to pack (bun run pack --help)\n'],
    [['cup', 'wool', 'sand'], "pack: EXTRA does not take 'sand': use wool, foam (bun run pack --help)\n"],
    [['cup', '--size', 'huge'], "pack: --size does not take 'huge': use small, large (bun run pack --help)\n"],
    [['cup', '--out='], 'pack: --out needs a value: --out FILE (bun run pack --help)\n'],
  ])('$ pack %j is a mistake said in one line', async (argv, err) => {
    expect(await session(argv as string[])).toEqual({ code: 64, out: '', err })
  })

  test('$ pack cup --out   (a flag without its value)', async () => {
    const { code, err } = await session(['cup', '--out'])
    expect(code).toBe(64)
    expect(err).toStartWith("pack: Option '--out")
    expect(err.trimEnd().split('\n')).toHaveLength(1)
  })

  test('$ pack --json=yes   (a boolean takes no value)', async () => {
    expect((await session(['cup', '--json=yes'])).code).toBe(64)
  })

  test('$ pack constructor --toString   (names of the language are no flags)', async () => {
    expect((await session(['cup', '--toString'])).err).toStartWith('pack: unknown flag --toString')
  })

  test('$ pack --help', async () => {
    expect(await session(['--help'])).toEqual({
      code: 0,
      err: '',
      out: `pack: packs a thing

Usage: bun run pack THING [EXTRA...] [--out FILE] [--size S] [--json]

Arguments:
  THING  what to pack
  EXTRA  more of it (one of wool, foam)

Flags:
  --out FILE  where to write
  --size S    size of the box (one of small, large; may be repeated)
  --json      print JSON
  --help      print this and exit

Examples:
  bun run pack cup

Exit codes:
  0   done
  1   it failed; the last line on stderr says why and what to do
  2   it did not fit
  64  the command line is wrong
`,
    })
  })

  test('$ pack -h, with a mistake beside it, still helps', async () => {
    expect((await session(['-h', '--size', 'huge'])).out).toStartWith('pack: packs a thing')
  })
})

describe('a command line that ends in another program', () => {
  const run = {
    name: 'run',
    about: 'runs a program',
    flags: {
      out: { type: 'string', value: 'FILE', about: 'where to write' },
      json: { type: 'boolean', about: 'print JSON' },
    },
    positionals: [{ name: 'PROGRAM', about: 'and its words', rest: true, raw: true }],
  } as const satisfies Command

  test.each([
    [['prog', '-x', '--json', 'a b'], { json: false }, ['prog', '-x', '--json', 'a b']],
    [['--json', '--out', 'f', 'prog', '--out'], { json: true, out: 'f' }, ['prog', '--out']],
    [['--out=f', '--', '--prog'], { json: false, out: 'f' }, ['--prog']],
    [['--json'], { json: true }, []],
    [['--out', '-', 'prog'], { json: false, out: '-' }, ['prog']],
  ])('$ run %j takes its own flags alone', (argv, flags, positionals) => {
    expect(parseArgs(run, argv)).toEqual({ kind: 'run', flags: { ...flags }, positionals } as never)
  })

  test('$ run --nope prog   (an unknown flag before it is a mistake)', () => {
    expect(parseArgs(run, ['--nope', 'prog']).kind).toBe('usage')
  })
})

describe('a failure', () => {
  const failing = (error: unknown) =>
    session(['cup'], () => {
      throw error
    })

  test('says what to do in one line, with its own exit code and details below', async () => {
    const error = new CliError('no box:\n  buy one', { exitCode: 2, details: ['shelf 1 is empty'] })
    expect(await failing(error)).toEqual({ code: 2, out: '', err: 'pack: no box:; buy one\n  shelf 1 is empty\n' })
  })

  test('of a service shows the sentence of its problem document', async () => {
    expect((await failing(new Fault('missing', 'no-cup', 'there is no such cup'))).err).toBe(
      'pack: there is no such cup\n',
    )
  })

  test('that nobody foresaw says how to see where, and shows no stack', async () => {
    expect(await failing(new TypeError('x is not a function'))).toEqual({
      code: 1,
      out: '',
      err: 'pack: TypeError: x is not a function (unexpected; LUCID_TRACE=1 shows where)\n',
    })
  })
})

describe('a command whose --json is one document in every case', () => {
  const invokeWith = async (argv: readonly string[]) => {
    const written: string[] = []
    const code = await invoke(
      pack,
      argv,
      () => {
        throw new Fault('missing', 'no-thing', 'there is no such thing')
      },
      { out: (text) => void written.push(text), err: () => {} },
      { exitOf: () => 66, failureDocument: ({ message, exitCode }) => ({ message, exitCode }) },
    )
    return { code, out: written.join('') }
  }

  test('has one for what it throws and for a wrong command line, and none where none was asked for', async () => {
    const thrown = await invokeWith(['cup', '--json'])
    expect([thrown.code, JSON.parse(thrown.out)]).toEqual([66, { message: 'there is no such thing', exitCode: 66 }])
    const mistyped = await invokeWith(['--json', '--nope'])
    expect([mistyped.code, JSON.parse(mistyped.out).exitCode]).toEqual([64, 64])
    expect(await invokeWith(['cup'])).toEqual({ code: 66, out: '' })
  })
})
