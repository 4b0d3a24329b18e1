/** A TCP port that the host listens on; `loopback` when nobody from outside can reach it. */
export type Listening = { readonly port: number; readonly loopback: boolean }

/** 127.0.0.0/8 as the kernel prints it (little endian), ::1, and the IPv4 loopback mapped into IPv6. */
const LOOPBACK = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/

/** Reads /proc/net/tcp and tcp6 (proc(5)): the sockets in state 0A, LISTEN. */
export const readListening = (text: string): readonly Listening[] =>
  text.split('\n').flatMap((line) => {
    const [, local = '', , state = ''] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    return state === '0A' && port !== ''
      ? [{ port: Number.parseInt(port, 16), loopback: LOOPBACK.test(address) }]
      : []
  })
