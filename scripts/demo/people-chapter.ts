import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { entryFile } from '../cli/entry.ts'
import { CliError } from '../cli/fail.ts'
import { askAdminCode } from '../platform/admin-code.ts'
import { type Home, repository } from '../platform/home.ts'
import type { Outcome } from './attempts.ts'
import type { Teller } from './teller.ts'
import { runVerifier } from './verifier.ts'

/** Not allowed (sysexits EX_NOPERM): what `act` ends with when the policy lets nothing through. */
const REFUSED = 77
const ITEM = ['clipboard', '--bytes', '300'] as const

/** Types `bun run lucid WORDS`, on a machine where nobody has signed in yet. */
const typist = ({ folder, signal }: Teller, home: Home) => {
  const env = {
    ...process.env,
    ...{ LUCID_HOME: home.root, LUCID_CONFIG: join(folder, 'people'), LUCID_TOKENS: 'file', NO_COLOR: '1' },
    ...{ LUCID_URL: undefined, LUCID_SOCKS: undefined, LUCID_AS: undefined },
  }
  return async (words: readonly string[], expected = 0): Promise<string> => {
    const child = Bun.spawn([process.execPath, entryFile('lucid'), ...words], {
      ...{ env, signal, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' },
    })
    const [out, err, exit] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
    signal.throwIfAborted()
    if (exit === expected) return out.trim()
    throw new CliError(`lucid ${words.slice(0, 2).join(' ')} ended with ${exit}`, {
      details: err.trim().split('\n').slice(-3),
    })
  }
}

/** Two people sign in, record under a policy, are refused, ask, approve, end and export, all by their command line. */
export const peopleChapter = async (tells: Teller, home: Home): Promise<string> => {
  const { head, say, folder } = tells
  head('people')
  const type = typist(tells, home)
  const words = join(folder, 'passphrase.txt')
  const [policy, bundle] = ['policy.json', 'people.lucid.tar'].map((name) => join(folder, name)) as [string, string]
  const seal = ['--passphrase-file', words] as const
  const second = ['--as', 'second'] as const
  await writeFile(words, `${crypto.randomUUID()}\n`, { mode: 0o600 })

  const [me, other] = await Promise.all([type(['key', 'new', ...seal]), type(['key', 'new', 'second', ...seal])])
  const code = await askAdminCode(home, { recover: false })
  if (code === undefined) throw new CliError('a new platform has an admin already')
  await type(['login', '--code', code.code, ...seal])
  await type(['users', 'add', other, 'user'])
  await type(['login', ...second, ...seal])
  say(`signed in    ${me}, an admin by the one-time code`)
  say(`             ${other}, whom he added`)
  const allow = ['--participant', other, '--approver', other, '--on-request', 'clipboard'] as const
  await type(['policy', 'new', ...allow, '--out', policy, ...seal])
  const input = join(repository, 'README.md')
  const session = await type(['session', 'start', '--policy', policy, '--input', input])
  await type(['session', 'join', session, ...second])
  say(`session      ${session}, under a policy that he signed`)
  say(`clipboard    ${await type(['act', session, ...ITEM], REFUSED)}`)
  const request = await type(['request', session, ...ITEM, '--reason', 'an address to paste'])
  say(`asked        ${await type(['approve', session, request, ...second])}, by the second person`)
  say(`clipboard    ${await type(['act', session, ...ITEM])}`)
  await type(['session', 'end', session])
  await type(['session', 'export', session, '--out', bundle])
  return bundle
}

/** What a stranger finds proven of it. */
export const verifyPeople = async (
  { say, signal }: Teller,
  { bundle, trust }: { readonly bundle: string; readonly trust: string },
): Promise<Outcome> => {
  const { exit, checks } = await runVerifier({ bundle, trust, signal })
  const about = checks.filter(({ check }) => ['policy', 'audit'].includes(check))
  for (const { check, ok, detail } of about) say(`${ok === true ? 'ok  ' : 'NO  '} ${check.padEnd(10)} ${detail}`)
  const isProven = exit === 0 && about.length >= 2 && about.every(({ ok }) => ok === true)
  return {
    tried: 'a session of two people under a policy',
    expected: 'exit 0: policy and audit proven',
    seen: `exit ${exit}: ${isProven ? 'policy and audit proven' : 'something is missing'}`,
    ok: isProven,
  }
}
