import { describe, expect, test } from 'bun:test'
import { findAddresses } from './addresses.ts'
import { problemBody, problemPages } from './problem-page.ts'
import { readStubStatus } from './stub-status.ts'

describe('addresses', () => {
  const unknown = async () => {
    throw Object.assign(new Error('nobody knows it'), { code: 'ENOTFOUND' })
  }

  test('of a name are those of this moment, in one order', async () => {
    const resolve = async () => ['172.21.0.9', '172.21.0.5']
    expect(await findAddresses('http://api-server:8081', [], resolve)).toEqual(['172.21.0.5:8081', '172.21.0.9:8081'])
  })

  test('are what they were while nobody knows the name, and none when nobody ever did', async () => {
    expect(await findAddresses('http://api-server:8081', ['172.21.0.5:8081'], unknown)).toEqual(['172.21.0.5:8081'])
    expect(await findAddresses('http://api-server:8081', [], unknown)).toEqual([])
  })

  test('that are given are asked of nobody', async () => {
    expect(await findAddresses('http://127.0.0.1', [], unknown)).toEqual(['127.0.0.1:80'])
    expect(await findAddresses('http://[::1]:2', [], unknown)).toEqual(['[::1]:2'])
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
