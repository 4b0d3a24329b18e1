import { expect, test } from 'bun:test'
import { withDatabase } from './mongo-url.ts'

const urls: readonly (readonly [url: string, other: string])[] = [
  ['mongodb://h', 'mongodb://h/d'],
  ['mongodb://h:1/', 'mongodb://h:1/d'],
  ['mongodb://h/lucid?replicaSet=rs0', 'mongodb://h/d?replicaSet=rs0'],
  ['mongodb://h?tls=true', 'mongodb://h/d?tls=true'],
  ['mongodb+srv://u:p%2F@h1,h2:2/lucid', 'mongodb+srv://u:p%2F@h1,h2:2/d'],
]

for (const [url, other] of urls)
  test(`${url} with another database keeps all else`, () => {
    expect(withDatabase(url, 'd')).toBe(other)
  })
