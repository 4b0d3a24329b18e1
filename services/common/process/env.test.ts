import { describe, expect, test } from 'bun:test'
import { type TObject, type TUnsafe, Type } from '@sinclair/typebox'
import { catalog } from '#services/catalog'
import { describeEnv, EnvError, isSecretKey, readEnv, Secret, type Source, secret, serviceEnv, urlKey } from './env.ts'

const key = 'ab'.repeat(32)
const noFiles = () => {
  throw new Error('no such file')
}

const Env = Type.Object({
  NAME: Type.String({ pattern: '^[a-z]+$', description: 'a name' }),
  COUNT: Type.Integer({ default: 3, minimum: 1, maximum: 9, description: 'a count' }),
  MODE: Type.Union([Type.Literal('fast'), Type.Literal('safe')], { default: 'safe', description: 'a mode' }),
  ON: Type.Boolean({ default: false, description: 'a switch' }),
  MAYBE: Type.Optional(Type.String({ description: 'may be absent' })),
  KEY: secret({ description: 'a key' }),
})
const whole = { NAME: 'abc', KEY: key }

const faultsOf = (source: Source, readFile: (path: string) => string = noFiles): readonly string[] => {
  try {
    readEnv(Env, source, readFile)
    return []
  } catch (error) {
    return error instanceof EnvError ? error.faults : [`not an EnvError: ${error}`]
  }
}

describe('readEnv', () => {
  test('converts, fills defaults, hands out secrets, leaves out what is optional and absent', () => {
    const { KEY, ...env } = readEnv(Env, { ...whole, COUNT: '7', ON: 'true', OTHER: 'ignored' }, noFiles)
    expect(env).toEqual({ NAME: 'abc', COUNT: 7, MODE: 'safe', ON: true })
    expect(KEY).toBeInstanceOf(Secret)
    expect(KEY.reveal()).toBe(key)
  })

  test('tells every fault at once, each with its key', () => {
    expect(faultsOf({ COUNT: '10', MODE: 'quick', ON: 'perhaps', KEY: 'short' })).toEqual([
      'NAME is missing: a name',
      'COUNT must be integer from 1 to 9',
      'MODE must be one of fast, safe',
      'ON must be boolean',
      'KEY must be 64 lower-case hex digits',
    ])
  })

  test('never prints a value', () => {
    const values = { NAME: 'HUNTER2', COUNT: '4711', MODE: 'hunter3', KEY: `${key}ff` }
    const error = new EnvError(faultsOf(values))
    const printed = [error.message, error.stack, Bun.inspect(error.faults), JSON.stringify(error)].join()
    expect(error.faults.length).toBe(4)
    for (const value of Object.values(values)) expect(printed).not.toContain(value)
  })

  test('a number must be a number: nothing, half a number and a fraction are faults', () => {
    for (const wrong of ['', ' ', '3x', '0x', '2.5', 'NaN', '1e9'])
      expect([wrong, faultsOf({ ...whole, COUNT: wrong })]).toEqual([wrong, ['COUNT must be integer from 1 to 9']])
  })

  test('NAME_FILE stands in for NAME, without its line end', () => {
    const asked: string[] = []
    const env = readEnv(Env, { NAME: 'abc', KEY_FILE: '/run/key' }, (path) => {
      asked.push(path)
      return `${key}\n`
    })
    expect([env.KEY.reveal(), asked]).toEqual([key, ['/run/key']])
  })

  test('NAME and NAME_FILE together are a fault', () => {
    expect(faultsOf({ ...whole, KEY_FILE: '/run/key' }, () => key)).toEqual(['KEY and KEY_FILE are both set; keep one'])
  })

  test('a file that cannot be read is a fault that names the file', () => {
    expect(faultsOf({ NAME: 'abc', KEY_FILE: '/run/key' })).toEqual([
      'KEY_FILE names a file that cannot be read: /run/key',
    ])
  })
})

describe('a secret', () => {
  const hidden = new Secret(key)

  test('prints as [redacted] however it is printed', () => {
    const printed = [
      `${hidden}`,
      String(hidden),
      hidden.toString(),
      JSON.stringify(hidden),
      JSON.stringify({ deep: [hidden] }),
      Bun.inspect(hidden),
      Bun.inspect({ deep: { er: hidden } }),
      Object.entries(hidden).join(),
      JSON.stringify({ ...hidden }),
      new Error(`with ${hidden}`).message,
    ]
    for (const text of printed) expect(text).not.toContain('abab')
    expect([`${hidden}`, JSON.stringify(hidden), Bun.inspect(hidden)]).toEqual([
      '[redacted]',
      '"[redacted]"',
      '[redacted]',
    ])
  })

  test('is not shown by console.log', () => {
    const script = `import { Secret } from '${import.meta.dir}/env.ts'
      console.log(new Secret('${key}'), { a: [new Secret('${key}')] }); console.error(new Secret('${key}'))`
    const { stdout, stderr } = Bun.spawnSync([process.execPath, '-e', script])
    expect(stdout.toString()).toContain('[redacted]')
    expect(`${stdout}${stderr}`).not.toContain('abab')
  })

  test('reveals itself when asked', () => {
    expect(hidden.reveal()).toBe(key)
  })
})

