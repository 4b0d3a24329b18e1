import { expect, test } from 'bun:test'
import { hostCall } from './ask.ts'
import type { Shell } from './shell.ts'

const at = { dir: '/mnt/lucid', image: 'lucid:server-tools' }
const callOf = (answer: { readonly code: number; readonly out?: string; readonly err?: string }) => {
  const scripts: string[] = []
  const run: Shell['run'] = async (script) => {
    scripts.push(script)
    return { out: '', err: '', ...answer }
  }
  return { scripts, call: hostCall({ name: 'pi@host', run } as Shell, at, 'authentication') }
}

test('a service of a host is asked there, with the key that stays there', async () => {
  const { scripts, call } = callOf({ code: 0, out: '{"status":200,"body":{"seq":1}}\n' })
  expect(await (await call('/audit/head')).json()).toEqual({ seq: 1 })
  expect(scripts.join()).toEndWith(
    '--network=host --read-only --tmpfs=/tmp:rw,noexec,nosuid,size=16m --cap-drop=ALL --security-opt=no-new-privileges:true --user=65532:65532 --memory=256m --pids-limit=128 --log-driver=none --label=org.lucid.tool=server-tools --mount=type=bind,source=/mnt/lucid/secrets/operator/IDENTITY_KEY,target=/run/secrets/IDENTITY_KEY,readonly lucid:server-tools ask authentication /audit/head',
  )
})

test('what it refuses, and that it is away, are told apart', async () => {
  const refused = { status: 404, body: { code: 'nothing-audited', detail: 'nothing was done here yet' } }
  const rejected = (answer: Parameters<typeof callOf>[0]) => expect(callOf(answer).call('/audit/head')).rejects
  await rejected({ code: 0, out: JSON.stringify(refused) }).toMatchObject({ code: 'nothing-audited' })
  await rejected({ code: 1, err: 'server-tools: away\n' }).toMatchObject({
    ...{ code: 'unreachable', message: 'pi@host: server-tools: away' },
  })
  await rejected({ code: 0, out: '{}' }).toThrow('that is no answer of authentication')
})
