import { expect, test } from 'bun:test'
import { hostsOf, withDatabase } from './mongo-url.ts'

const urls: readonly (readonly [url: string, other: string, hosts: string])[] = [
  ['mongodb://h', 'mongodb://h/d', 'h'],
  ['mongodb://h:1/', 'mongodb://h:1/d', 'h:1'],
  ['mongodb://h/lucid?replicaSet=rs0', 'mongodb://h/d?replicaSet=rs0', 'h'],
  ['mongodb://h?tls=true', 'mongodb://h/d?tls=true', 'h'],
  ['mongodb+srv://u:p%2F@h1,h2:2/lucid', 'mongodb+srv://u:p%2F@h1,h2:2/d', 'h1,h2:2'],
]

for (const [url, other, hosts] of urls)
  test(`${url} with another database keeps all else, and shows its hosts alone`, () => {
    expect(withDatabase(url, 'd')).toBe(other)
    expect(hostsOf(url)).toBe(hosts)
  })
