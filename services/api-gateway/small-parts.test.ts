import { describe, expect, test } from 'bun:test'
import { chooseResolvers } from './nameservers.ts'
import { problemBody, problemPages } from './problem-page.ts'
import { readStubStatus } from './stub-status.ts'

describe('nameservers', () => {
  const file = '# made by hand\nsearch example\nnameserver 127.0.0.11\nnameserver ::1\noptions ndots:0\n'

  test('are asked only when a service is known by name', () => {
    expect(chooseResolvers(['http://127.0.0.1:1', 'http://[::1]:2'], file)).toEqual([])
    expect(chooseResolvers(['http://127.0.0.1:1', 'http://blockchain-api:2'], file)).toEqual([
      '127.0.0.11',
      '[::1]',
    ])
  })

  test('that are not there are said', () => {
    expect(() => chooseResolvers(['http://blockchain-api:2'], 'search example\n')).toThrow(
      '/etc/resolv.conf names no nameserver, and http://blockchain-api:2 needs one',
    )
  })
})

describe('stub status', () => {
  test('is read as it is written', () => {
    const text =
      'Active connections: 3 \nserver accepts handled requests\n 11 11 42 \nReading: 0 Writing: 1 Waiting: 2 \n'
    expect(readStubStatus(text)).toEqual({ connections: 3, accepted: 11, requests: 42 })
  })

  test('is nothing else', () => {
    expect(() => readStubStatus('<html>')).toThrow('in another form than expected')
  })
})

test('every problem page is a JSON document that NGINX can quote, and says its own status', () => {
  for (const [status, page] of Object.entries(problemPages)) {
    const body = problemBody(Number(status), page)
    expect(JSON.parse(body)).toMatchObject({ type: 'about:blank', status: Number(status), request_id: '$id' })
    expect(body).not.toContain("'")
    expect(body.replace('$id', '')).not.toContain('$')
  }
})
