import { expect, test } from 'bun:test'
import { Duplex } from 'node:stream'
import { MongoNetworkError } from 'mongodb'
import { driverConnection } from './mongo-closing.ts'

const { Connection } = driverConnection()

/** A socket that takes no byte: every write waits for a drain that never comes. */
const blocked = () => {
  const socket = new Duplex({ read: () => {}, write: () => {}, writableHighWaterMark: 1 })
  return Object.assign(socket, { setTimeout: () => socket, remoteAddress: '127.0.0.1', remotePort: 1 })
}

const connected = (socket: Duplex) =>
  new Connection(socket, { id: 1, generation: 0, monitorCommands: false, hostAddress: 'localhost:1' })

test('a command that waits to be written fails when its connection closes without an error', async () => {
  const socket = blocked()
  const command = connected(socket).command({ db: 'admin' }, { hello: 1 }, {})
  await Bun.sleep(0) // by now it has been handed to the socket, which refused it
  expect(socket.listenerCount('drain')).toBe(1)
  socket.destroy()
  await expect(command).rejects.toBeInstanceOf(MongoNetworkError)
})
