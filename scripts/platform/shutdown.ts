import type { Prepared } from './platform.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Stops in order at the first signal, at once at the second; a defect of the supervisor stops the platform too. */
export const waitForShutdown = (platform: Prepared, onStop: () => void = () => {}): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let isStopping = false
  const stop = (): void => {
    if (isStopping) {
      platform.stopNow()
      resolve()
      return
    }
    isStopping = true
    onStop()
    platform.stop().then(resolve, reject)
  }
  for (const name of signals) process.on(name, stop)
  process.on('uncaughtException', (error) => {
    platform.stopNow()
    reject(error)
  })
  promise.catch(() => {}) // whoever waits sees it; before anybody does it must not end the process
  return promise
}
