import type { Exception } from './rule.ts'

const domain = 'the domain is free of frameworks, storage, clock, randomness and environment'

/** Files that are the edge itself, handed to the domain as an argument. */
const edges: readonly Exception[] = [
  ['services/authentication/mail.ts', 'it is the spool folder and the mail server itself'],
  ['services/session-encryptor/chunk-folder.ts', 'it is the folder of chunk files itself'],
  ['services/session-encryptor/erasure-folder.ts', 'it is the folder of erasure marks itself'],
  ['services/blockchain-ledger/own-folder.ts', 'it is the folder of the ledger itself'],
  ['services/api-gateway/nginx.ts', 'it is the process itself: writes its file, starts it, asks it'],
  ['services/api-gateway/check-socket.ts', 'it is the socket itself'],
  ['services/tor-proxy/tor.ts', 'it is the process itself: writes its file, starts it, asks it'],
  ['services/tor-proxy/control.ts', 'it is the connection to the control port itself'],
  ['services/tor-proxy/forward.ts', 'it is the forwarded connection itself'],
  ['services/tor-proxy/onion-folder.ts', 'it is the folder of the key itself'],
  ['services/server-tools/dial.ts', 'it is the connection itself'],
  ['services/server-tools/prepare/disk.ts', 'it is the folder of the host itself'],
  ['services/server-tools/owners/tree.ts', 'it is the tree of a volume itself'],
  ['services/server-tools/marks/volume.ts', 'it is the top of a volume itself'],
].map(([file = '', why = '']) => ({ rule: domain, file, why }))

const terminal = 'text reaches a terminal through the printers alone'

/** Those printers, and programs that nobody reads at a terminal. */
const writers: readonly Exception[] = [
  ['services/common/cli/streams.ts', 'it is the two streams themselves'],
  ['services/common/cli/text.ts', 'it is the printer itself'],
  ['services/common/cli/table.ts', 'it is a printer: every cell is escaped'],
  ['scripts/cli/progress.ts', 'it is a printer: moves the cursor around what is escaped'],
  ['services/common/process/log.ts', 'it is the log itself: a line is escaped whole'],
  ['scripts/images/build/health-check.ts', 'it speaks to the engine, which keeps its words for whoever inspects'],
  ['scripts/doctor/inspect/inside.ts', 'it writes a program, whose JSON is read'],
  ['scripts/acceptance/reachability.ts', 'it writes a program, whose JSON is read'],
  ['scripts/check/bootstrap.ts', 'it starts the same command again, which has its own printers'],
  ['scripts/demo/on-screen.ts', 'it is what is recorded: somebody who types commands'],
  ['scripts/lucid/evidence.ts', 'it starts bun run verify, which has its own printers'],
].map(([file = '', why = '']) => ({ rule: terminal, file, why }))

const typists: readonly Exception[] = [
  ['scripts/demo/on-screen.ts', 'it is the prompt of a shell'],
  ['scripts/lucid/ask.ts', 'it reads what must not be shown'],
].map(([file = '', why = '']) => ({ rule: 'colours and the cursor are the business of the printers', file, why }))

export const exceptions: readonly Exception[] = [...edges, ...writers, ...typists]
