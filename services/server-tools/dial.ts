import { connect } from 'node:net'

/** Opens a TCP connection and closes it; ms that opening took. Rejects with the system's error or ETIMEDOUT. */
export const dial = (address: string, port: number, { timeoutMs }: { readonly timeoutMs: number }): Promise<number> =>
  new Promise((done, failed) => {
    const began = performance.now()
    const socket = connect({ host: address, port })
    const late = setTimeout(() => {
      socket.destroy()
      failed(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }))
    }, timeoutMs)
    const end = (settle: () => void) => {
      clearTimeout(late)
      socket.destroy()
      settle()
    }
    socket.on('connect', () => end(() => done(performance.now() - began)))
    socket.on('error', (error) => end(() => failed(error)))
  })
