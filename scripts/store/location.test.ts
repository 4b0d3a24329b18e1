import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseLocation } from './location.ts'

const shownOf = (text: string) => {
  const parsed = parseLocation(text)
  return 'location' in parsed ? parsed.location.shown : undefined
}
const mistakeOf = (text: string) => {
  const parsed = parseLocation(text)
  return 'mistake' in parsed ? parsed.mistake : undefined
}

test('a location is shown without its credentials and options', () => {
  const table: Readonly<Record<string, string>> = {
    'sqlite:.lucid': 'sqlite:.lucid',
    'sqlite:/srv/with space@home': 'sqlite:/srv/with space@home',
    'sqlite:C:\\lucid': 'sqlite:C:\\lucid',
    'mongodb://db': 'mongodb://db',
    'mongodb://127.0.0.1:27017/lucid': 'mongodb://127.0.0.1:27017/lucid',
    'mongodb://[::1]:27017/': 'mongodb://[::1]:27017',
    'mongodb://u:p@a:1,b:2,c.example:3/lucid?replicaSet=rs0': 'mongodb://a:1,b:2,c.example:3/lucid',
    'mongodb://us%40er:p%2Fw%3F@db/lucid?authSource=admin': 'mongodb://db/lucid',
    'mongodb://lucid_mongo:27017/lucid?tlsCertificateKeyFilePassword=hunter2': 'mongodb://lucid_mongo:27017/lucid',
    'mongodb://db?tls=true': 'mongodb://db',
    'mongodb+srv://u:p@cluster0.example.net/lucid': 'mongodb+srv://cluster0.example.net/lucid',
  }
  expect(Object.fromEntries(Object.keys(table).map((text) => [text, shownOf(text)]))).toEqual(table)
})

test('the whole URL is kept as a secret', () => {
  const url = 'mongodb://u:hunter2@db/lucid?authSource=admin'
  const parsed = parseLocation(url)
  if (!('location' in parsed) || parsed.location.kind !== 'mongodb') throw new Error('not parsed')
  expect(parsed.location.url.reveal()).toBe(url)
  expect(JSON.stringify(parsed)).not.toContain('hunter2')
  expect(Bun.inspect(parsed)).not.toContain('hunter2')
})

test('anything else is a mistake that says what to write and repeats nothing', () => {
  const table: Readonly<Record<string, string>> = {
    '': 'a location is sqlite:PATH',
    '.lucid': 'a location is',
    'postgres://u:hunter2@db/x': 'a location is',
    'mongodb:db:hunter2': 'a location is',
    'MONGODB://u:hunter2@db': 'a location is',
    'sqlite:': 'needs a path',
    'sqlite://host/path': 'no host',
    'sqlite::memory:': 'in memory',
    'sqlite:a\0b': 'needs a path',
    'mongodb://': 'no MongoDB URL',
    'mongodb://u:hunter2': 'no MongoDB URL',
    'mongodb://u:hunter2@': 'no MongoDB URL',
    'mongodb://u:hunter2@db:port/x': 'no MongoDB URL',
    'mongodb://u:hunter2@db/a/b': 'no MongoDB URL',
    'mongodb://u:hunter2@db/x#y': 'no MongoDB URL',
    'mongodb://u:hunter2@x@db/x': 'percent-encoded',
    'mongodb://u:hun/ter2@db/x': 'percent-encoded',
    'mongodb://u:hunter2?x@db/x': 'percent-encoded',
    'mongodb://u:hunter2%@db/x': 'percent-encoded',
    'mongodb://@db/x': 'percent-encoded',
  }
  for (const [text, part] of Object.entries(table)) {
    expect([text, mistakeOf(text)]).toEqual([text, expect.stringContaining(part)])
    expect(mistakeOf(text)).not.toContain('hunter')
  }
})

test('no password, however it is spelt, is in what is shown or in a mistake', () => {
  const password = fc.string({ minLength: 1, maxLength: 12 }).map((text) => `hunter2${text}hunter2`)
  fc.assert(
    fc.property(password, fc.boolean(), (password, encoded) => {
      const spelt = encoded ? encodeURIComponent(password) : password
      const parsed = parseLocation(`mongodb://user:${spelt}@db.example/lucid?authSource=admin`)
      if (encoded && 'mistake' in parsed) throw new Error(parsed.mistake)
      expect(JSON.stringify(parsed)).not.toContain('hunter2')
    }),
  )
})
