import { MongoNetworkError } from 'mongodb'

/** What is used here of the driver's own connection; it is not part of the driver's types. */
export type DriverConnection = {
  readonly error: Error | null
  readonly once: (event: 'close', listener: () => void) => void
  readonly off: (event: 'close', listener: () => void) => void
  writeCommand: (this: DriverConnection, command: unknown, options: unknown) => Promise<void>
}

/**
 * Makes a command fail when its connection closes while the command waits to be written. The driver waits for
 * `drain` or `error` then, but in Bun a socket whose peer was killed may refuse a write and close with neither:
 * the command, or the monitor that would find the server again, would wait for ever.
 */
export const failWithConnection = (prototype: Pick<DriverConnection, 'writeCommand'>): void => {
  const write = prototype.writeCommand
  prototype.writeCommand = function (command, options) {
    const { promise: closed, reject } = Promise.withResolvers<never>()
    const onClose = () => reject(this.error ?? new MongoNetworkError('the connection closed during a write'))
    this.once('close', onClose)
    return Promise.race([write.call(this, command, options), closed]).finally(() => this.off('close', onClose))
  }
}

/** A part of the driver that it does not export: its version is pinned, and a test stands over what is used of it. */
export const driverConnection = (): {
  readonly Connection: new (
    stream: unknown,
    options: unknown,
  ) => DriverConnection & {
    readonly command: (namespace: unknown, command: unknown, options: unknown) => Promise<unknown>
  }
} => require('mongodb/lib/cmap/connection.js')

failWithConnection(driverConnection().Connection.prototype)
