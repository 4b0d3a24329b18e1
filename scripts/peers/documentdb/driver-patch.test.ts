import { expect, test } from 'bun:test'
import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'

// The driver's own waiting, which has no types: it is no part of what the package promises.
const { once } = createRequire(import.meta.url)('mongodb/lib/utils.js') as {
  readonly once: (emitter: EventEmitter, name: string) => Promise<unknown>
}

test('the driver does not wait for room in a socket that is closed: the patch of it is in place', async () => {
  const socket = new EventEmitter()
  const waiting = once(socket, 'drain')
  socket.emit('close')
  await expect(waiting).rejects.toThrow("closed while waiting for 'drain'")
  expect(socket.eventNames()).toEqual([])
})