describe('the environment of a service', () => {
  test('has an address for each of its needs, and only those', () => {
    const keys = Object.keys(serviceEnv('session-recorder', {}).properties)
    expect(keys.filter((name) => name.endsWith('_URL') && name !== 'MONGO_URL')).toEqual(
      catalog['session-recorder'].needs.map(urlKey),
    )
    const env = readEnv(serviceEnv('session-chunker', {}), { IDENTITY_KEY: key }, noFiles)
    expect([env.PORT, env.SESSION_ENCRYPTOR_URL, env.LUCID_ENV]).toEqual([
      8090,
      'http://session-encryptor:8091',
      'production',
    ])
  })

  test('wants addresses with their scheme', () => {
    const read = () =>
      readEnv(
        serviceEnv('session-chunker', {}),
        { IDENTITY_KEY: key, SESSION_ENCRYPTOR_URL: 'session-encryptor:8091' },
        noFiles,
      )
    expect(read).toThrow('SESSION_ENCRYPTOR_URL must be string matching ^https?://')
  })

  test('describes every key, and knows which is secret', () => {
    const { properties } = serviceEnv('session-recorder', { OWN_KEY: secret({ description: 'own' }) })
    for (const [name, property] of Object.entries(properties))
      expect([name, typeof property['description']]).toEqual([name, 'string'])
    const secrets = Object.entries(properties).filter(([, property]) => isSecretKey(property))
    expect(secrets.map(([name]) => name)).toEqual(['IDENTITY_KEY', 'MONGO_PASSWORD', 'OWN_KEY'])
  })

  test('is shown to admins without a secret, given or drawn, and without who logs in at an address', () => {
    const Own = serviceEnv('session-recorder', {
      OWN_KEY: secret({ description: 'own' }),
      OWN_URL: Type.String({ description: 'an address that nobody thought secret' }),
    })
    const source = {
      ...{ IDENTITY_KEY: key, OWN_KEY: key, MONGO_PASSWORD: key, MONGO_USER: 'recorder' },
      ...{ MONGO_URL: 'mongodb://user:hunter2@db/lucid', OWN_URL: 'http://user:hunter2@there/x' },
    }
    const shown = describeEnv(Own, readEnv(Own, source, noFiles))
    expect(JSON.stringify(shown)).not.toMatch(new RegExp(`hunter2|${key}`))
    expect(shown).toContainEqual({ key: 'OWN_KEY', secret: true })
    expect(shown).toContainEqual({ key: 'MONGO_URL', secret: true })
    expect(shown).toContainEqual({ key: 'OWN_URL', value: 'http://[redacted]@there/x' })
    expect(shown).toContainEqual({ key: 'MONGO_USER', value: 'recorder' })
    expect(shown.map((one) => one.key)).not.toContain('MONGO_TLS_CA')
  })

  test('names a database only where documents are kept, and what logs in there is hidden', () => {
    expect(Object.keys(serviceEnv('session-chunker', {}).properties).join()).not.toContain('MONGO')
    const Kept = serviceEnv('session-recorder', {}) as unknown as TObject<{ MONGO_URL: TUnsafe<Secret> }>
    const read = (url: string) => readEnv(Kept, { IDENTITY_KEY: key, MONGO_URL: url }, noFiles)
    const { MONGO_URL } = read('mongodb://user:hunter2@db/lucid')
    expect([MONGO_URL.reveal(), String(MONGO_URL)]).toEqual(['mongodb://user:hunter2@db/lucid', '[redacted]'])
    expect(() => read('postgres://user:hunter2@db')).toThrow(/^environment: MONGO_URL must be string matching/)
  })
})

describe('further ports of the catalogue', () => {
  test('a service has a number for each of its own, and HOST:PORT for those of whom it needs', () => {
    const { properties } = serviceEnv('tor-proxy', {}) as TObject
    expect([properties['SOCKS_PORT']?.['default'], properties['CONTROL_PORT']?.['default']]).toEqual([9050, 9051])
    expect(properties['API_GATEWAY_ONION']?.['default']).toBe('api-gateway:8079')
    const given = (value: string) =>
      readEnv(
        Type.Object({ API_GATEWAY_ONION: properties['API_GATEWAY_ONION'] ?? Type.Never() }),
        { API_GATEWAY_ONION: value },
        noFiles,
      )
    expect(given('127.0.0.1:1')).toEqual({ API_GATEWAY_ONION: '127.0.0.1:1' })
    for (const wrong of ['api-gateway', 'http://api-gateway:1', 'a b:1', ':1'])
      expect(() => given(wrong)).toThrow('API_GATEWAY_ONION must be')
  })
})
