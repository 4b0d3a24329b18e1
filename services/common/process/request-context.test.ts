import { expect, test } from 'bun:test'
import { isRequestId, requestContext, withRequestContext } from './request-context.ts'

test('outside of a request there is no context', () => {
  expect(requestContext()).toBeUndefined()
})

test('two requests at once keep their own context through every await and timer', async () => {
  const follow = (requestId: string) =>
    withRequestContext({ requestId, caller: requestId }, async () => {
      const seen: (string | undefined)[] = []
      await Bun.sleep(0)
      seen.push(requestContext()?.requestId)
      await Promise.all([
        Promise.resolve().then(() => seen.push(requestContext()?.caller)),
        new Promise<void>((resolve) =>
          setTimeout(() => {
            seen.push(requestContext()?.requestId)
            resolve()
          }, 0),
        ),
      ])
      return seen
    })
  const [first, second] = await Promise.all([follow('request-a'), follow('request-b')])
  expect(first).toEqual(['request-a', 'request-a', 'request-a'])
  expect(second).toEqual(['request-b', 'request-b', 'request-b'])
  expect(requestContext()).toBeUndefined()
})

test('a request id is 8 to 64 letters, digits, dots, dashes: nothing that could break a log or a header', () => {
  const good = ['12345678', 'a.b-c_d9', crypto.randomUUID(), 'x'.repeat(64)]
  const bad = [null, '', 'short', 'x'.repeat(65), 'has space', 'line\nbreak', '"quoted"', 'snow☃man']
  expect(good.map(isRequestId)).toEqual(good.map(() => true))
  expect(bad.map(isRequestId)).toEqual(bad.map(() => false))
})
